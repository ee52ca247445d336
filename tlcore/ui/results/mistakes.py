"""Pictures that were called wrongly, in the order in which they teach most; and odd labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from tlcore.analysis.intervals import Rows
from tlcore.analysis.mistakes import By
from tlcore.analysis.wording import quantity
from tlcore.ui.outcomes import Outcome
from tlcore.ui.results.corrections import show_corrections
from tlcore.ui.results.pictures import show_pictures

ORDERS: Mapping[By, str] = {
    "loss": "least sure of the right answer",
    "confidence": "surest of a wrong answer",
    "margin": "clearest choice of a wrong answer",
}
_ALL = -1
_TELL = (
    "A label is probably wrong where another class is surer of a picture than it is, on average, "
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
    """Labels of the test set that are probably wrong."""
    st.caption(_TELL)
    show_corrections(outcome, key="in labels")
    suspects = outcome.suspects
    if not suspects:
        st.success("No label of the test set looks wrong to this network.")
        return
    n = len(outcome.predictions)
    st.markdown(
        f"**{quantity(len(suspects), 'label')}** of {n:,} may be wrong, the likeliest first."
    )
    show_pictures(outcome, np.array([each.row for each in suspects]), key="suspects")
