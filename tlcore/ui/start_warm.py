"""Whoever opens the first page will soon want something trained: be ready by then."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

from streamlit import runtime

from tlcore.errors import ThawError
from tlcore.runs.dispatcher import ensure_dispatcher

_APART = 60.0
_asked: dict[Path, float] = {}


def warm_up(home: Path) -> None:
    """Start the dispatcher in a thread, at most once a minute; only where a server is.

    With its torch loaded, the first point of a curve comes seconds earlier.
    """
    now = time.monotonic()
    if not runtime.exists() or now - _asked.get(home, -_APART) < _APART:
        return
    _asked[home] = now
    threading.Thread(target=_start, args=(home,), daemon=True).start()


def _start(home: Path) -> None:
    with suppress(ThawError, OSError):  # whoever then asks for a run is told
        ensure_dispatcher(home)
