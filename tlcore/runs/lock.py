"""Whether somebody is working on a run, as the operating system knows it.

A process number in a file can outlive its process, or come to belong to another one; a lock
ends with the process that holds it, however it ended. `flock` rather than `lockf`, because the
latter is lost as soon as the holder itself opens the file once more and closes it.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PATIENCE = 0.5


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock for a while; gives False if somebody else has it."""
    with path.open("ab") as file:
        yield _take(file)


def is_locked(path: Path) -> bool:
    """Whether anybody holds the lock."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return not _try(file, fcntl.LOCK_SH)


def _take(file: IO[bytes]) -> bool:
    """Insist a little: whoever only asks holds the lock for an instant, too."""
    deadline = time.monotonic() + PATIENCE
    while not (taken := _try(file, fcntl.LOCK_EX)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return taken


def _try(file: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
