"""What is kept, what takes how much room, and what may go.

Of a run's own files the store keeps the best network and the last two states to go on from, and
lets the others go as it publishes. Whatever people delete lies in the bin until that is emptied.
`prune` finds the rest: what crashes left behind, runs that are old, and decoded pictures that
nobody has looked at for long.

Deleting for good first makes the store forget a run and then removes its files. A power cut in
between leaves files that nobody knows of, which `prune` finds, and never half a run in the bin.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from tlcore import paths
from tlcore.access import LOCAL, Owner
from tlcore.data import cache
from tlcore.data.uploads.files import (
    Upload,
    bin_upload,
    binned_before,
    drop,
    empty_upload_bin,
    find_upload,
    list_uploads,
)
from tlcore.data.uploads.files import disk_use as uploads_use
from tlcore.data.uploads.folder import SCHEME, abandoned
from tlcore.errors import NotAllowed, RunError
from tlcore.runs.artifacts import remove_path, size_of
from tlcore.runs.explanations import drop_explained, has_explained
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

AT_REST = (State.FINISHED, State.STOPPED, State.FAILED, State.LOST)
"""States that an old run may be in; what is paused waits for somebody."""

_NAMED = 3


@dataclass(frozen=True)
class Going:
    """Something that goes, or would go.

    Attributes:
        what: A stray file or folder, a run that goes into the bin, decoded pictures, or a run or
            an upload that leaves the bin.
        name: The run's or the upload's id, or the path.
        bytes: What it takes on disk.
    """

    what: Literal["stray", "old run", "decoded pictures", "run", "upload"]
    name: str
    bytes: int


@dataclass(frozen=True)
class DiskUse:
    """Bytes on disk.

    Attributes:
        runs: Of all runs, those in the bin included.
        binned: Of these and of uploads, what lies in the bin.
        uploads: Of all pictures handed in, those in the bin included.
        cache: Decoded pictures and whatever else is made again when needed.
        free: What is free on the disk.
    """

    runs: int
    binned: int
    uploads: int
    cache: int
    free: int


def prune(
    store: RunStore,
    *,
    by: Owner,
    dry_run: bool = True,
    runs_before: float | None = None,
    cache_bytes: int | None = None,
) -> tuple[Going, ...]:
    """Clear up, or tell what would go and how much room that would make.

    Args:
        store: Whose runs.
        by: Only LOCAL may.
        dry_run: Only tell.
        runs_before: Put runs into the bin that ended before this moment (seconds since 1970).
        cache_bytes: Let decoded pictures go, those unused for longest first, down to so much.
    """
    if by != LOCAL:
        raise NotAllowed("Only whoever sits at the lab's machine clears up for everybody")
    return (
        *_strays(store, dry_run),
        *_old_runs(store, runs_before, dry_run),
        *_unused_pictures(cache_bytes, dry_run),
    )


def empty_bin(
    store: RunStore, *, by: Owner, older_than: float = 0.0, dry_run: bool = False
) -> tuple[Going, ...]:
    """Delete for good what somebody has put into the bin (LOCAL, what anybody has).

    Args:
        store: Whose runs.
        by: Whose bin.
        older_than: Only what has been there for so many seconds.
        dry_run: Only tell.
    """
    moment = store.clock.wall() - older_than
    uploads = binned_before(moment, by=by) if dry_run else empty_upload_bin(moment, by=by)
    return (
        *_binned_runs(store, moment, by, dry_run),
        *(Going("upload", upload.id, upload.bytes) for upload in uploads),
    )


def showing(store: RunStore, uploads: Collection[str], *, by: Owner) -> tuple[Run, ...]:
    """Somebody's runs, in the bin or not, that keep small copies of the pictures of these uploads.

    Args:
        store: Whose runs.
        uploads: Their ids; they may have been deleted.
        by: Whose runs (LOCAL, everybody's).
    """
    addresses = {SCHEME + upload for upload in uploads}
    runs = (*_own(store, by), *_own(store, by, binned=True)) if addresses else ()
    return tuple(
        run
        for run in runs
        if store.recipe(run.id, by=by).data.path in addresses and _shows(store, run.id, by)
    )


def drop_pictures(store: RunStore, run: str, *, by: Owner) -> None:
    """Delete the small copies of pictures that a run keeps, and the maps made of them; what it
    answered stays, with the names of the files."""
    store.take_away(run, "pictures", by=by)
    drop_explained(store.folder(run, by=by).path)


def _shows(store: RunStore, run: str, by: Owner) -> bool:
    explained = has_explained(store.folder(run, by=by).path)
    return explained or store.artifact(run, "pictures", by=by) is not None


def expire(store: RunStore) -> tuple[Going, ...]:
    """Delete for good what people left lying in a lab open to anybody who haven't been here for
    so long as its rules say: runs that ended, and uploads."""
    absent = store.rules().absent
    if absent is None:
        return ()
    before = store.clock.wall() - absent
    here = store.visits.since(before)
    return (*_left_runs(store, before, here), *_left_uploads(store, before, here))


def _left_runs(store: RunStore, before: float, here: Collection[str]) -> Iterator[Going]:
    for binned in (False, True):
        for run in store.list(by=LOCAL, states=(*AT_REST, State.PAUSED), limit=-1, binned=binned):
            if run.owner == LOCAL or run.owner.id in here or run.updated >= before:
                continue
            folder = store.folder(run.id, by=LOCAL).path
            going = Going("old run", run.id, size_of(folder))
            with suppress(RunError):  # somebody may have resumed it just now
                if run.binned is None:
                    store.delete(run.id, by=LOCAL)
                store.forget(run.id, by=LOCAL)
                remove_path(folder)
                yield going


def _left_uploads(store: RunStore, before: float, here: Collection[str]) -> Iterator[Going]:
    used = {store.recipe(run.id, by=LOCAL).data.path for run in store.list(by=LOCAL, limit=-1)}
    for upload in (*list_uploads(by=LOCAL), *list_uploads(by=LOCAL, binned=True)):
        absent = upload.owner not in {LOCAL.id, *here} and upload.created < before
        if absent and upload.path not in used:
            drop(upload)
            yield Going("upload", upload.id, upload.bytes)


def delete_upload(store: RunStore, upload: str, *, by: Owner, anyway: bool = False) -> Upload:
    """Put an upload into the bin, unless runs need it.

    Args:
        store: The runs that may need it.
        upload: Its id.
        by: Who has it.
        anyway: Even then.
    """
    found = find_upload(upload, by=by)
    if not anyway and (users := _users(store, found)):
        own = [run.id for run in users if by in (LOCAL, run.owner)]
        named = f" ({', '.join(own[:_NAMED])}{', ...' if len(own) > _NAMED else ''})" if own else ""
        count = "1 run was" if len(users) == 1 else f"{len(users)} runs were"
        raise RunError(
            f"{count} made with these pictures{named}, and can't be resumed or repeated without",
            where=found.path,
            remedy="Delete them all the same, if that is no loss; they can be restored from the "
            "bin until it is emptied.",
        )
    return bin_upload(upload, by=by)


def run_bytes(store: RunStore, run: str, *, by: Owner) -> int:
    """What a run takes on disk."""
    return size_of(store.folder(run, by=by).path)


def disk_use(store: RunStore, *, by: Owner) -> DiskUse:
    """What somebody's runs and uploads take (for LOCAL, everybody's), and what all share."""
    kept = sum(run_bytes(store, run.id, by=by) for run in _own(store, by))
    binned = sum(run_bytes(store, run.id, by=by) for run in _own(store, by, binned=True))
    binned_uploads = {each.id: each.bytes for each in list_uploads(by=by, binned=True)}
    return DiskUse(
        runs=kept + binned,
        binned=binned + sum(binned_uploads.values()),
        uploads=uploads_use(by=by),
        cache=size_of(paths.cache()),
        free=shutil.disk_usage(store.home).free,
    )


def _own(store: RunStore, by: Owner, *, binned: bool = False) -> list[Run]:
    runs = store.list(by=by, limit=-1, binned=binned)
    return [run for run in runs if by in (LOCAL, run.owner)]


def _users(store: RunStore, upload: Upload) -> list[Run]:
    """Everybody's runs that were made with an upload."""
    runs = store.list(by=LOCAL, limit=-1)
    return [run for run in runs if store.recipe(run.id, by=LOCAL).data.path == upload.path]


def _strays(store: RunStore, dry_run: bool) -> Iterator[Going]:
    for stray in store.strays(remove=not dry_run):
        yield Going("stray", str(stray.path), stray.bytes)
    for path in abandoned():
        yield Going("stray", str(path), size_of(path))
        if not dry_run:
            remove_path(path)


def _binned_runs(store: RunStore, moment: float, by: Owner, dry_run: bool) -> Iterator[Going]:
    for run in _own(store, by, binned=True):
        if run.binned is None or run.binned > moment:
            continue
        folder = store.folder(run.id, by=by).path
        going = Going("run", run.id, size_of(folder))
        with suppress(RunError):  # somebody may have restored it just now
            if not dry_run:
                store.forget(run.id, by=by)
                remove_path(folder)
            yield going


def _old_runs(store: RunStore, before: float | None, dry_run: bool) -> Iterator[Going]:
    if before is None:
        return
    for run in store.list(by=LOCAL, states=AT_REST, limit=-1):
        if run.ended is None or run.ended >= before:
            continue
        with suppress(RunError):  # somebody may have resumed it just now
            if not dry_run:
                store.delete(run.id, by=LOCAL)
            yield Going("old run", run.id, run_bytes(store, run.id, by=LOCAL))


def _unused_pictures(most: int | None, dry_run: bool) -> Iterator[Going]:
    """What killed processes left, and decoded pictures beyond so many bytes, those unused for
    longest first."""
    shelves = cache.shelves()
    surplus = sum(shelf.bytes for shelf in shelves) - (math.inf if most is None else most)
    for shelf in shelves:
        if shelf.used and surplus <= 0:
            return
        surplus -= shelf.bytes
        yield Going("decoded pictures", str(shelf.path), shelf.bytes)
        if not dry_run:
            cache.clear(shelf)
