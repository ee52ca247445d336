"""What is taken for what: the matrix, and the pictures of whichever cell is chosen."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tlcore.analysis.intervals import wilson
from tlcore.analysis.mistakes import confused_pairs, pictures_in_cell, superclasses_of
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import count_confusion
from tlcore.formatting import literal, quantity, rate, short
from tlcore.ui.results.cells import (
    Shown,
    chosen_cell,
    draw_cells,
    forget_cell,
    show_matrix,
    show_table,
)
from tlcore.ui.results.pictures import Height, show_pictures
from tlcore.ui.shared.outcomes import Outcome

_SHOWN: tuple[Shown, ...] = ("counts", "row %")
MOST_DRAWN = 200
"""Classes in a matrix: each of more would be a few pixels wide, and take seconds to draw."""

_TELL = (
    "A row for each true class, a column for what it was taken for. Blue: called rightly; orange: "
    "mistakes; the stronger, the more, on a scale of its own for each. **Choose a cell to see its "
    "pictures.**"
)


def show_confusion(outcome: Outcome) -> None:
    """The matrix, and beside or beneath it the pictures of a cell."""
    st.caption(_TELL)
    with st.container(horizontal=True, vertical_alignment="center"):
        shown = st.segmented_control(
            "Numbers", _SHOWN, default="counts", required=True, key="numbers",
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
        as_table = st.toggle(
            "As a table", key="as table", persist_state="session",
            help="The same numbers for keyboard and screen reader: Tab leads into it, the arrow "
            "keys choose a cell.",
        )  # fmt: skip
        only_mistakes = st.toggle(
            "Only mistakes", key="only mistakes", persist_state="session", disabled=as_table
        )
        predictions = _folded(outcome)
    classes, confusion = predictions.classes, count_confusion(predictions)
    key = f"{outcome.story.run} {len(classes)}"
    matrix, beside = st.columns([3, 2], gap="large") if len(classes) <= 12 else (st, st)
    with matrix.container():
        if as_table:
            show_table(confusion, classes, shown or "counts", key=f"table {key}")
        else:
            dark = st.context.theme.type == "dark"
            cells = draw_cells(
                confusion, classes, shown=shown or "counts", only_mistakes=only_mistakes, dark=dark
            )
            order = _together(_most_confused(confusion, classes))
            if len(order) < len(classes):
                kept = set(order)
                cells = [cell for cell in cells if {cell.true, cell.predicted} <= kept]
                st.caption(
                    f"The {len(order)} classes with the most mistakes of {len(classes):,}; "
                    "the table has all."
                )
            show_matrix(cells, classes, order=order, key=f"matrix {key}")
    with beside.container():
        _show_cell(outcome, predictions, 540 if len(classes) <= 12 else "content")


def _most_confused(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> tuple[str, ...]:
    """All classes, or as many as a matrix has room for: those with the most mistakes about them."""
    if len(classes) <= MOST_DRAWN:
        return classes
    wrong = confusion.sum(axis=0) + confusion.sum(axis=1) - 2 * confusion.diagonal()
    places = np.sort(np.argsort(-wrong, kind="stable")[:MOST_DRAWN])
    return tuple(classes[place] for place in places)


def _together(classes: tuple[str, ...]) -> list[str]:
    """Classes of one superclass side by side, so that what is alike makes blocks."""
    known = superclasses_of(classes)
    if known is None:
        return list(classes)
    places = list(dict.fromkeys(known.values()))
    return sorted(classes, key=lambda name: places.index(known[name]))


def _folded(outcome: Outcome) -> Predictions:
    """By superclass, if there are any and they are wanted."""
    if outcome.folded is None:
        return outcome.predictions
    wanted = st.toggle(
        "20 superclasses", key="superclasses", on_change=forget_cell, persist_state="session"
    )
    return outcome.folded if wanted else outcome.predictions


def _show_cell(outcome: Outcome, predictions: Predictions, height: Height) -> None:
    chosen = chosen_cell(len(predictions.classes))
    if chosen is None:
        _show_pairs(predictions)
        return
    rows = pictures_in_cell(predictions, *chosen)
    true, called = (literal(short(predictions.classes[place])) for place in chosen)
    of_truth = int((predictions.labels == chosen[0]).sum())
    if chosen[0] == chosen[1]:
        st.subheader(f"**{true}**, called rightly", anchor=False)
    else:
        st.subheader(f"**{true}** taken for **{called}**", anchor=False)
    if of_truth:
        share = rate(wilson(len(rows), of_truth))
        st.caption(f"{quantity(len(rows), 'picture')} of {of_truth:,} of {true}: {share}")
    if len(rows):
        show_pictures(outcome, rows, key="cell", height=height if len(rows) > 12 else "content")
    else:
        st.info("No test picture lies in this cell.", icon=":material/crop_free:")
    st.button("Choose no cell", on_click=forget_cell, type="tertiary", icon=":material/close:")


def _show_pairs(predictions: Predictions) -> None:
    """Where there is most to see, as long as nothing is chosen."""
    pairs = confused_pairs(predictions, top=8)
    st.subheader("Commonest mistakes", anchor=False)
    if not pairs:
        st.success("Every test picture was called rightly.")
    else:
        st.caption("The intervals allow for their having been picked as the commonest of all.")
    column = st.container(gap=None)
    for pair in pairs:
        true, called = (
            literal(short(predictions.classes[c], 40)) for c in (pair.actual, pair.called)
        )
        column.button(
            f"**{true}** taken for **{called}**: {quantity(pair.count, 'picture')}, "
            f"{rate(pair.share)}",
            key=f"pair {pair.actual}-{pair.called}",
            on_click=_choose,
            args=(pair.actual, pair.called),
            type="tertiary",
            icon=":material/arrow_forward:",
        )


def _choose(actual: int, called: int) -> None:
    st.query_params["cell"] = f"{actual}-{called}"
