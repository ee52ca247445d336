"""What is handed in, loose files or a zip: both under clean names, and nothing read yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tlcore.data.archive import MOST_FILES, Archive
from tlcore.data.layout import note_on
from tlcore.data.uploads.folder import spooled
from tlcore.data.uploads.limits import MEGABYTE, Limits
from tlcore.data.uploads.names import LONGEST, Cleaner
from tlcore.errors import DataError

_ZIP = ".zip"


@dataclass(frozen=True)
class Handed:
    """A file that somebody hands in, as a browser gives it.

    Attributes:
        name: Its name, or its path within the folder that was chosen: `dogs/1.jpg`.
        content: Its bytes, or an open file that can be wound back.
        label: Its class; unset, the folder in its path tells.
    """

    name: str
    content: bytes | BinaryIO = field(repr=False)
    label: str = ""


@dataclass(frozen=True)
class Piece:
    """One file that can be read when its turn comes."""

    size: int
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Offer:
    """Everything that was handed in.

    Attributes:
        pieces: By clean name.
        folders: Clean names of folders, each ending in /; some may be empty.
        notes: What was changed or left out so far.
    """

    pieces: Mapping[str, Piece]
    folders: Sequence[str]
    notes: Sequence[str]

    @property
    def names(self) -> list[str]:
        return [*self.pieces, *self.folders]


@contextmanager
def offered(files: Iterable[Handed] | Path, limits: Limits) -> Iterator[Offer]:
    """What was handed in, to be read meanwhile. A zip has to come alone."""
    if isinstance(files, Path):
        with _archive(files, limits, files.name) as offer:
            yield offer
        return
    loose = list(islice(files, MOST_FILES + 1))
    if len(loose) > MOST_FILES:
        raise DataError(
            f"There are more than {MOST_FILES:,} files", remedy="Upload fewer at a time."
        )
    if len(loose) == 1 and loose[0].name.lower().endswith(_ZIP):
        content = loose[0].content
        file = BytesIO(content) if isinstance(content, bytes) else content
        _check_size(_size(file), limits)
        with spooled(file) as path, _archive(path, limits, loose[0].name) as offer:
            yield offer
    else:
        yield _loose(loose)


@contextmanager
def _archive(path: Path, limits: Limits, called: str) -> Iterator[Offer]:
    if path.is_file():
        _check_size(path.stat().st_size, limits)
    with _opened(path, called) as archive:
        cleaner = Cleaner()
        named = {cleaner.clean(name): name for name in archive.names()}
        links = note_on("a link", archive.left_out(), "is", "are")
        yield Offer(
            pieces={
                clean: Piece(archive.size(name), partial(archive.read, name))
                for clean, name in named.items()
                if not clean.endswith("/")
            },
            folders=[clean for clean in named if clean.endswith("/")],
            notes=[links, *cleaner.notes()],
        )


def _opened(path: Path, called: str) -> Archive:
    try:
        return Archive(path)
    except DataError as error:
        raise DataError(error.what, where=called[:LONGEST], remedy=error.remedy) from None


def _loose(files: Sequence[Handed]) -> Offer:
    cleaner = Cleaner()
    pieces = {
        cleaner.clean_labelled(file.label, file.name) if file.label else cleaner.clean(file.name):
        _piece(file.content) for file in files
    }  # fmt: skip
    return Offer(pieces, (), cleaner.notes())


def _piece(content: bytes | BinaryIO) -> Piece:
    if isinstance(content, bytes):
        return Piece(len(content), lambda: content)

    def read() -> bytes:
        content.seek(0)
        return content.read()

    return Piece(_size(content), read)


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.bytes:
        raise DataError(
            f"The archive has {size / MEGABYTE:,.0f} MB, and at most "
            f"{limits.bytes // MEGABYTE:,} MB are taken here",
            remedy="Upload fewer or smaller pictures.",
        )
