"""Small test pictures of a run, so that pages show them without the data set being at hand.

They lie in a zip without compression, `0.jpg` and so on in the order of the predictions: one file
to publish, and any picture of it is a seek and a read away. Colours keep their full resolution
(4:4:4), which matters when 32 pixels are all there is; a picture of CIFAR takes 770 bytes, and
10,000 of them take a second to write.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tlcore.data.archive import Archive, Bounds
from tlcore.errors import DataError, RunError

LARGEST_SIDE = 64
MOST_PICTURES = 20_000
MOST_BYTES = 256 * 2**20
MOST_BYTES_A_PICTURE = 64 * 2**10

_BOUNDS = Bounds(
    bytes=MOST_BYTES,
    bytes_a_file=MOST_BYTES_A_PICTURE,
    methods=(zipfile.ZIP_STORED,),
    remedy="Run the recipe again; it draws the same pictures.",
)
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same file for the same pictures, whenever it is written
_LOCAL_HEADER = struct.Struct("<26xHH")  # ends in the lengths of what follows it


def write_thumbnails(pictures: NDArray[np.uint8], path: Path) -> None:
    """Write the pictures (n x height x width x 3) small, the first 20,000 of them.

    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "pictures.zip"
    >>> write_thumbnails(np.zeros((3, 100, 80, 3), np.uint8), path)
    >>> Image.open(BytesIO(read_thumbnail(path, 2))).size
    (51, 64)
    """
    _pack(map(_encoded, pictures[:MOST_PICTURES]), path)


def read_thumbnail(path: Path, row: int) -> bytes:
    """One picture, as JPEG. A published file never changes, so its directory is kept at hand.

    Raises:
        RunError: There is none of this row, or the file is damaged.
    """
    kept = count_thumbnails(path)
    if not 0 <= row < kept:
        raise _missing(path, f"There is no picture {row} among the {kept} that were kept")
    start, size = _places(path)[row]
    try:
        with path.open("rb") as file:
            file.seek(start)
            name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            file.seek(name + extra, 1)
            return file.read(int(size))
    except (OSError, struct.error) as error:
        raise _missing(path, f"The small pictures can't be read: {error}") from None


def count_thumbnails(path: Path) -> int:
    """How many pictures were kept: those of the first so many rows.

    Raises:
        RunError: The file is damaged.
    """
    try:
        return len(_places(path))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise _missing(path, f"The small pictures can't be read: {error}") from None


def copy_thumbnails(source: Path, target: Path, *, most: int) -> None:
    """Take small pictures over from somebody else's file, if that is all there is in it.

    Raises:
        DataError: There is something else, or a picture that is none, is larger, or too many.
    """
    with Archive(source, _BOUNDS) as archive:
        names = archive.names()
        if names != [_name(row) for row in range(len(names))] or len(names) > most:
            raise DataError("it holds something other than small pictures in their order")
        _pack((_checked(archive.read(name), name) for name in names), target)


def _pack(contents: Iterator[bytes], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for row, content in enumerate(contents):
            archive.writestr(zipfile.ZipInfo(_name(row), _MOMENT), content)


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(picture)
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    file = BytesIO()
    image.save(file, "JPEG", quality=92, subsampling=0, optimize=True)
    return file.getvalue()


def _checked(content: bytes, name: str) -> bytes:
    """The same bytes, if a browser can make nothing of them but a small picture."""
    try:
        with Image.open(BytesIO(content), formats=("JPEG",)) as image:
            if max(image.size) > LARGEST_SIDE:
                raise DataError(f"{name} is larger than {LARGEST_SIDE} pixels")
            image.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise DataError(f"{name} is no picture") from None
    return content


@lru_cache(maxsize=16)
def _places(path: Path) -> NDArray[np.int64]:
    """Where each picture's entry begins, and how many bytes the picture has."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    return np.array([(each.header_offset, each.file_size) for each in entries], dtype=np.int64)


def _name(row: int) -> str:
    return f"{row}.jpg"


def _missing(path: Path, what: str) -> RunError:
    return RunError(what, where=str(path), remedy=_BOUNDS.remedy)
