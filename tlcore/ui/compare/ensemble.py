"""What if these runs voted together?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.analysis.ensemble import verdict, vote
from tlcore.analysis.intervals import Interval
from tlcore.analysis.wording import gain
from tlcore.errors import DataError
from tlcore.ui.outcomes import Outcome
from tlcore.ui.words import literal, with_interval


def show_ensemble(outcomes: Sequence[Outcome]) -> None:
    """The vote's accuracy and its gain, then whether that is worth it."""
    st.subheader("What if these runs voted together?", anchor=False)
    try:
        found = vote([outcome.predictions for outcome in outcomes])
    except DataError as error:
        st.info(
            f"They can't: {literal(error.what[0].lower() + error.what[1:])}. A vote needs runs "
            "that were tested on the same pictures.",
            icon=":material/how_to_vote:",
        )
        return
    with st.grid(3, min_column_width=210):
        value, _, interval = with_interval(found.accuracy).partition(" [")
        _metric("All together", value, f"95 %: {interval.rstrip(']').replace(', ', ' to ')}")
        _gain("Over the best alone", found.over_best)
        _gain("Over one on average", found.over_mean)
    st.markdown(literal(verdict(found)))
    st.caption(
        f"The best alone is run {found.best + 1}. It was found on these very pictures, "
        "which flatters it a little, so the gain over it is more likely too small than too large. "
        "A vote is the mean of the runs' probabilities; intervals of the gains are paired."
    )


def _gain(label: str, found: Interval) -> None:
    value, _, interval = gain(found).partition(" [")
    _metric(label, value, f"95 %: {interval.rstrip(']').replace(', ', ' to ')}")


def _metric(label: str, value: str, interval: str) -> None:
    st.metric(
        label,
        value,
        delta=interval,
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
