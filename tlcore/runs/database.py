"""One SQLite file that many processes read and write at once, and no power cut spoils.

- Write-ahead log, `synchronous=FULL`: in 50 power cuts each (an ext4 file system shut down under
  forced write-back) NORMAL lost acknowledged commits in 21, up to 446 at a time; FULL lost none.
  FULL costs a commit some milliseconds: 24 ms for the slowest of a hundred, with four writers and
  thirty readers.
- Every write begins with `BEGIN IMMEDIATE`: of 1,600 transactions that read and then wrote after a
  plain BEGIN, 1,381 failed; none did after BEGIN IMMEDIATE.
- A file that is no longer where it was opened, or that a newer lab has brought up to date, is
  written to no more: whatever was acknowledged would be in a home that nobody looks into.
- Writers pass a turnstile of their own, because SQLite 3.7.0 to 3.51.2 (most that Python comes
  with) may lose a commit that restarts the log while another connection copies the log into the
  database: https://sqlite.org/wal.html#walresetbug. Both happen on this side of the turnstile.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tlcore import machine
from tlcore.errors import StoreError
from tlcore.files import make_private, written_whole
from tlcore.runs.schema import MIGRATIONS, Migration

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


_BETWEEN_TRIES = 0.001


@dataclass(frozen=True)
class Turnstile:
    """One way through; each thread opens its own.

    Attributes:
        next: Whose lock makes its holder the next one.
        turn: Whose lock lets its holder through.
    """

    next: IO[bytes]
    turn: IO[bytes]

    @classmethod
    def open(cls, path: Path) -> Turnstile:
        """The way through to the file of this name; two empty files beside it are its locks."""
        with ExitStack() as undo:
            files = [
                undo.enter_context(path.with_name(f"{path.name}-{name}").open("ab"))
                for name in ("next", "turn")
            ]
            undo.pop_all()
        return cls(*files)

    def close(self) -> None:
        """Let go of the files."""
        self.next.close()
        self.turn.close()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Wait for the turn, and have it meanwhile."""
        deadline = time.monotonic() + PATIENCE
        with _locked(self.next, deadline):
            _lock(self.turn, deadline)
        try:
            yield
        finally:
            fcntl.flock(self.turn, fcntl.LOCK_UN)


@contextmanager
def _locked(file: IO[bytes], deadline: float) -> Iterator[None]:
    _lock(file, deadline)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _lock(file: IO[bytes], deadline: float) -> None:
    while not _try_lock(file):
        if time.monotonic() > deadline:
            raise too_busy(file.name)
        time.sleep(_BETWEEN_TRIES)


def _try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_NO_LOCKS = ("nfs", "cifs", "smb", "afpfs", "fuse.", "fuseblk", "exfat", "vfat", "msdos", "ceph")
"""How the names of file systems begin that are other machines', or that have no locks."""

_OLDEST_SQLITE = (3, 37, 0)  # strict tables


@dataclass(frozen=True)
class _Connection:
    """An open database, and the way through to writing in it."""

    sql: sqlite3.Connection
    turnstile: Turnstile

    def close(self) -> None:
        self.sql.close()
        self.turnstile.close()

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Be the only writer, until all is written or taken back."""
        with self.turnstile.passing():
            try:
                yield
            except BaseException:
                self.sql.rollback()
                raise


class Database:
    """A database file, made or brought up to date when it is first opened.

    Connections wait in a pool, one for each process: SQLite's must not cross a fork.
    """

    def __init__(self, path: Path, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
        self.path = path
        self._version = len(migrations)
        self._file: tuple[int, int] | None = None
        _refuse_shared_disk(path)
        self._idle: dict[int, list[_Connection]] = {}
        weakref.finalize(self, _close_own, self._idle)
        with in_words(path), self._connected() as connection:
            make_private(path.parent)  # homes of earlier versions were open to all accounts
            if not _is_up_to_date(connection, path, len(migrations)):
                with connection.in_turn():
                    _bring_up_to_date(connection, path, migrations)
            self._file = _which(path)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """See one moment of the database, whatever is written meanwhile."""
        with in_words(self.path), self._connected() as connection:
            connection.sql.execute("BEGIN")
            self._refuse_another_version(connection)
            yield connection.sql
            connection.sql.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write all of it or, if anything is raised, nothing. When this ends, it is on disk."""
        with in_words(self.path), self._connected() as connection, connection.in_turn():
            connection.sql.execute("BEGIN IMMEDIATE")
            self._refuse_another_version(connection)
            self._refuse_another_file()
            try:
                yield connection.sql
            except OSError:
                self._refuse_another_file()  # which says more than that a file was missing
                raise
            self._refuse_another_file()
            connection.sql.execute("COMMIT")

    @contextmanager
    def copied(self, target: Path) -> Iterator[None]:
        """Copy the database as it is now to a new file; nobody writes until this ends."""
        with in_words(self.path), self._connected() as connection, connection.in_turn():
            self._refuse_another_file()
            _copy(connection, target)
            yield

    def wait(self) -> float:
        """Wait until a writer would be let through; seconds that it took."""
        began = time.monotonic()
        with self.writing():
            return time.monotonic() - began

    def close(self) -> None:
        """Close what this process has open; it opens again when it is used."""
        _close_own(self._idle)

    @contextmanager
    def _connected(self) -> Iterator[_Connection]:
        """A connection that nobody else uses meanwhile. One that failed is not used again."""
        idle = self._idle.setdefault(os.getpid(), [])
        try:
            if not idle and self._file is not None:  # SQLite would make a new, empty file
                self._refuse_another_file()
            connection = idle.pop()
        except IndexError:
            connection = _connect(self.path)
        try:
            yield connection
        except sqlite3.Error:
            connection.close()
            raise
        except BaseException:
            connection.sql.rollback()
            idle.append(connection)
            raise
        idle.append(connection)

    def _refuse_another_file(self) -> None:
        if _which(self.path) != self._file:
            raise StoreError(
                "The lab's folder was moved, replaced or deleted while the lab was open",
                where=str(self.path.parent),
                remedy="Nothing more is kept there. Close the lab and open it again where the "
                "folder is now: TL_HOME names it.",
            )

    def _refuse_another_version(self, connection: _Connection) -> None:
        if (version := _version(connection)) != self._version:
            raise StoreError(
                "Another version of the lab has changed the format of these runs while this one "
                f"was open: it is {version} now, and this one knows {self._version}",
                where=str(self.path),
                remedy="Close this lab and open it again, in the version that is installed now.",
            )


def _refuse_shared_disk(path: Path) -> None:
    """A disk whose locks other machines don't see, or that has none, loses what it acknowledged."""
    form = machine.file_system_of(path.parent)
    if form.startswith(_NO_LOCKS) and os.environ.get("TL_HOME_ANYWAY") != "1":
        raise StoreError(
            f"Runs can't be kept safely on this disk: it is {form}, which has no locks to rely on",
            where=str(path.parent),
            remedy="Set TL_HOME to a folder on a disk of this machine; back up to the other one "
            "(`python -m tlcore backup`). TL_HOME_ANYWAY=1 goes on at your own risk.",
        )


def _which(path: Path) -> tuple[int, int] | None:
    """What tells a file from every other one of this machine; None if there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path) -> _Connection:
    if not path.parent.exists():
        make_private(path.parent)
    with ExitStack() as undo:
        turnstile = undo.enter_context(closing(Turnstile.open(path)))
        sql = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        undo.enter_context(closing(sql))
        sql.row_factory = sqlite3.Row
        sql.execute("PRAGMA synchronous = FULL")
        sql.execute("PRAGMA foreign_keys = ON")
        undo.pop_all()
    return _Connection(sql, turnstile)


def _close_own(idle: dict[int, list[_Connection]]) -> None:
    own = idle.get(os.getpid(), [])
    while own:
        own.pop().close()


def _is_up_to_date(connection: _Connection, path: Path, newest: int) -> bool:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        remedy = "Use a newer Python; it brings a newer SQLite along."
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old", remedy=remedy)
    version = _version(connection)
    if version > newest:
        raise StoreError(
            f"These runs were kept by a newer version of the lab: their format is {version}, "
            f"and this one knows {newest}",
            where=str(path),
            remedy="Update the lab, or give this one a folder of its own: set TL_HOME.",
        )
    return version == newest


def _bring_up_to_date(
    connection: _Connection, path: Path, migrations: tuple[Migration, ...]
) -> None:
    """Migrate version by version, all or nothing. Another process may just have done it."""
    (mode,) = connection.sql.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        remedy = "Set TL_HOME to a folder on a disk of this machine."
        raise StoreError("Runs can't be kept safely on this disk", where=str(path), remedy=remedy)
    if 0 < _version(connection) < len(migrations):
        _copy(connection, kept_before(path, len(migrations)))
    connection.sql.execute("BEGIN IMMEDIATE")
    for migration in migrations[_version(connection) :]:
        for statement in migration:
            connection.sql.execute(statement)
    connection.sql.execute(f"PRAGMA user_version = {len(migrations)}")
    connection.sql.execute("COMMIT")


def kept_before(path: Path, version: int) -> Path:
    """Where the database lies as it was before it was brought to this version: the way back."""
    return path.with_name(f"{path.name}.before-{version}")


def _copy(connection: _Connection, target: Path) -> None:
    """A copy that is whole and on disk, or none."""
    with written_whole(target) as draft:
        connection.sql.execute("VACUUM INTO ?", (str(draft),))


def _version(connection: _Connection) -> int:
    (version,) = connection.sql.execute("PRAGMA user_version").fetchone()
    return int(version)
