"""What lies in the runs' folders and belongs to nobody: drafts, superseded files, lost folders.

A crash may leave such things, and they do no harm but take space. Nothing of a run that waits or
works is ever one of them.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from tlcore.runs.rows import is_id
from tlcore.runs.states import State


@dataclass(frozen=True)
class Stray:
    """A file or folder that belongs to nobody.

    Attributes:
        path: Where it is.
        bytes: What it takes on disk.
    """

    path: Path
    bytes: int


ABANDONED = 3600.0
"""Seconds after which a folder that no row knows of is not about to get one."""

_PATTERNS = (
    "attempt-*", ".*.tmp", "checkpoints/*", "predictions-*.parquet",
    "pictures-*.zip", "result-*.json", "embedding-*.parquet",
    "validation-*.parquet",
)  # fmt: skip


def find_all(
    opened: Callable[[], AbstractContextManager[sqlite3.Connection]], runs: Path, *, clear: bool
) -> tuple[Stray, ...]:
    """The strays in all folders, each looked through, and cleared if wanted, at one moment of the
    store."""
    found: list[Stray] = []
    for folder in all_folders(runs):
        with opened() as sql:
            found += (here := find_strays(sql, folder))
            for stray in here if clear else ():
                remove_path(stray.path)
    return tuple(found)


def find_strays(sql: sqlite3.Connection, folder: Path) -> list[Stray]:
    """The strays in one run's folder, or the folder itself if no row knows of it."""
    return [Stray(path, size_of(path)) for path in sorted(_strays(sql, folder))]


def _strays(sql: sqlite3.Connection, folder: Path) -> set[Path]:
    row = sql.execute("SELECT number, state FROM run WHERE id = ?", (folder.name,)).fetchone()
    if row is None:
        return {folder} if _is_old(folder) else set()
    if State(row["state"]).active or row["state"] == State.QUEUED:
        return set()
    rows = sql.execute("SELECT path FROM artifact WHERE run = ?", (row["number"],))
    known = {folder / path for (path,) in rows}
    return {path for pattern in _PATTERNS for path in folder.glob(pattern)} - known


def all_folders(runs: Path) -> Iterator[Path]:
    """What could be a run's folder, a draft of one, or what is left of one."""
    for path in sorted(runs.glob("*")):
        if path.is_dir() and not path.is_symlink() and (is_id(path.name) or path.suffix == ".tmp"):
            yield path


def remove_path(path: Path) -> None:
    """Delete a file or a folder; what can't be deleted stays for the next time."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder. What vanishes meanwhile counts nothing."""
    total = 0
    for file in [path, *path.rglob("*")]:
        with suppress(OSError):
            total += file.lstat().st_size if not file.is_dir() else 0
    return total


def _is_old(folder: Path) -> bool:
    return time.time() - folder.stat().st_mtime > ABANDONED
