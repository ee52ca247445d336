"""Who is looking, and at which runs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st

from tlcore import paths
from tlcore.runs.owners import LOCAL, Owner, is_public, known_by, new_key
from tlcore.runs.store import RunStore
from tlcore.ui.door import brings_mark
from tlcore.ui.visitors import COOKIE


def store() -> RunStore:
    """The runs of this lab."""
    return _opened(paths.home())


@lru_cache(maxsize=4)  # not Streamlit's, which warns when a route asks
def _opened(home: Path) -> RunStore:
    return RunStore(home)


def me() -> Owner:
    """Whoever sits at the machine or came by the owner's link; in a lab that is open to anybody,
    whoever has this browser."""
    if not is_public() or brings_mark(st.context.cookies):
        return LOCAL
    key = st.context.cookies.get(COOKIE)
    return known_by(key or st.session_state.setdefault("key for want of a cookie", new_key()))
