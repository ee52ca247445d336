"""Files that appear whole or not at all, in folders that nobody else looks into."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it takes `path`'s place only if nothing went wrong.

    The file's bytes, its name and the folder's entry are all forced to disk, so a power cut
    leaves either the old file or the new one. (A rename without the first of these was seen
    to leave corrupt files.)

    >>> from tempfile import mkdtemp
    >>> target = Path(mkdtemp()) / "note.txt"
    >>> with written_whole(target) as draft:
    ...     _ = draft.write_text("thawed")
    >>> target.read_text()
    'thawed'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".{path.name[:100]}.{secrets.token_hex(8)}.tmp"
    draft.touch(exist_ok=False)  # not `tempfile`, whose files nobody else may read
    try:
        yield draft
        force_to_disk(draft)
        os.replace(draft, path)
        force_to_disk(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def force_to_disk(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, would survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Show others that a draft is being worked on, however old its date says that it is.

    The lock ends with the process that holds it, and clocks that are put right don't touch it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether somebody works on a draft; not so, if it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def make_private(folder: Path) -> None:
    """Have a folder for this account alone: pictures of people may lie in it, and a school's
    machine has many accounts.

    One that was made for a group on purpose (its setgid bit says so) stays open to that group;
    what belongs to somebody else, or is everybody's scratch, is left as it is.
    """
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        force_to_disk(folder.parent)
        return
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX or folder == Path.home():
        return
    others = stat.S_IRWXO if found.st_mode & stat.S_ISGID else stat.S_IRWXG | stat.S_IRWXO
    if found.st_mode & others:
        with suppress(OSError):  # a disk that knows no rights, or can't be written to
            folder.chmod(stat.S_IMODE(found.st_mode) & ~others)
