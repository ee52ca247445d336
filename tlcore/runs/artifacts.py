"""Files that become a run's: sealed, moved to a name that never was, and let go when superseded.

A crash at any moment leaves every published file under its own name and with its own sum; what it
may leave besides are drafts and superseded files that no row knows of.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from tlcore.errors import RunError
from tlcore.files import force_to_disk
from tlcore.runs.attempts import held
from tlcore.runs.database import in_words
from tlcore.runs.folder import RunFolder
from tlcore.runs.records import KINDS, Artifact, Attempt, Kind, digest
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
    *("attempt-*", ".*.tmp", "checkpoints/*"),
    *(kind.place.format("*") for kind in KINDS.values()),
)


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


def place_of(kind: Kind, number: int) -> str:
    """Where a file of the run lies in its folder. The number is never given twice."""
    return KINDS[kind].place.format(number)


def seal(attempt: int, kind: Kind, path: Path, folder: RunFolder, now: float) -> Artifact:
    """A draft that is finished and lies on disk, with its sum."""
    if not path.is_file() or folder.path.resolve() not in path.resolve().parents:
        remedy = f"Write it into {folder.drafts(attempt)} first."
        raise RunError("Only a file in the run's folder can become the run's", remedy=remedy)
    with in_words(path):
        force_to_disk(path)
        return Artifact(kind, path, path.stat().st_size, digest(path), attempt, now)


def publish(
    sql: sqlite3.Connection, attempt: Attempt, draft: Artifact, folder: RunFolder
) -> tuple[Path, list[Path]]:
    """Move a sealed draft to its place; tell that place, and which files are superseded.

    The move lies within the transaction: no other attempt can begin between the look at the token
    and the move.
    """
    return _settle(sql, held(sql, attempt)["number"], draft, folder)


def attach(
    sql: sqlite3.Connection, row: sqlite3.Row, draft: Artifact, folder: RunFolder
) -> tuple[Path, list[Path]]:
    """The same for what was worked out of a run at rest, by whoever may change it."""
    state = State(row["state"])
    if state == State.QUEUED or state.active:
        remedy = "Wait until it has come to its end."
        raise RunError(f"This run is {state}", where=row["id"], remedy=remedy)
    return _settle(sql, row["number"], draft, folder)


def _settle(
    sql: sqlite3.Connection, run: int, draft: Artifact, folder: RunFolder
) -> tuple[Path, list[Path]]:
    (number,) = sql.execute(
        "SELECT coalesce(max(number), 0) + 1 FROM artifact WHERE run = ?", (run,)
    ).fetchone()
    place = place_of(draft.kind, number)
    target = folder.path / place
    target.parent.mkdir(exist_ok=True)
    os.replace(draft.path, target)
    force_to_disk(target.parent)
    sql.execute(
        "INSERT INTO artifact VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (run, number, draft.kind, place, draft.bytes, draft.sha256, draft.attempt, draft.at),
    )
    return target, _let_go(sql, run, draft.kind, folder)


def take_away(sql: sqlite3.Connection, run: int, kind: Kind, folder: RunFolder) -> list[Path]:
    """Forget all files of a kind; tell which, to be removed."""
    gone = [artifact.path for artifact in published(sql, run, kind, folder)]
    sql.execute("DELETE FROM artifact WHERE run = ? AND kind = ?", (run, kind))
    return gone


def remove(files: list[Path]) -> None:
    """Remove superseded files, once nothing refers to them. One that stays does no harm."""
    for file in files:
        with suppress(OSError):
            file.unlink()


def published(
    sql: sqlite3.Connection, run: int, kind: Kind, folder: RunFolder
) -> tuple[Artifact, ...]:
    """The files of a kind, the newest first."""
    rows = sql.execute(
        "SELECT kind, path, bytes, sha256, attempt, at FROM artifact "
        "WHERE run = ? AND kind = ? ORDER BY number DESC",
        (run, kind),
    )
    return tuple(Artifact(kind, folder.path / place, *rest) for kind, place, *rest in rows)


def _let_go(sql: sqlite3.Connection, run: int, kind: Kind, folder: RunFolder) -> list[Path]:
    gone = sql.execute(
        "SELECT number, path FROM artifact WHERE run = ? AND kind = ? "
        "ORDER BY number DESC LIMIT -1 OFFSET ?",
        (run, kind, KINDS[kind].kept),
    ).fetchall()
    sql.executemany(
        "DELETE FROM artifact WHERE run = ? AND number = ?", [(run, number) for number, _ in gone]
    )
    return [folder.path / place for _, place in gone]
