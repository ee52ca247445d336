"""Where kept activations lie: in memory, or in a file that later runs find again.

The arithmetic is of bytes alone. One pass through the frozen blocks costs more than writing what
comes out of it, so whatever there is room for is kept. Files are named by what they depend on
(see `Activations`), appear whole, and are found by any run of the same home.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from tlcore.data import cache
from tlcore.nn.device import available_memory
from tlcore.nn.engine.batches import SHARE_OF_MEMORY
from tlcore.runs.records import digest

SHARE_OF_DISK = 0.1
MOST_ON_DISK = 4 * 10**9
"""Bytes of all kept activations together; what was unused for longest goes first."""


class Shelf:
    """Activations of all pictures in order, once it is full.

    Attributes:
        full: Whether all of them are there.
    """

    def __init__(
        self, tensor: Tensor, *, draft: Path | None = None, key: str = "", of: str = ""
    ) -> None:
        self.full = False
        self._tensor, self._draft, self._key, self._of = tensor, draft, key, of

    def rows(self, rows: Tensor) -> Tensor:
        """The activations of these rows."""
        return self._tensor[rows.to(self._tensor.device)]

    def put(self, first: int, activations: Tensor) -> None:
        """Keep the activations of the next pictures."""
        self._tensor[first : first + len(activations)] = activations

    def close(self) -> None:
        """All are there: give the file a name that tells its sum, so that others find it."""
        self.full = True
        if self._draft is not None:
            with suppress(OSError):  # then it serves this run alone
                os.replace(self._draft, _place(self._key, digest(self._draft), self._of))


def open_shelf(
    key: str, count: int, like: Tensor, device: torch.device, of: str = ""
) -> Shelf | None:
    """The shelf of this key, full if anybody filled it before; None if there is no room for it.

    Args:
        key: Of all that the activations depend on.
        count: Of how many pictures.
        like: Those of one picture.
        device: Where the thawed blocks are.
        of: The fingerprint of the data set that the pictures are from.
    """
    size = count * like.nbytes
    with suppress(OSError):
        if device.type == "cpu" and (shelf := _found(key, count, like)):
            return shelf
        if device.type == "cpu" and _makes_room(size):
            return _begun(key, count, like, of)
    fits = size <= SHARE_OF_MEMORY * available_memory(device)
    return Shelf(like.new_empty((count, *like.shape))) if fits else None


def _place(key: str, total: str, of: str) -> Path:
    return cache.activations() / f"{key}.{total}{cache.activations_of(of)}"


def _found(key: str, count: int, like: Tensor) -> Shelf | None:
    """What another run, or this one before it was interrupted, has left, if it is whole."""
    for place in cache.activations().glob(f"{key}.*.bin"):
        size = place.stat().st_size
        if size == count * like.nbytes and place.name.split(".")[1] == digest(place):
            os.utime(place)  # it was used just now
            shelf = Shelf(_mapped(place, count, like, shared=False))
            shelf.full = True
            return shelf
        place.unlink()
    return None


def _begun(key: str, count: int, like: Tensor, of: str) -> Shelf:
    """A file with all the space it will need: a disk that fills up later can't hurt then."""
    handle, name = tempfile.mkstemp(dir=cache.activations(), suffix=".tmp")
    try:
        os.posix_fallocate(handle, 0, max(1, count * like.nbytes))
    except (OSError, AttributeError) as error:  # AttributeError: macOS has no such thing
        Path(name).unlink()
        raise OSError("no space for kept activations") from error
    finally:
        os.close(handle)
    return Shelf(_mapped(Path(name), count, like, shared=True), draft=Path(name), key=key, of=of)


def _mapped(path: Path, count: int, like: Tensor, *, shared: bool) -> Tensor:
    """A tensor that lies in a file."""
    flat = torch.from_file(str(path), shared, size=count * like.numel(), dtype=like.dtype)
    return flat.view(count, *like.shape)


def _makes_room(size: int) -> bool:
    """Whether a file of this size may lie on the disk, after older ones went."""
    folder = cache.activations()
    if size > min(MOST_ON_DISK, SHARE_OF_DISK * shutil.disk_usage(folder).free):
        return False
    files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in folder.iterdir())
    excess = size + sum(size for _, size, _ in files) - MOST_ON_DISK
    for _, freed, path in files:
        if excess > 0 and path.suffix != ".tmp":  # somebody writes to it
            path.unlink()
            excess -= freed
    return True
