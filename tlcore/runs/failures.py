"""What the disk below the store can do to it, said in words."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tlcore.errors import StoreError

PATIENCE = 10.0
"""Seconds that anybody waits for others to be done with the store."""


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Raise a `StoreError` for whatever SQLite or the system says of the disk."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says where it happened
        if code not in _BY_SQLITE:
            raise  # a mistake in the lab, and no fault of the disk
        raise _error(_BY_SQLITE[code], str(path)) from error
    except OSError as error:
        failure = _BY_SYSTEM.get(error.errno or 0, _BROKEN)
        raise _error(failure, str(error.filename or path)) from error


def too_busy(where: str) -> StoreError:
    """Others didn't come to an end with the store."""
    return _error(_BUSY, where)


def _error(failure: tuple[str, str], where: str) -> StoreError:
    what, remedy = failure
    return StoreError(what, where=where, remedy=remedy)


_FULL = ("The disk is full", "Free some space; what was kept before still stands.")
_BUSY = (
    f"The store of runs was busy for {PATIENCE:g} seconds",
    "Try again. If that doesn't help, a process of the lab hangs: end it.",
)
_CLOSED = (
    "The store of runs can't be written to",
    "Give yourself the right to write there, or set TL_HOME to another folder.",
)
_DAMAGED = (
    "The store of runs is damaged",
    "Move the file away and go on with a new one; what each run made is still in its folder.",
)
_BROKEN = (
    "The disk failed while the store of runs was in use",
    "See whether it is full or damaged; what was kept before still stands.",
)

_BY_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_IOERR: _BROKEN,
}

_BY_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EROFS: _CLOSED,
}
