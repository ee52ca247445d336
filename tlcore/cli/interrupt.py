"""Ctrl-C: once to stop where nothing is lost, twice to stop at once."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType


@contextmanager
def stop_when_asked() -> Iterator[Callable[[], bool]]:
    """Meanwhile, the first Ctrl-C is only noted; gives a way to ask whether there was one."""
    asked = Event()

    def note(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("\nStopping after this step. Ctrl-C again stops at once.", file=sys.stderr)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
