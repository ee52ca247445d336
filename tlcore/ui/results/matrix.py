"""The confusion matrix to be clicked, and as a table for the keyboard: both tell one address.

Whichever cell is chosen stands in the page's address (`?cell=3-5`), and only there, so the two
can't disagree, and a link opens the same pictures elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from tlcore.ui.results.cells import FEW, Cell, Shown

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
