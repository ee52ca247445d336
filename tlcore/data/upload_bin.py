"""The bin for uploads: out of sight at once, gone for good only when the bin is emptied.

Nothing moves: whoever has an upload notes that it is in their bin, so a power cut leaves it
either there or here. The pictures go when they are in everybody's bin.
"""

from __future__ import annotations

import time
from contextlib import suppress

from tlcore.data.cache import clear_of
from tlcore.data.folder import fingerprint_of
from tlcore.data.upload import Upload, list_uploads, mark_binned
from tlcore.data.upload_folder import UploadSource, drop_holders
from tlcore.errors import DataError
from tlcore.runs.owners import Owner


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
