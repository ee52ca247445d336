"""Who is looking, and at which runs."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import streamlit as st

from tlcore import paths
from tlcore.errors import StoreError
from tlcore.runs.limits import DAY, HOUR
from tlcore.runs.owners import LOCAL, Owner, is_public, known_by, new_key
from tlcore.runs.store import RunStore
from tlcore.runs.visits import is_key
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
    key = str(st.context.cookies.get(COOKIE) or "")
    if not is_key(paths.home(), key):
        key = st.session_state.setdefault("key for want of a cookie", new_key())
    visitor = known_by(key)
    _note(paths.home(), visitor, int(time.time() // HOUR))
    return visitor


@lru_cache(maxsize=10_000)
def _note(home: Path, visitor: Owner, hour: int) -> None:
    """That somebody is here is written down once an hour: what they left isn't to expire."""
    with suppress(StoreError):
        _opened(home).visits.note(visitor)


def expiry() -> str:
    """What becomes of what somebody leaves lying here, in a sentence; empty if it stays."""
    absent = store().rules().absent if me() != LOCAL else None
    if absent is None:
        return ""
    return (
        f"What you leave here stays for {absent / DAY:.0f} days after your last visit. Then runs "
        "that have ended and pictures that no run uses are deleted for good."
    )
