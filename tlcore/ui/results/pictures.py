"""Test pictures with what was said of them, a page of 48 at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import streamlit as st

from tlcore.analysis.intervals import Rows
from tlcore.corrections import Correction
from tlcore.errors import RunError
from tlcore.ui.gallery import Tile, show_gallery
from tlcore.ui.outcomes import Outcome
from tlcore.ui.page import show_error
from tlcore.ui.results.corrections import mark, marked
from tlcore.ui.results.detail import Seen, show_detail
from tlcore.ui.words import percent, short

PAGE = 48

Height: TypeAlias = int | Literal["content"]


def show_pictures(outcome: Outcome, rows: Rows, *, key: str, height: Height = "content") -> None:
    """Test pictures of a run; whichever is clicked is shown large, with all probabilities.

    Args:
        outcome: What came out of the run.
        rows: Of its predictions.
        key: Of the gallery on the page.
        height: In pixels, if it shall scroll in a window of its own.
    """
    _tell_missing(outcome)
    corrections = marked(outcome)
    show_tiles(
        rows,
        lambda row: tile(outcome, row, corrections.get(str(outcome.predictions.ids[row]))),
        lambda row: [(outcome, row)],
        key=key,
        height=height,
    )


def show_tiles(
    rows: Rows,
    tile_of: Callable[[int], Tile],
    seen_by: Callable[[int], Sequence[Seen]],
    *,
    titles: Sequence[str] = (),
    key: str,
    height: Height = "content",
) -> None:
    """A gallery, a page at a time.

    Args:
        rows: What is shown, each by its number.
        tile_of: How.
        seen_by: The runs whose word on the clicked one is shown, and their rows.
        titles: What these runs are called, if they are several.
        key: Of the gallery on the page.
        height: In pixels, if it shall scroll in a window of its own.
    """
    place = st.container(height=height, border=False)
    shown = _page_of(rows, key)
    with place:
        clicked = show_gallery([tile_of(int(row)) for row in shown], key=f"gallery {key}")
    if clicked is not None and clicked < len(shown):
        show_detail(seen_by(int(shown[clicked])), titles)


def tile(outcome: Outcome, row: int, correction: Correction | None = None) -> Tile:
    """A picture of a gallery: true, predicted, probability; and what somebody put right."""
    table = outcome.predictions
    true, called = table.classes[table.labels[row]], table.classes[table.predicted[row]]
    sure = percent(float(table.confidence[row]), 0).replace(" ", "\N{NO-BREAK SPACE}")
    right = bool(table.correct[row])
    said = f"✓ {sure}" if right else f"→ {short(called, 24)} {sure}"
    noted = mark(correction)
    alt = f"{true}, called rightly" if right else f"{true}, taken for {called}"
    return Tile(
        source=outcome.address(row),
        caption=f"{short(true, 24)} {said}" + (f"\n{noted}" if noted else ""),
        alt=f"{alt}; {noted}" if noted else alt,
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
