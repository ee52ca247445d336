"""Pictures that people hand in: checked one by one, then kept whole or not at all.

>>> import io
>>> from PIL import Image
>>> from tlcore.access import LOCAL
>>> file = io.BytesIO()
>>> Image.new("RGB", (9, 9)).save(file, "PNG")
>>> snaps = [Handed("snap.png", file.getvalue(), label=name) for name in ("cats", "dogs")]
>>> upload = keep_upload(snaps, by=LOCAL, name="Pets")
>>> upload.classes, upload.path == f"upload:{upload.id}"
({'cats': 1, 'dogs': 1}, True)

A recipe then says `data: {name: folder, path: "upload:3fa9..."}`.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from tlcore import paths
from tlcore.access import LOCAL, Owner, share
from tlcore.data.cache import clear_of
from tlcore.data.decode import check_picture, quietly
from tlcore.data.folder import fingerprint_of
from tlcore.data.layout import Entry, Layout, arrange, note_on_damage
from tlcore.data.uploads.folder import (
    SCHEME,
    Draft,
    UploadSource,
    all_ids,
    changing,
    drafted,
    drop_holders,
    missing,
    read_holder,
    read_holders,
    read_items,
    write_holder,
)
from tlcore.data.uploads.limits import MEGABYTE, Limits, usual_limits
from tlcore.data.uploads.names import LONGEST
from tlcore.data.uploads.sources import Handed, Offer, offered
from tlcore.errors import DataError


def bin_upload(upload: str, *, by: Owner) -> Upload:
    """Put an upload into one's bin (LOCAL, into that of everybody who has it)."""
    return mark_binned(upload, by=by, at=time.time())


def restore_upload(upload: str, *, by: Owner) -> Upload:
    """Take it out again."""
    return mark_binned(upload, by=by, at=None)


def binned_before(moment: float, *, by: Owner) -> tuple[Upload, ...]:
    """What `empty_upload_bin` would delete."""
    return tuple(
        upload for upload in list_uploads(by=by, binned=True) if (upload.binned or 0.0) <= moment
    )


def empty_upload_bin(moment: float, *, by: Owner) -> tuple[Upload, ...]:
    """Delete for good what was put into the bin before a moment."""
    going = binned_before(moment, by=by)
    for upload in going:
        drop(upload)
    return going


def drop(upload: Upload) -> None:
    """Delete it for good for one who has it. Once nobody has it, all that was made of its pictures
    to be quick goes, too; of a run's own copies see `tlcore.runs.retention`."""
    fingerprint = ""
    with suppress(DataError):  # a damaged one goes as well
        fingerprint = fingerprint_of(UploadSource(upload.id))
    if drop_holders(upload.id, {upload.owner}) and fingerprint:
        clear_of(fingerprint)


_MAKE_ROOM = "Delete an upload that you no longer need, and empty the bin."

__all__ = [
    "Handed",
    "Limits",
    "Upload",
    "disk_use",
    "find_upload",
    "keep_upload",
    "list_uploads",
    "mark_binned",
    "share_upload",
]


@dataclass(frozen=True)
class Upload:
    """Pictures that somebody handed in.

    Attributes:
        id: Made from the pictures: the same ones have the same id, on any machine.
        owner: The id of whoever has it.
        name: What they call it.
        classes: How many pictures each class has.
        bytes: What it takes on disk.
        created: When they handed it in, in seconds since 1970.
        notes: What was left out or changed, a sentence each.
        binned: When they put it into the bin; None if they didn't.
        shared: Whether whoever has its address may look at it and train on it.
    """

    id: str
    owner: str
    name: str
    classes: Mapping[str, int]
    bytes: int
    created: float
    notes: tuple[str, ...] = ()
    binned: float | None = None
    shared: bool = False

    @property
    def path(self) -> str:
        """What a recipe calls it."""
        return SCHEME + self.id

    @property
    def pictures(self) -> int:
        return sum(self.classes.values())


def keep_upload(
    files: Iterable[Handed] | Path, *, by: Owner, name: str = "", limits: Limits | None = None
) -> Upload:
    """Check pictures and keep them; what can't be used at all leaves nothing behind.

    Args:
        files: Files with their class in their path (`dogs/1.jpg`) or label, a single zip among
            them, or the path of a zip.
        by: Who has them from now on.
        name: What to call them.
        limits: How much is taken; unset, what is usual here.

    Raises:
        DataError: They were refused, and nothing was kept.
    """
    limits = limits or usual_limits()
    with _explained(), quietly(), offered(files, limits) as offer, drafted() as draft:
        layout = arrange(offer.names)
        _check_amount(layout, offer, limits)
        classes, damage = _fill(draft, layout, offer, limits)
        size = sum(item.bytes for item in draft.items)
        fields = {
            "name": " ".join(name.split())[:LONGEST],
            "classes": classes,
            "bytes": size,
            "created": time.time(),
            "notes": [note for note in (*offer.notes, *layout.notes, *damage) if note],
            "binned": None,
        }
        room = partial(_check_room, draft.upload, size, sum(classes.values()), by, limits)
        return _upload(draft.put(by.id, fields, room), {"owner": by.id, **fields})


def list_uploads(*, by: Owner, binned: bool = False) -> tuple[Upload, ...]:
    """Whatever somebody has handed in, the newest first; LOCAL sees everybody's.

    Args:
        by: Who asks.
        binned: List what is in the bin instead.
    """
    found = (
        upload for each in all_ids() for upload in _held(each, by)
        if (upload.binned is not None) == binned
    )  # fmt: skip
    return tuple(sorted(found, key=lambda upload: (-upload.created, upload.id)))


def disk_use(*, by: Owner) -> int:
    """Bytes of whatever somebody has handed in, the bin included; for LOCAL, of everything."""
    return sum(uploads[0].bytes for uploads in map(partial(_held, by=by), all_ids()) if uploads)


def find_upload(upload: str, *, by: Owner) -> Upload:
    """One upload; what somebody else has looks as if it weren't there."""
    for found in _held(upload, by):
        return found
    raise missing(upload)


def share_upload(upload: str, *, by: Owner, shared: bool) -> Upload:
    """Let whoever has its address look at an upload and train on it; or end that, for whatever
    is opened from then on."""
    return _noted(upload, by, shared=shared)


def mark_binned(upload: str, *, by: Owner, at: float | None) -> Upload:
    """Note that an upload is in somebody's bin, or that it isn't; use `upload_bin`."""
    return _noted(upload, by, binned=at)


def _noted(upload: str, by: Owner, **changed: Any) -> Upload:
    """Write down what somebody has decided (LOCAL, for everybody who has it)."""
    find_upload(upload, by=by)
    with changing():
        for owner, fields in read_holders(upload).items():
            if by in (LOCAL, Owner(owner)):
                write_holder(upload, owner, {**fields, **changed})
    return find_upload(upload, by=by)


def _held(upload: str, by: Owner) -> list[Upload]:
    """An upload as its holders know it, as far as somebody may see: their own first."""
    if by != LOCAL:
        fields = read_holder(upload, by.id)
        return [_upload(upload, fields)] if fields else []
    holders = read_holders(upload)
    own = [by.id] if by.id in holders else []
    others = [owner for owner in holders if owner != by.id]
    return [_upload(upload, holders[owner]) for owner in own + others]


def _upload(upload: str, fields: Mapping[str, Any]) -> Upload:
    fields = {"shared": False, **fields}  # which earlier versions didn't write
    known = {each.name: fields[each.name] for each in dataclass_fields(Upload) if each.name != "id"}
    return Upload(upload, **{**known, "notes": tuple(known["notes"])})


def _check_amount(layout: Layout, offer: Offer, limits: Limits) -> None:
    """Before a picture is read: how many there are, of how many classes, and how large."""
    classes = {entry.class_name for entry in layout.entries}
    size = sum(offer.pieces[entry.name].size for entry in layout.entries)
    for found, most, what in (
        (len(layout.entries), limits.pictures, "pictures"),
        (len(classes), limits.classes, "classes"),
        (size, limits.bytes, "bytes of pictures"),
    ):
        if found > most:
            raise DataError(
                f"There are {found:,} {what}, and at most {most:,} are taken here",
                remedy="Upload fewer or smaller pictures.",
            )


def _fill(
    draft: Draft, layout: Layout, offer: Offer, limits: Limits
) -> tuple[dict[str, int], list[str]]:
    """Check each picture and put it into the draft; count the classes, tell what can't be read."""
    problems: dict[str, str] = {}
    kept: list[Entry] = []
    pixels = 0
    for entry in layout.entries:
        try:
            content = offer.pieces[entry.name].read()
            seen = check_picture(content)
        except DataError as error:
            problems[entry.name] = error.what
            continue
        pixels += seen.pixels
        if pixels > limits.pixels:
            raise DataError(
                f"The pictures have over {limits.pixels // MEGABYTE:,} million pixels together",
                remedy="Make them smaller: a network sees a few hundred pixels a side.",
            )
        draft.add(entry.place, seen.ending, content)
        kept.append(entry)
    _check_classes(layout.entries, kept, problems)
    return _counted(kept), [note_on_damage(problems), *_notes_on_lost(layout.entries, kept)]


def _check_classes(
    found: Sequence[Entry], kept: Sequence[Entry], problems: Mapping[str, str]
) -> None:
    """At least two classes to learn must be left."""
    if len({entry.class_name for entry in kept if entry.side == "train"}) >= 2:
        return
    name, reason = next(iter(problems.items()), ("", ""))
    first = f"; the first that can't be read is {reason}" if reason else ""
    raise DataError(
        f"Of {len({entry.class_name for entry in found})} classes fewer than two have pictures "
        f"to learn from{first}",
        where=name,
        remedy="Save the pictures again as JPEG or PNG; at least two classes are needed.",
    )


def _counted(kept: Sequence[Entry]) -> dict[str, int]:
    return dict(sorted(Counter(entry.class_name for entry in kept).items()))


def _notes_on_lost(found: Sequence[Entry], kept: Sequence[Entry]) -> list[str]:
    lost = {entry.class_name for entry in found} - {entry.class_name for entry in kept}
    return [
        f"Class {name!r} was left out: none of its pictures can be read." for name in sorted(lost)
    ]


def _check_room(upload: str, size: int, pictures: int, by: Owner, limits: Limits) -> None:
    """Whether it fits beside everything else that is here."""
    others = [each for each in all_ids() if each != upload]
    left = limits.total_bytes - sum(map(partial(_bytes_of, paths.uploads()), others))
    if left < size or shutil.disk_usage(paths.uploads()).free < limits.free_bytes:
        raise DataError(
            "There is no room for more uploads here now",
            remedy="Try again later, or run the lab on your own machine.",
        )
    if by == LOCAL:
        return
    own = [found for each in others for found in _held(each, by)]
    taken = sum(each.bytes for each in own) + size
    most = share(limits.owner_bytes, left, min(limits.bytes, limits.owner_bytes))
    if taken > most:
        raise DataError(
            f"Your uploads would take {taken / MEGABYTE:,.0f} MB, and "
            f"{most // MEGABYTE:,} MB are yours",
            remedy=_MAKE_ROOM,
        )
    _check_numbers(len(own) + 1, sum(each.pictures for each in own) + pictures, limits)


def _check_numbers(uploads: int, pictures: int, limits: Limits) -> None:
    for count, most, what in (
        (uploads, limits.owner_uploads, "uploads"),
        (pictures, limits.owner_pictures, "pictures"),
    ):
        if count > most:
            raise DataError(
                f"You would have {count:,} {what}, and one person has at most {most:,} here",
                remedy=_MAKE_ROOM,
            )


@lru_cache(maxsize=100_000)
def _bytes_of(uploads: Path, upload: str) -> int:
    """Of an upload's pictures. It is called after its content, which never changes."""
    try:
        return sum(item.bytes for item in read_items(upload))
    except DataError:
        return 0


@contextmanager
def _explained() -> Iterator[None]:
    """What the disk refuses, in words."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else os.strerror(error.errno or errno.EIO)
        raise DataError(
            f"The upload can't be kept: {reason}",
            where=str(paths.home()),
            remedy="Free some space." if full else "Make the folder writable, or set TL_HOME.",
        ) from None
