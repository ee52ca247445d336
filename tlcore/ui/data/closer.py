"""A closer look at the data, each kind at a click: nothing is computed before it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from tlcore.ui.data.colours import show_colours
from tlcore.ui.data.duplicates import show_doubtful, show_leaks
from tlcore.ui.data.inspect import Seen

VIEWS: Mapping[str, Callable[[Seen], None]] = {
    "Sizes and colours": show_colours,
    "Leaks and doubles": show_leaks,
    "Doubtful labels": show_doubtful,
}


def look_closer(seen: Seen) -> None:
    """Offer the views, and show the one that is chosen."""
    chosen = st.segmented_control("Look closer", list(VIEWS), key="closer")
    if chosen:
        VIEWS[chosen](seen)
