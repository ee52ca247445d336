"""A report as one HTML file: no scripts, nothing fetched, fit to be printed and mailed."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import singledispatch
from pathlib import Path

from tlcore.formatting import run_colour
from tlcore.report.document.blocks import (
    Beside,
    Block,
    Checklist,
    Code,
    Column,
    Document,
    Facts,
    Figure,
    Gallery,
    Items,
    Markup,
    Paragraph,
    Picture,
    Question,
    Section,
    Table,
    element,
    join,
)

_FOLDER = Path(__file__).parent
_NUMBER = re.compile(r"[+−–-]?\d|[–-]$")
_ALLOWED = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Should a name ever become markup after all, the browser still fetches and runs nothing."""


def as_html(document: Document) -> str:
    """The whole page."""
    sections = [(f"part-{number}", each) for number, each in enumerate(document.sections, 1)]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_ALLOWED),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", document.title),
        element("style", _style()),
    )
    body = element(
        "body",
        element(
            "header", element("h1", document.title), element("p", document.subtitle, class_="lead")
        ),
        element("nav", _contents(sections), aria_label="Contents"),
        element("main", *(_section(name, each) for name, each in sections)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _style() -> Markup:
    return Markup("".join((_FOLDER / name).read_text() for name in ("page.css", "charts.css")))


def _contents(sections: list[tuple[str, Section]]) -> Markup:
    links = (element("a", each.title, href=f"#{name}") for name, each in sections)
    return element("ol", *(element("li", link) for link in links))


def _section(name: str, section: Section) -> Markup:
    return element("section", element("h2", section.title), *map(_block, section.blocks), id=name)


@singledispatch
def _block(block: Block) -> Markup:
    raise TypeError(f"a report has no {type(block).__name__}")


@_block.register
def _(block: Paragraph) -> Markup:
    return element("p", block.text, class_=None if block.tone == "plain" else block.tone)


@_block.register
def _(block: Facts) -> Markup:
    pairs = (join(element("dt", term), element("dd", text)) for term, text in block.pairs)
    return element("dl", *pairs)


@_block.register
def _(block: Items) -> Markup:
    return element("ul", *(element("li", text) for text in block.texts))


@_block.register
def _(block: Table) -> Markup:
    columns = range(1, len(block.head))
    sides = [None, *(_side([row[place] for row in block.rows]) for place in columns)]
    head = (element("th", t, scope="col", class_=s) for t, s in zip(block.head, sides, strict=True))
    rows = (
        element("tr", *(_cell(i, cell, sides[i]) for i, cell in enumerate(row)))
        for row in block.rows
    )
    caption = (element("caption", block.caption),) if block.caption else ()
    table = element(
        "table", *caption, element("thead", element("tr", *head)), element("tbody", *rows)
    )
    return element("div", table, class_="wide", tabindex="0")


@_block.register
def _(block: Figure) -> Markup:
    return element("figure", Markup(block.svg), element("figcaption", block.caption))


@_block.register
def _(block: Gallery) -> Markup:
    kind = "gallery pairs" if block.pairs else "gallery"
    tiles = element("div", *map(_tile, block.pictures), class_=kind)
    return element("figure", tiles, element("figcaption", block.caption), class_="photos")


@_block.register
def _(block: Code) -> Markup:
    return element("pre", element("code", block.text), tabindex="0")


@_block.register
def _(block: Checklist) -> Markup:
    return element("ol", *map(_question, block.questions), class_="checklist")


@_block.register
def _(block: Beside) -> Markup:
    if len(block.columns) == 1:
        return element("div", *map(_block, block.columns[0].blocks), class_="alone")
    return element("div", *map(_column, block.columns), class_="beside")


def _column(column: Column) -> Markup:
    colour = f"--run:{run_colour(column.number - 1)}"
    title = element("h3", element("span", str(column.number), class_="run"), " ", column.title)
    body = element("div", *map(_block, column.blocks))
    return element("div", title, body, class_="column", style=colour)


def _question(question: Question) -> Markup:
    room = (element("span", class_="answer"),)
    said = tuple(element("p", text, class_="said") for text in question.answers)
    mark = (element("span", " (settled)", class_="settled"),) if question.settled else ()
    return element("li", question.text, *mark, *(said or room))


def _tile(picture: Picture) -> Markup:
    lines = (element("span", text) for text in picture.lines)
    return element("div", _photo(picture), *lines, class_="tile")


def _photo(picture: Picture) -> Markup:
    if not picture.jpeg:
        return Markup("")
    source = f"data:image/jpeg;base64,{b64encode(picture.jpeg).decode()}"
    return element("img", src=source, alt=", ".join(picture.lines))


def _cell(place: int, text: str, side: str | None) -> Markup:
    if place == 0:
        return element("th", text, scope="row")
    return element("td", text, class_=side)


def _side(column: list[str]) -> str | None:
    """Numbers stand at the right."""
    return "number" if column and all(_NUMBER.match(cell) for cell in column if cell) else None
