"""A confusion matrix as coloured cells, for light pages and dark ones.

Right calls are blue and mistakes orange, as the frames of pictures are everywhere, and each of the
two has a scale of its own: otherwise thirty mistakes beside nine hundred right calls show nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

Chosen: TypeAlias = tuple[int, int]
"""Places of the true class and of the one it was taken for."""

_CELL = "cell"
_LABEL = 110  # pixels for a class's name
_SQUARE = 900
_FRAME = "#8a8a8a"


def chosen_cell(count: int) -> Chosen | None:
    """The cell that the address names, if there is one in a matrix of so many classes."""
    actual, _, called = st.query_params.get(_CELL, "").partition("-")
    if not (actual.isdecimal() and called.isdecimal()):
        return None
    chosen = int(actual), int(called)
    return chosen if max(chosen) < count else None


def forget_cell() -> None:
    """No cell is chosen any more."""
    if _CELL in st.query_params:
        del st.query_params[_CELL]


def show_matrix(
    cells: Sequence[Cell], classes: tuple[str, ...], *, order: Sequence[str], key: str
) -> None:
    """A square of cells, each a click away from its pictures.

    Args:
        cells: What is drawn.
        classes: All classes, in the order that the address counts them in.
        order: The same in the order in which they stand.
        key: Of the chart on the page.
    """
    table = pd.DataFrame([asdict(cell) for cell in cells])
    st.altair_chart(
        _chart(table, order, len(classes) <= FEW),
        key=key,
        on_select=_after(key, lambda state: _clicked(state, classes)),
        alt="Confusion matrix: the true class to the left, the predicted one on top. "
        "The same numbers can be had as a table.",
    )


def show_table(
    confusion: NDArray[np.int64], classes: tuple[str, ...], shown: Shown, *, key: str
) -> None:
    """The same as a table, through which arrow keys lead from cell to cell."""
    totals = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    values = confusion if shown == "counts" else (100 * confusion / totals).round(1)
    table = pd.DataFrame(values, index=pd.Index(classes, name="true ↓  predicted →"))
    table.columns = pd.Index(classes)
    st.dataframe(
        table,
        key=key,
        height=min(38 + 35 * len(classes), 600),
        on_select=_after(key, lambda state: _selected(state, classes)),
        selection_mode="single-cell",
        alt="Confusion matrix: a row for each true class, a column for each predicted one",
    )


def _chart(cells: pd.DataFrame, order: Sequence[str], few: bool) -> alt.LayerChart | alt.FacetChart:
    chosen = alt.selection_point(name=_CELL, fields=["true", "predicted"], empty=False)
    base = alt.Chart(cells).encode(
        x=alt.X("predicted:N", axis=_axis(few, orient="top", labelAngle=-90), **_place(order, few)),
        y=alt.Y("true:N", axis=_axis(few), **_place(order, few)),
        description="words:N",
        tooltip=["true", "predicted", alt.Tooltip("count", title="pictures"),
                 alt.Tooltip("share", title="of the true class", format=".1%")],
    )  # fmt: skip
    squares = base.mark_rect(cursor="pointer", cornerRadius=3 if few else 0).encode(
        fill=alt.Fill("fill:N", scale=None, legend=None),
        stroke=alt.when(chosen).then(alt.value(_FRAME)).otherwise(alt.value("transparent")),
        strokeWidth=alt.when(chosen).then(alt.value(3)).otherwise(alt.value(0)),
    )
    numbers = base.mark_text(fontSize=13, cursor="pointer").encode(
        text="label:N", color=alt.Color("ink:N", scale=None, legend=None)
    )
    layers = alt.layer(squares.add_params(chosen), *([numbers] if few else []))
    return layers.properties(height=_LABEL + 44 * len(order) if few else _SQUARE)


def _axis(few: bool, **how: Any) -> alt.Axis:
    return alt.Axis(
        labelLimit=_LABEL, labelFontSize=12 if few else 8, labelOverlap=False, ticks=False,
        domain=False, grid=False, titlePadding=8, **how,
    )  # fmt: skip


def _place(order: Sequence[str], few: bool) -> dict[str, Any]:
    gaps = alt.Scale(paddingInner=0.06 if few else 0, paddingOuter=0)
    return {"sort": list(order), "scale": gaps}


def _after(key: str, read: Callable[[Any], Chosen | None]) -> Callable[[], None]:
    """Write what was chosen into the address."""

    def write() -> None:
        chosen = read(st.session_state[key].selection)
        if chosen is None:
            forget_cell()
        else:
            st.query_params[_CELL] = "{}-{}".format(*chosen)

    return write


def _clicked(selection: Any, classes: tuple[str, ...]) -> Chosen | None:
    """The cell that was clicked; None where it was clicked again, or beside all cells."""
    points = selection.get(_CELL) or []
    if not points:
        return None
    return classes.index(points[0]["true"]), classes.index(points[0]["predicted"])


def _selected(selection: Any, classes: tuple[str, ...]) -> Chosen | None:
    cells = selection.get("cells") or []
    if not cells:
        return None
    row, column = cells[0]
    return int(row), classes.index(column)


Shown: TypeAlias = Literal["counts", "row %"]
Colour: TypeAlias = tuple[int, int, int]

LIGHT: Colour = (255, 255, 255)
DARK: Colour = (24, 23, 21)
BLACK: Colour = (0, 0, 0)
RIGHT: Colour = (24, 107, 160)
WRONG: Colour = (217, 72, 1)
FEW = 20
"""Classes up to which cells are large enough for a number each, and for a frame if empty."""
STEPS = 64
"""Shades of each."""

_EMPTY = 0.06
_LIFT = 0.75  # below 1, so that few pictures show as well


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        true: The class of its pictures.
        predicted: The class they were taken for.
        count: How many pictures.
        share: Of the true class's pictures.
        label: The number in it; empty where there is no room or nothing to say.
        fill: Its colour.
        ink: The colour of the number.
        words: The same for whoever can't see it.
    """

    true: str
    predicted: str
    count: int
    share: float
    label: str
    fill: str
    ink: str
    words: str


def draw_cells(
    confusion: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    shown: Shown = "counts",
    only_mistakes: bool = False,
    dark: bool = False,
) -> list[Cell]:
    """All cells worth drawing, row by row: where there are many classes, those with pictures.

    >>> [(c.true, c.predicted, c.label) for c in draw_cells(np.array([[3, 1], [0, 4]]), ("a", "b"))]
    [('a', 'a', '3'), ('a', 'b', '1'), ('b', 'a', ''), ('b', 'b', '4')]
    """
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    strengths = _strengths(confusion if shown == "counts" else shares)
    page = DARK if dark else LIGHT
    few = len(classes) <= FEW
    cells = []
    for actual, called in _places(confusion, only_mistakes):
        count, share = int(confusion[actual, called]), float(shares[actual, called])
        step = round(STEPS * float(strengths[actual, called]))
        number = f"{count}" if shown == "counts" else f"{100 * share:.0f}"
        label = number if few and count else ""
        fill, ink = _painted(page, actual == called, step)
        true, predicted = classes[actual], classes[called]
        words = f"{true}, called {predicted}: {count} pictures, {share:.0%}"
        cells.append(Cell(true, predicted, count, share, label, fill, ink, words))
    return cells


def _places(confusion: NDArray[np.int64], only_mistakes: bool) -> Iterator[tuple[int, int]]:
    drawn = confusion > 0 if len(confusion) > FEW else np.ones(confusion.shape, bool)
    if only_mistakes:
        np.fill_diagonal(drawn, False)
    yield from map(tuple, np.argwhere(drawn).tolist())


def _strengths(values: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
    """0 to 1, of right calls among themselves and of mistakes among themselves."""
    right = np.eye(len(values), dtype=bool)
    most = np.where(right, values[right].max(initial=0), values[~right].max(initial=0))
    strengths: NDArray[np.float64] = (values / np.where(most > 0, most, 1)) ** _LIFT
    return strengths


@lru_cache(maxsize=4 * (STEPS + 1))
def _painted(page: Colour, right: bool, step: int) -> tuple[str, str]:
    """The colour of a cell, and of the number in it."""
    if step:
        fill = mixed(page, RIGHT if right else WRONG, step / STEPS)
    else:
        fill = mixed(page, LIGHT if page == DARK else DARK, _EMPTY)
    return _hex(fill), _hex(ink_on(fill))


def mixed(page: Colour, hue: Colour, strength: float) -> Colour:
    """So much of a hue on a page.

    >>> mixed((255, 255, 255), (0, 100, 200), 0.5)
    (128, 178, 228)
    """
    red, green, blue = (
        round(ground + strength * (full - ground)) for ground, full in zip(page, hue, strict=True)
    )
    return red, green, blue


def ink_on(fill: Colour) -> Colour:
    """Black or white, whichever can be read better.

    >>> ink_on((24, 107, 160)), ink_on((255, 240, 220))
    ((255, 255, 255), (0, 0, 0))
    """
    return max(LIGHT, BLACK, key=lambda ink: contrast(ink, fill))


def contrast(one: Colour, other: Colour) -> float:
    """Of two colours, as the accessibility guidelines count it: 4.5 is enough for any text.

    >>> round(contrast((0, 0, 0), (255, 255, 255)))
    21
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    weights = (0.2126, 0.7152, 0.0722)
    return sum(w * _linear(part / 255) for w, part in zip(weights, colour, strict=True))


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
