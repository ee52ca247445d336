"""Test pictures with what was said of them, a page of 48 at a time."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from tlcore.analysis.intervals import Rows
from tlcore.errors import RunError
from tlcore.ui.gallery import Tile, show_gallery
from tlcore.ui.outcomes import Outcome
from tlcore.ui.page import show_error
from tlcore.ui.results.detail import show_detail
from tlcore.ui.words import percent

PAGE = 48


def show_pictures(
    outcome: Outcome, rows: Rows, *, key: str, height: int | Literal["content"] = "content"
) -> None:
    """A gallery of these rows; whichever is clicked is shown large, with all probabilities.

    Args:
        outcome: Whose test pictures.
        rows: Of its predictions.
        key: Of the gallery on the page.
        height: In pixels, if it shall scroll in a window of its own.
    """
    place = st.container(height=height, border=False)
    shown = _page_of(rows, key)
    with place:
        _tell_missing(outcome)
        clicked = show_gallery([tile(outcome, int(row)) for row in shown], key=f"gallery {key}")
    if clicked is not None and clicked < len(shown):
        show_detail(outcome, int(shown[clicked]))


def tile(outcome: Outcome, row: int) -> Tile:
    """A picture of a gallery: true, predicted, probability."""
    table = outcome.predictions
    true, called = table.classes[table.labels[row]], table.classes[table.predicted[row]]
    sure = percent(float(table.confidence[row]), 0)
    right = bool(table.correct[row])
    return Tile(
        source=outcome.address(row),
        caption=f"{true} ✓ {sure}" if right else f"{true} → {called} {sure}",
        alt=f"{true}, called rightly" if right else f"{true}, taken for {called}",
        tone="right" if right else "wrong",
    )


def _page_of(rows: Rows, key: str) -> Rows:
    """The rows of the page that was turned to; other rows begin with their first page."""
    pages = -(-len(rows) // PAGE)
    if pages < 2:
        return rows
    number = st.pagination(pages, key=f"page {key} {len(rows)} {rows[0]}")
    first = (number - 1) * PAGE
    last = min(first + PAGE, len(rows))
    st.caption(f"{first + 1:,} to {last:,} of {len(rows):,}")
    return rows[first:last]


def _tell_missing(outcome: Outcome) -> None:
    try:
        kept, all_of_them = outcome.pictures, len(outcome.predictions)
    except RunError as error:
        show_error(error)
        return
    if not kept:
        st.caption(
            "This run is from a time before test pictures were kept. Run its recipe again to see "
            "them; its numbers will be the same."
        )
    elif kept < all_of_them:
        st.caption(f"Of the {all_of_them:,} test pictures the first {kept:,} were kept.")
