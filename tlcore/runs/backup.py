"""A whole home in one file, made while runs go on; and a home made of such a file again.

In it are a database that is one moment of the store, every file that its rows name, what people
wrote beside their runs, their uploads and the home's own weights. Left out is what is made again
(the cache) and what was put there by hand (`data`).

>>> from tempfile import mkdtemp
>>> from tlcore.recipe import Recipe
>>> from tlcore.access import LOCAL
>>> store = RunStore(Path(mkdtemp()))
>>> run = store.submit(Recipe(name="Pets"), by=LOCAL)
>>> file = back_up(store, Path(mkdtemp()) / "lab.backup").file
>>> restored = restore(file, Path(mkdtemp()) / "elsewhere")
>>> [each.name for each in RunStore(restored.home).list(by=LOCAL)]
['Pets']
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import tlcore
from tlcore import paths
from tlcore.data.uploads.folder import changing
from tlcore.errors import RunError, StoreError
from tlcore.files import force_to_disk, held, is_held, written_whole
from tlcore.runs.database import Turnstile, in_words, kept_before
from tlcore.runs.records import digest
from tlcore.runs.store import RunStore

FORMAT = 1
WHY_LOST = "it was at work when the backup was made"

_DATABASE, _MANIFEST = "runs.sqlite", "backup.json"
_LOCKS = (".lock", ".tmp")
_PLACE = re.compile(
    r"(runs|uploads|weights)(/[^/\\\x00]+)+|runs\.sqlite|visitors\.key|backup\.json"
)


@dataclass(frozen=True)
class Backup:
    """What is in a backup, or was restored from one.

    Attributes:
        file: The backup.
        home: The home that it was made of, or that was made of it.
        runs: How many runs, those in the bin included.
        uploads: How many uploads.
        files: How many files in all.
        bytes: The file's size.
        lost: Runs that were at work then; once restored, they wait to be resumed.
    """

    file: Path
    home: Path
    runs: int
    uploads: int
    files: int
    bytes: int
    lost: tuple[str, ...] = ()


def back_up(store: RunStore, file: Path) -> Backup:
    """Write all that a home holds to one file, which appears whole or not at all.

    Writers wait only while the database is copied and the files of runs are linked.

    Raises:
        StoreError: The disk refuses, or a file that a run needs is damaged.
    """
    with in_words(file), _staged(store.home) as stage:
        with changing(), store.copied(stage / _DATABASE):
            _link_runs(store, stage)
            _link_tree(
                store.home / "uploads", stage / "uploads", _folders_of(store.home / "uploads")
            )
        if (key := store.home / "visitors.key").exists():  # else nobody is known any more
            _link(key, stage / key.name, needed=False)
        weights = store.home / "weights"
        _link_tree(weights, stage / "weights", [path.name for path in _files_of(weights)])
        facts = _checked(stage)
        with written_whole(file) as draft:
            _pack(stage, draft, facts)
    return Backup(file, store.home, bytes=file.stat().st_size, **facts)


def restore(file: Path, home: Path | None = None) -> Backup:
    """Make a home of a backup. Runs that were at work then are lost, and can be resumed.

    Args:
        file: What `back_up` wrote.
        home: A folder without runs and uploads; unset, the lab's.

    Raises:
        RunError: It is no backup or damaged, or the folder holds a lab already.
    """
    home = home or paths.home()
    _refuse_inhabited(home)
    with in_words(home), _staged(home) as stage:
        _unpack(file, stage)
        facts = _checked(stage)
        with closing(RunStore(stage)) as store:  # brings the database up to date
            lost = store.abandon(WHY_LOST)
        for path in stage.glob(f"{_DATABASE}-*"):
            path.unlink()
        _settle(stage, home)
    return Backup(file, home, bytes=file.stat().st_size, lost=lost, **facts)


def go_back(store: RunStore, version: int) -> Path:
    """Put the database back that was kept before it was brought to a version.

    The present one is kept beside it, and where is given back.

    Raises:
        RunError: There is none, or the lab is open.
    """
    database = store.home / _DATABASE
    before = kept_before(database, version)
    if not before.is_file():
        raise RunError(f"No database was kept from before version {version}", where=str(before))
    kept = database.with_name(f"{_DATABASE}.after-{secrets.token_hex(4)}")
    store.close()
    with in_words(database), closing(Turnstile.open(database)) as turnstile, turnstile.passing():
        _closed_to(database, kept)
        with written_whole(database) as draft:
            shutil.copyfile(before, draft)
            _write_ahead(draft)
    return kept


def _closed_to(database: Path, kept: Path) -> None:
    """Copy a database that nobody has open: whoever closes it last removes its log."""
    with closing(sqlite3.connect(database)) as sql, written_whole(kept) as draft:
        sql.execute("VACUUM INTO ?", (str(draft),))
    if database.with_name(f"{database.name}-wal").exists():
        kept.unlink()
        remedy = "Pause or stop its runs and close it; then try again."
        raise RunError("The lab is open", where=str(database.parent), remedy=remedy)


def _write_ahead(database: Path) -> None:
    """As the store wants it; copies of SQLite's are without."""
    with closing(sqlite3.connect(database)) as sql:
        sql.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _staged(home: Path) -> Iterator[Path]:
    """A folder on the home's own disk, gone in the end."""
    home.mkdir(parents=True, exist_ok=True)
    stage = home / f".backup.{secrets.token_hex(8)}.tmp"
    for left in home.glob(".backup.*.tmp"):
        if not is_held(left):
            shutil.rmtree(left, ignore_errors=True)
    stage.mkdir(mode=0o700)
    try:
        with held(stage):
            yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _link_runs(store: RunStore, stage: Path) -> None:
    """The files that rows name, and whatever else lies openly in a run's folder."""
    named = _named(stage / _DATABASE)
    for run, places in named.items():
        folder = store.home / "runs" / run
        beside = [path.name for path in _files_of(folder) if _is_kept(path)]
        for place in {*places, *beside}:
            _link(folder / place, stage / "runs" / run / place, needed=place in places)


def _is_kept(path: Path) -> bool:
    return not path.name.startswith(".") and path.name != "lock" and path.suffix not in _LOCKS


def _named(database: Path) -> dict[str, dict[str, str]]:
    """Every run of a database, and the files that belong to it, each with its sum."""
    with closing(sqlite3.connect(database)) as sql:
        found: dict[str, dict[str, str]] = {run: {} for (run,) in sql.execute("SELECT id FROM run")}
        for run, place, sha256 in sql.execute(
            "SELECT run.id, path, sha256 FROM artifact JOIN run ON run.number = artifact.run"
        ):
            found[run][place] = sha256
    return found


def _link_tree(source: Path, target: Path, names: list[str]) -> None:
    for name in names:
        top = source / name
        for path in (p for p in (top, *top.rglob("*")) if p.is_file()):
            if _is_kept(path):
                _link(path, target / path.relative_to(source), needed=False)


def _link(source: Path, target: Path, *, needed: bool) -> None:
    """The file under a second name; a copy where the disk gives none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copy2(source, target)
    except FileNotFoundError:
        if needed:
            raise _damaged(source, "is missing") from None


def _checked(stage: Path) -> dict[str, Any]:
    """How much there is, once every file of every run is what was published."""
    named = _named(stage / _DATABASE)
    for run, places in named.items():
        for place, sha256 in places.items():
            path = stage / "runs" / run / place
            if not path.is_file():
                raise _damaged(path.relative_to(stage), "is missing")
            if digest(path) != sha256:
                raise _damaged(path.relative_to(stage), "is not what it was")
    return {
        "runs": len(named),
        "uploads": len(_folders_of(stage / "uploads")),
        "files": sum(path.is_file() for path in stage.rglob("*")),
    }


def _pack(stage: Path, target: Path, facts: dict[str, Any]) -> None:
    manifest = {"format": FORMAT, "thaw": tlcore.__version__, **facts}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_MANIFEST, json.dumps(manifest, indent=1))
        for path in sorted(path for path in stage.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(stage).as_posix())


def _unpack(file: Path, stage: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            _refuse_foreign(archive, file)
            for entry in archive.infolist():
                _extract(archive, entry, stage)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, KeyError) as error:
        raise _no_backup(file, str(error)) from None
    (stage / _MANIFEST).unlink()
    _write_ahead(stage / _DATABASE)


def _refuse_foreign(archive: zipfile.ZipFile, file: Path) -> None:
    manifest = json.loads(archive.read(_MANIFEST))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _no_backup(file, "another version of the lab wrote it")
    for name in archive.namelist():
        if not _PLACE.fullmatch(name) or ".." in PurePosixPath(name).parts:
            raise _no_backup(file, f"{name!r:.80} doesn't belong into a home")


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, stage: Path) -> None:
    target = stage / entry.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    force_to_disk(target)


def _settle(stage: Path, home: Path) -> None:
    """Move everything to its place, the database last: without it there is no lab yet."""
    for name in ("runs", "uploads", "weights", _DATABASE):
        if (stage / name).exists():
            if (home / name).is_dir():
                (home / name).rmdir()
            (stage / name).rename(home / name)
    force_to_disk(home)


def _refuse_inhabited(home: Path) -> None:
    taken = [home / _DATABASE, *(home / name for name in ("runs", "uploads", "weights"))]
    for path in taken:
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise RunError(
                "A lab lives in this folder already",
                where=str(path),
                remedy="Restore into a folder of its own: let TL_HOME name a new one.",
            )


def _files_of(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if path.is_file()]


def _folders_of(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*") if path.is_dir() and path.name[0] != "."]


def _damaged(path: Path, how: str) -> StoreError:
    remedy = "Delete that run, or put the file back; then make the backup again."
    return StoreError(f"A file of a run {how}", where=str(path), remedy=remedy)


def _no_backup(file: Path, why: str) -> RunError:
    remedy = "Take a file that `python -m tlcore backup` wrote, whole."
    return RunError(f"This is no backup of a lab ({why})", where=str(file), remedy=remedy)
