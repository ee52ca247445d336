"""Reading zip archives that anybody may have made, without ever unpacking them to disk.

The archive's directory is checked before a byte of content is read: a zip of 46 KB can claim a
gigabyte. What fails is refused as a whole, with the entry's name. Reading takes no more memory
than the directory promised, whatever the content then turns out to be.
"""

from __future__ import annotations

import io
import shutil
import stat
import struct
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO

from tlcore.errors import DataError

MOST_FILES = 20_000
MOST_BYTES = 2 * 1024**3
MOST_BYTES_A_FILE = 48 * 1024**2
MOST_TIMES_SMALLER = 100
SMALL = 1024**2  # a plain little picture may honestly shrink more than a hundredfold
MOST_TIMES_SMALLER_IN_ALL = 20
SMALL_IN_ALL = 50 * 1024**2

_PIECE = 1024**2
_LOCAL_HEADER = 30  # bytes, before the name
_LARGEST_DIRECTORY = 8 * 1024**2  # 400 bytes for each of 20,000 files
_ENTRY = b"PK\x01\x02"  # begins every entry of the directory


@dataclass(frozen=True)
class Bounds:
    """What an archive may hold.

    Attributes:
        bytes: Of all files together.
        bytes_a_file: Of the largest.
        methods: How files may be packed.
        remedy: What to do about an archive that is refused.
    """

    bytes: int
    bytes_a_file: int
    methods: tuple[int, ...]
    remedy: str


PICTURES = Bounds(
    bytes=MOST_BYTES,
    bytes_a_file=MOST_BYTES_A_FILE,
    methods=(zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
    remedy="Make a new zip of the class folders alone.",
)


class Guarded(io.FileIO):
    """A file that won't hand over a directory too large to be held in memory.

    `zipfile` reads the whole directory at once, however long its last bytes say it is, and makes
    an object for each entry.
    """

    in_directory = True

    def read(self, size: int | None = -1, /) -> bytes:
        if self.in_directory and size is not None and size > _LARGEST_DIRECTORY:
            raise _refused("a directory far too large for its files")
        content = super().read(size) or b""
        if self.in_directory and (entries := content.count(_ENTRY)) > MOST_FILES:
            raise _refused(f"{entries:,} files, and {MOST_FILES:,} are allowed")
        return content


class Archive:
    """A zip whose directory has been found sound. Use it in a `with`; reading is thread-safe."""

    def __init__(self, path: Path, bounds: Bounds = PICTURES) -> None:
        self.path = path
        with ExitStack() as closing:
            self._zip = _opened(path, bounds, closing)
            self._held = closing.pop_all()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def names(self) -> list[str]:
        """What is in it, without links; a folder's name ends in /."""
        return [entry.filename for entry in self._zip.infolist() if not _is_link(entry)]

    def left_out(self) -> list[str]:
        """Links: they could point anywhere."""
        return [entry.filename for entry in self._zip.infolist() if _is_link(entry)]

    def size(self, name: str) -> int:
        """How many bytes one file has, as the directory promises."""
        return self._zip.getinfo(name).file_size

    def copy(self, name: str, target: BinaryIO) -> None:
        """Write one file to another, a piece at a time."""
        try:
            with self._zip.open(name) as file:
                shutil.copyfileobj(file, target, _PIECE)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  zlib, struct and zipfile each raise their own
            raise DataError(f"damaged in the archive ({error})") from None

    def read(self, name: str) -> bytes:
        """One file's bytes: never more than the directory promises, and once in memory."""
        content, left = io.BytesIO(), self.size(name)
        try:
            with self._zip.open(name) as file:  # `ZipFile.read` unpacks all before it compares
                while piece := file.read(min(left, _PIECE)):
                    left -= content.write(piece)
            return content.getvalue()
        except Exception as error:  # noqa: BLE001  zlib, struct and zipfile each raise their own
            raise DataError(f"damaged in the archive ({error})") from None


def _opened(path: Path, bounds: Bounds, closing: ExitStack) -> zipfile.ZipFile:
    """A sound zip; its file is closed with the stack."""
    try:
        file = closing.enter_context(Guarded(path))
        archive = closing.enter_context(zipfile.ZipFile(file))
        _check(archive, bounds, path.stat().st_size)
        file.in_directory = False
    except DataError as error:
        remedy = error.remedy or bounds.remedy
        raise DataError(error.what, where=path.name, remedy=remedy) from None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise DataError(
            f"The archive can't be opened: {error}",
            where=path.name,
            remedy=bounds.remedy,
        ) from None
    return archive


def _check(archive: zipfile.ZipFile, bounds: Bounds, size: int) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > bounds.bytes:
        raise _refused(f"more than {bounds.bytes // 1024**3} GB when unpacked")
    for entry in entries:
        _check_name(entry)
        _check_content(entry, bounds)
    if unpacked > max(SMALL_IN_ALL, MOST_TIMES_SMALLER_IN_ALL * size):
        raise _refused(f"files that unpack to over {MOST_TIMES_SMALLER_IN_ALL} times its size")
    _check_names_differ(entries)
    _check_no_overlap(entries, archive.start_dir)


def _check_name(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    outside = ".." in parts or name.startswith(("/", "\\")) or name[1:2] == ":"
    if outside or "\x00" in name:
        raise _refused(f"a file that would land outside its folder: {name[:200]!r}")


def _check_content(entry: zipfile.ZipInfo, bounds: Bounds) -> None:
    name = entry.filename[:200]
    if entry.flag_bits & 0x1:
        raise _refused(f"an encrypted file: {name!r}", "Make a new zip without a password.")
    if entry.compress_type not in bounds.methods:
        raise _refused(f"a file packed in an unusual way: {name!r}")
    if entry.file_size > bounds.bytes_a_file:
        raise _refused(f"a file of {entry.file_size / 1024**2:,.0f} MB: {name!r}")
    if entry.file_size > max(SMALL, MOST_TIMES_SMALLER * entry.compress_size):
        raise _refused(f"a file that unpacks to over {MOST_TIMES_SMALLER} times its size: {name!r}")


def _check_names_differ(entries: list[zipfile.ZipInfo]) -> None:
    seen = set()
    for entry in entries:
        if entry.filename in seen:
            raise _refused(f"the same name twice: {entry.filename[:200]!r}")
        seen.add(entry.filename)


def _check_no_overlap(entries: list[zipfile.ZipInfo], directory: int) -> None:
    """No two entries may share bytes: that is how small archives unpack to huge ones."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    ends = [entry.header_offset for entry in ordered[1:]] + [directory]
    for entry, end in zip(ordered, ends, strict=False):  # of no entry there is but an end
        name = len(entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437"))
        if entry.header_offset + _LOCAL_HEADER + name + entry.compress_size > end:
            raise _refused(f"files that overlap: {entry.filename[:200]!r}")


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _refused(what: str, remedy: str = "") -> DataError:
    return DataError(f"The archive is refused: it holds {what}", remedy=remedy)
