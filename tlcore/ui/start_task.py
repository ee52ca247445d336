"""The task of the first page, to be seen: one picture of each shape that is to be learned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape

import streamlit as st

from tlcore.recipe import Shapes
from tlcore.ui.small_pictures import address_for, encoded

_STYLE = """<style>
.strip { display: flex; flex-wrap: wrap; gap: 8px 10px; margin: 0; padding: 0; }
.strip figure { margin: 0; text-align: center; width: 76px; }
.strip img { border-radius: 6px; display: block; height: 64px; image-rendering: pixelated;
             margin: 0 auto; width: 64px; }
.strip figcaption { font-size: 13px; line-height: 1.35; overflow-wrap: anywhere; }
</style>"""


@dataclass(frozen=True)
class Figure:
    """A picture with a few words.

    Attributes:
        source: Where the browser finds it.
        alt: What is to be seen.
        lines: What stands below it.
    """

    source: str
    alt: str
    lines: tuple[str, ...]


def show_strip(figures: Iterable[Figure]) -> None:
    """Pictures side by side, as many in a row as fit."""
    st.html(_STYLE + f'<div class="strip">{"".join(map(_as_html, figures))}</div>')


def show_task() -> None:
    """The shapes by their names."""
    show_strip(
        Figure(address_for(content, kind), f"a drawn {name}", (name,))
        for name, content, kind in _one_of_each()
    )


@cache
def _one_of_each() -> tuple[tuple[str, bytes, str], ...]:
    """The first training picture of every class, as files."""
    from tlcore.data.drawn.world import class_names, draw

    world = Shapes(per_class=2, test_per_class=2)
    pictures = draw(world, "train")
    first = {int(label): row for row, label in reversed(list(enumerate(pictures.labels)))}
    return tuple(
        (name, *encoded(pictures.pixels[first[label]]))
        for label, name in enumerate(class_names(world))
    )


def _as_html(figure: Figure) -> str:
    words = "<br>".join(map(escape, figure.lines))
    source, alt = escape(figure.source), escape(figure.alt)
    return f'<figure><img src="{source}" alt="{alt}"><figcaption>{words}</figcaption></figure>'
