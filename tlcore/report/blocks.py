"""What a report is made of, before it is HTML or Markdown: plain text, tables, pictures.

Text in blocks is text: whoever writes it out escapes it, so no name can become markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Paragraph:
    """A few sentences. A `finding` is what to take away, a `caution` what to mind."""

    text: str
    tone: Literal["plain", "finding", "caution"] = "plain"


@dataclass(frozen=True)
class Facts:
    """Terms and what there is to say of each."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Items:
    """A list."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a head; the first cell of a row names it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing.

    Attributes:
        svg: From `tlcore.report.charts`, where all text in it has been escaped.
        caption: What it shows; also what is read to whoever can't see it.
    """

    svg: str
    caption: str


@dataclass(frozen=True)
class Picture:
    """A small photo with a few lines beneath; no photo where none was kept."""

    jpeg: bytes
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Gallery:
    """Pictures in rows; `pairs` are twice as wide as high."""

    pictures: tuple[Picture, ...]
    caption: str
    pairs: bool = False


@dataclass(frozen=True)
class Code:
    """Text that is shown letter by letter."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Question:
    """A question, and what was said to it; whoever has said nothing yet gets room for it.

    Attributes:
        text: The question.
        answers: In anybody's words.
        settled: Whether whoever answered is done with it.
    """

    text: str
    answers: tuple[str, ...] = ()
    settled: bool = False


@dataclass(frozen=True)
class Checklist:
    """Questions with answers, or with room for them."""

    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Column:
    """What belongs to one run."""

    number: int
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Beside:
    """One column a run, side by side where there is room. A single one needs no title, and is
    set in two columns itself."""

    columns: tuple[Column, ...]


Block: TypeAlias = Paragraph | Facts | Items | Table | Figure | Gallery | Code | Checklist | Beside


@dataclass(frozen=True)
class Section:
    """A part of the report under its own heading."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
