"""Test pictures with what was said of them, a page of 48 at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
import streamlit as st

from tlcore.analysis.intervals import Rows
from tlcore.analysis.mistakes import By
from tlcore.errors import RunError
from tlcore.formatting import percent, quantity, short
from tlcore.recipe.corrections import Correction
from tlcore.ui.results.corrections import mark, marked, show_corrections
from tlcore.ui.results.detail import Seen, show_detail
from tlcore.ui.shared.frontend import Tile, show_gallery
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.page import show_error

ORDERS: Mapping[By, str] = {
    "loss": "least sure of the right answer",
    "confidence": "surest of a wrong answer",
    "margin": "clearest choice of a wrong answer",
}
_ALL = -1
_TELL = (
    "A label looks wrong where another class is surer of a picture than it is, on average, "
    "of its own (confident learning). Look before you believe it: hard pictures look the same. "
    "Click a picture to give it another label or to leave it out, then train again."
)


def show_mistakes(outcome: Outcome) -> None:
    """All mistakes, or those of a class."""
    show_corrections(outcome, key="in mistakes")
    order, true, called = _ask(outcome)
    rows = chosen_mistakes(outcome, order, true, called)
    st.caption(f"{quantity(len(rows), 'mistake')} of {len(outcome.predictions):,} test pictures")
    if len(rows):
        show_pictures(outcome, rows, key="mistakes")
    elif outcome.predictions.correct.all():
        st.success("Every test picture was called rightly.")
    else:
        st.info("No mistake is of this kind. Choose other classes.")


def chosen_mistakes(outcome: Outcome, order: By, true: int, called: int) -> Rows:
    """Rows that were called wrongly, the worst first; of one class if that isn't -1."""
    rows, table = outcome.mistakes(order), outcome.predictions
    fits = np.ones(len(rows), dtype=bool)
    if true != _ALL:
        fits &= table.labels[rows] == true
    if called != _ALL:
        fits &= table.predicted[rows] == called
    return rows[fits]


def _ask(outcome: Outcome) -> tuple[By, int, int]:
    """In which order, and of which classes."""
    places = [_ALL, *range(len(outcome.classes))]
    first, second, third = st.columns(3)
    order = first.selectbox(
        "Worst first", list(ORDERS), key="order", persist_state="session",
        format_func=lambda by: f"{ORDERS[by]} ({by})",
    )  # fmt: skip

    def name(place: int) -> str:
        return "any class" if place == _ALL else outcome.classes[place]

    key = outcome.story.run
    true = second.selectbox(
        "Truly", places, format_func=name, key=f"true {key}", persist_state="session"
    )
    called = third.selectbox(
        "Called", places, format_func=name, key=f"called {key}", persist_state="session"
    )
    return order, true, called


def show_suspects(outcome: Outcome) -> None:
    """Labels of the test set that look wrong to the network."""
    st.caption(_TELL)
    show_corrections(outcome, key="in labels")
    suspects = outcome.suspects
    if not suspects:
        st.info(
            "No label of the test set looks wrong to this network. That clears neither the test "
            "labels nor those it learned from: the page Data can check all of them."
        )
        return
    n = len(outcome.predictions)
    st.markdown(
        f"**{quantity(len(suspects), 'label')}** of {n:,} may be wrong, the likeliest first."
    )
    show_pictures(outcome, np.array([each.row for each in suspects]), key="suspects")


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
