"""A report as Markdown, its pictures in a folder beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import singledispatchmethod
from pathlib import Path

from tlcore.report.document.blocks import (
    Beside,
    Block,
    Checklist,
    Code,
    Document,
    Facts,
    Figure,
    Gallery,
    Items,
    Paragraph,
    Picture,
    Question,
    Table,
    shown,
)

_MARKS = re.compile(r"([\\`*_{}\[\]<>|~$&!])")
_AT_THE_START = re.compile(r"^([-+=#]|\d+(?=[.)]))")
_LINKS = re.compile(r"[:@#](?=\S)|\bwww(?=\.)", re.IGNORECASE)
_JOINER = "\u2060"
_STYLE = (Path(__file__).parent / "charts.css").read_text()
_WIDTH = 560


@dataclass
class Markdown:
    """The text of a report, and the files that it shows.

    Attributes:
        folder: Where the text looks for the files.
        files: Name to content.
    """

    folder: str
    files: dict[str, bytes] = field(default_factory=dict)

    def text_of(self, document: Document) -> str:
        """All of it."""
        lines = [f"# {literal(document.title)}", literal(document.subtitle)]
        for section in document.sections:
            lines.append(f"## {literal(section.title)}")
            for block in section.blocks:
                lines += self._lines(block)
        return "\n\n".join(lines) + "\n"

    @singledispatchmethod
    def _lines(self, block: Block) -> Iterator[str]:
        raise TypeError(f"a report has no {type(block).__name__}")

    @_lines.register
    def _(self, block: Paragraph) -> Iterator[str]:
        yield literal(block.text) if block.tone == "plain" else f"> {literal(block.text)}"

    @_lines.register
    def _(self, block: Facts) -> Iterator[str]:
        yield "\n".join(f"- {literal(term)}: {literal(text)}" for term, text in block.pairs)

    @_lines.register
    def _(self, block: Items) -> Iterator[str]:
        yield "\n".join(f"- {literal(text)}" for text in block.texts)

    @_lines.register
    def _(self, block: Table) -> Iterator[str]:
        if block.caption:
            yield literal(block.caption)
        rows = [block.head, ("---",) * len(block.head), *block.rows]
        written = (
            row if i == 1 else tuple(literal(cell) for cell in row) for i, row in enumerate(rows)
        )
        yield "\n".join(f"| {' | '.join(row)} |" for row in written)

    @_lines.register
    def _(self, block: Figure) -> Iterator[str]:
        style = f'style="background:#fff" width="{_WIDTH}"><style>{_STYLE}</style>'
        svg = re.sub(r">", f" {style}", block.svg, count=1)
        yield self._picture(svg.encode(), "svg", block.caption)
        yield literal(block.caption)

    @_lines.register
    def _(self, block: Gallery) -> Iterator[str]:
        yield literal(block.caption)
        yield "\n".join(self._tile(picture) for picture in block.pictures)

    @_lines.register
    def _(self, block: Code) -> Iterator[str]:
        fence = "`" * (2 + max((len(run) for run in re.findall("`+", block.text)), default=0) + 1)
        yield f"{fence}{block.language}\n{shown(block.text).rstrip()}\n{fence}"

    @_lines.register
    def _(self, block: Checklist) -> Iterator[str]:
        yield "\n".join(line for question in block.questions for line in _question(question))

    @_lines.register
    def _(self, block: Beside) -> Iterator[str]:
        for column in block.columns:
            if len(block.columns) > 1:
                yield f"### {column.number}. {literal(column.title)}"
            for each in column.blocks:
                yield from self._lines(each)

    def _tile(self, picture: Picture) -> str:
        words = literal("; ".join(picture.lines))
        if not picture.jpeg:
            return f"- {words}"
        return f"- {self._picture(picture.jpeg, 'jpg', picture.lines[0])} {words}"

    def _picture(self, content: bytes, kind: str, words: str) -> str:
        name = f"{len(self.files) + 1}.{kind}"
        self.files[name] = content
        return f"![{literal(words)}]({self.folder}/{name})"


def _question(question: Question) -> Iterator[str]:
    yield f"- [{'x' if question.settled else ' '}] {literal(question.text)}"
    for answer in question.answers:
        yield f"    - {literal(answer)}"


def literal(text: str) -> str:
    r"""Text that is shown as it is: marks are escaped. Addresses, names and emoji (`www.`, `@`,
    `:smile:`) are found after the escapes are gone, so a word joiner, which has no width, breaks
    them up.

    >>> literal("<b>*cat*|dog</b>"), literal("- 1, 2")
    ('\\<b\\>\\*cat\\*\\|dog\\</b\\>', '\\- 1, 2')
    """
    line = _MARKS.sub(r"\\\1", " ".join(shown(text).split()))
    line = _AT_THE_START.sub(_escaped_start, line)
    return _LINKS.sub(lambda found: found[0] + _JOINER, line)


def _escaped_start(found: re.Match[str]) -> str:
    """What would begin a list or a heading: `-`, or the dot after a number."""
    return f"{found[0]}\\" if found[0].isdecimal() else f"\\{found[0]}"
