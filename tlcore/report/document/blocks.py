"""What a report is made of, before it is HTML or Markdown: plain text, tables, pictures.

Text in blocks is text: whoever writes it out escapes it, so no name can become markup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

_PERCENT = re.compile(r"(?<=\d) %")
_JOINERS = "\u200c\u200d"
"""They hold emoji and some scripts together, and count as unprintable."""
_EMPTY = frozenset({"br", "hr", "img", "meta"})


class Markup(str):
    """Text that is markup already. Any other text is escaped where it enters an element."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: object) -> Markup:
    """An element. `class_` stands for `class`, an underscore for a hyphen, None for no attribute.

    >>> element("p", "1 < 2", element("b", "!"), class_="sum", data_n=3)
    '<p class="sum" data-n="3">1 &lt; 2<b>!</b></p>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(*children)}</{name}>")


def join(*parts: str) -> Markup:
    """Parts one after another."""
    return Markup("".join(part if isinstance(part, Markup) else _text(part) for part in parts))


def shown(text: str) -> str:
    """Text without characters that can't be seen or that turn the direction of others.

    >>> shown("cat\\x00\\u202egod")
    'cat\ufffd\ufffdgod'
    """
    return "".join(c if c.isprintable() or c in "\n\t" + _JOINERS else "\ufffd" for c in text)


def shorten(text: str, most: int) -> str:
    """The beginning of a text that is too long for its place.

    >>> shorten("umbrella", 6), shorten("mug", 6)
    ('umbre…', 'mug')
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(text: str) -> str:
    """Numbers stay together with their percent signs."""
    return _PERCENT.sub("\u00a0%", escape(shown(text)))


def _number(value: object) -> str:
    """Two decimals are enough for any place in a drawing."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


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
        svg: From `tlcore.report.document.charts`, where all text in it has been escaped.
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
