"""Decoded pictures, kept on disk and mapped into memory, so that they are decoded once.

One folder for each key, and the key is made from the content it was decoded from: another file,
another key. A folder appears whole or not at all, so two processes may make the same one at once.
What is found damaged is made again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore import paths
from tlcore.access import is_public
from tlcore.errors import DataError
from tlcore.files import held, is_held

Write: TypeAlias = Callable[[NDArray[np.uint8]], None]
Facts: TypeAlias = dict[str, Any]

MOST_BYTES = 40 * 10**9
PUBLIC_BYTES = 2 * 10**9
FREE_BYTES = 10**9

_PIXELS, _FACTS, _SUMS, _OF = "pixels.bin", "facts.json", "sums.json", "of"
_ABANDONED = 24 * 3600  # seconds after which a draft that nobody holds may go


@dataclass(frozen=True)
class Kept:
    """What the cache gives back.

    Attributes:
        pixels: n x height x width x 3, mapped from disk, not to be written to.
        facts: Plain values that were kept with them.
    """

    pixels: NDArray[np.uint8]
    facts: Facts


def key_of(*parts: object) -> str:
    """A key from whatever the pixels depend on.

    >>> key_of("digest", 32) == key_of("digest", 32) != key_of("digest", 64)
    True
    """
    return hashlib.sha256("\x00".join(map(str, parts)).encode()).hexdigest()[:32]


def kept(key: str, make: Callable[[Write], Facts], *, of: str = "") -> Kept:
    """What is kept under this key; made first if it isn't there or is damaged.

    Args:
        key: See `key_of`.
        make: Hands all pixels, some pictures at a time, to the function it is given, and
            returns the facts.
        of: The fingerprint of the data set, by which all that is kept of it can be let go.
    """
    folder = paths.cache() / "data" / key
    with _explained(folder):
        for _ in range(3):  # another process may sweep away what we just saw
            if found := _opened(folder):
                return found
            _put(_drafted(folder, make, of), folder)
            _keep_within(budget(), folder)
    raise DataError(
        "Decoded pictures don't stay as they were written",
        where=str(folder),
        remedy="Check the disk, or set TL_HOME to a folder on another one.",
    )


def budget() -> int:
    """Bytes that all decoded pictures together may take; what is made just now may take more."""
    return PUBLIC_BYTES if is_public() else MOST_BYTES


def clear_of(fingerprint: str) -> int:
    """Let go of whatever was made of the pictures of a data set; how many shelves that were."""
    going = [shelf for shelf in shelves() if _is_of(shelf.path, fingerprint)]
    for shelf in going:
        clear(shelf)
    return len(going)


def activations_of(fingerprint: str) -> str:
    """What the names of files end in that hold activations of this data set."""
    return f".of-{fingerprint[:32]}.bin"


def _is_of(path: Path, fingerprint: str) -> bool:
    if not path.is_dir():
        return path.name.endswith(activations_of(fingerprint))
    try:
        facts = json.loads((path / _FACTS).read_text())
    except (OSError, ValueError):
        return False
    return isinstance(facts, dict) and facts.get(_OF) == fingerprint


@dataclass(frozen=True)
class Shelf:
    """One folder of the cache, or one file of kept activations.

    Attributes:
        path: Where it is.
        bytes: What it takes on disk.
        used: When anybody last asked for it, in seconds since 1970.
    """

    path: Path
    bytes: int
    used: float


def activations() -> Path:
    """Where the training engine keeps what frozen blocks make of pictures."""
    folder = paths.cache() / "activations"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def shelves() -> list[Shelf]:
    """Everything that is kept, what was unused for longest first, after drafts of the killed."""
    found = []
    for path in (*(paths.cache() / "data").glob("*"), *activations().iterdir()):
        with suppress(FileNotFoundError):  # another process may tidy up, too
            used = path.stat().st_mtime
            size = _size(path)
            if path.suffix != ".tmp":
                found.append(Shelf(path, size, used))
            elif _is_abandoned(path, used):
                found.append(Shelf(path, size, 0.0))
    return sorted(found, key=lambda shelf: shelf.used)


def clear(shelf: Shelf) -> None:
    """Delete one. Whoever has its content mapped keeps it; others make it again."""
    if not shelf.path.is_dir():
        shelf.path.unlink(missing_ok=True)
        return
    gone = shelf.path.with_name(f".{secrets.token_hex(8)}.tmp")
    with suppress(OSError):
        shelf.path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _size(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files)


def _keep_within(most: int, newest: Path) -> None:
    """Let go of what was unused for longest, until all that is decoded takes no more."""
    found = [each for each in shelves() if each.path.parent == newest.parent and each.used]
    surplus = sum(each.bytes for each in found) - most
    for each in found:
        if surplus <= 0:
            return
        if each.path != newest:
            surplus -= each.bytes
            clear(each)


def _opened(folder: Path) -> Kept | None:
    try:
        sums = json.loads((folder / _SUMS).read_text())
        if any(_sum(folder / name) != sums[name] for name in (_PIXELS, _FACTS)):
            return None
        facts = json.loads((folder / _FACTS).read_text())
        shape = tuple(facts.pop("shape"))
        facts.pop(_OF, None)  # earlier labs didn't tell
        with suppress(OSError):
            os.utime(folder)  # it was used just now
        return Kept(np.asarray(np.memmap(folder / _PIXELS, np.uint8, "r", shape=shape)), facts)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _drafted(folder: Path, make: Callable[[Write], Facts], of: str) -> Path:
    """A folder beside the one that is wanted, complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".tmp"))
    try:
        shapes: list[tuple[int, ...]] = []
        with held(draft), (draft / _PIXELS).open("wb") as file:

            def write(pictures: NDArray[np.uint8]) -> None:
                _check_free(folder.parent, pictures.nbytes)
                shapes.append(pictures.shape)
                file.write(np.ascontiguousarray(pictures).data)

            facts = make(write)
        shape = (sum(shape[0] for shape in shapes), *shapes[0][1:])
        (draft / _FACTS).write_text(json.dumps({**facts, "shape": shape, _OF: of}))
        sums = {name: _sum(draft / name) for name in (_PIXELS, _FACTS)}
        (draft / _SUMS).write_text(json.dumps(sums))
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return draft


def _check_free(folder: Path, more: int) -> None:
    """In a lab open to anybody, decoding never takes the last of the disk."""
    if is_public() and shutil.disk_usage(folder).free < FREE_BYTES + more:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _put(draft: Path, folder: Path) -> None:
    """Rename the draft into place; what another process put there meanwhile is as good."""
    try:
        draft.rename(folder)
    except OSError:
        if _opened(folder) is None:
            damaged = draft.with_suffix(".damaged.tmp")
            folder.rename(damaged)
            draft.rename(folder)
            shutil.rmtree(damaged, ignore_errors=True)
        else:
            shutil.rmtree(draft, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove drafts that a killed process left behind."""
    for draft in parent.glob(".*.tmp"):
        if _is_abandoned(draft, draft.stat().st_mtime):
            shutil.rmtree(draft, ignore_errors=True)


def _is_abandoned(draft: Path, used: float) -> bool:
    """Old by the clock, which may have been put right meanwhile, and held by nobody."""
    return time.time() - used > _ABANDONED and not is_held(draft)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            what, remedy = "The disk is full", "Free some space (what is kept here can be deleted)"
        else:
            reason = os.strerror(error.errno or errno.EIO)
            what, remedy = f"Decoded pictures can't be kept: {reason}", "Make the folder writable"
        remedy = f"{remedy}, or set TL_HOME to another folder."
        raise DataError(what, where=str(folder.parent), remedy=remedy) from None
