"""Where a folder data set's files come from: a folder, a zip of one, or an upload."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tlcore import paths
from tlcore.access import is_public
from tlcore.data.archive import MOST_BYTES_A_FILE, Archive
from tlcore.data.uploads.folder import SCHEME, open_upload
from tlcore.errors import DataError, DataMissing

MOST_FILES = 300_000
"""In a folder: a slip such as `/` should not have the whole disk read."""


class Source(Protocol):
    """Files and folders by name: relative, with /, and a folder's name ends in one."""

    def names(self) -> list[str]: ...

    def left_out(self) -> list[str]: ...

    def read(self, name: str) -> bytes: ...


class Folder:
    """A folder's files. Links are followed only where they stay inside it."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._names: list[str] = []
        self._left_out: list[str] = []
        for parent, folders, files in os.walk(self.root, onerror=self._note_unreadable):
            place = Path(parent)
            for name in folders:
                kept = not (place / name).is_symlink()  # and os.walk doesn't follow it either
                (self._names if kept else self._left_out).append(self._relative(place / name) + "/")
            for name in files:
                inside = self._is_inside(place / name)
                (self._names if inside else self._left_out).append(self._relative(place / name))
            if len(self._names) > MOST_FILES:
                raise _too_many(root)

    def names(self) -> list[str]:
        return self._names

    def left_out(self) -> list[str]:
        """Links to elsewhere, links to folders, and folders that can't be listed."""
        return self._left_out

    def read(self, name: str) -> bytes:
        path = self.root / name
        try:
            if not path.is_file():  # reading a pipe would wait for ever
                raise DataError("no ordinary file")
            if path.stat().st_size > MOST_BYTES_A_FILE:
                raise DataError(f"larger than {MOST_BYTES_A_FILE // 1024**2} MB")
            return path.read_bytes()
        except OSError as error:
            raise DataError(f"can't be read ({error.strerror})") from None

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _is_inside(self, path: Path) -> bool:
        try:
            return not path.is_symlink() or self.root in Path(os.path.realpath(path)).parents
        except OSError:  # a link into a place that isn't ours
            return False

    def _note_unreadable(self, error: OSError) -> None:
        if Path(error.filename) == self.root:
            raise DataError(f"The folder can't be listed: {error.strerror}", where=str(self.root))
        self._left_out.append(self._relative(Path(error.filename)) + "/")


def _too_many(root: Path) -> DataError:
    return DataError(
        f"The folder holds more than {MOST_FILES:,} files",
        where=str(root),
        remedy="Name the folder that holds the class folders.",
    )


@contextmanager
def open_source(path: str) -> Iterator[Source]:
    """The folder, zip or upload that a recipe names, as given or inside a data folder.

    A lab that is open to anybody reads uploads alone: a path could name any file of the host's.
    """
    if path.startswith(SCHEME):
        yield open_upload(path)
        return
    if is_public():
        remedy = "Upload the pictures, and name the upload."
        raise DataError("Folders of this machine can't be read here", where=path, remedy=remedy)
    found = located(path)
    if found.is_dir():
        yield Folder(found)
    else:
        with Archive(found) as archive:
            yield archive


def located(path: str) -> Path:
    """Where it is; a relative path is also looked for in the data folders."""
    at_home = Path(os.path.expanduser(path))  # unlike Path's, this one never raises
    candidates = [at_home, *(folder / path for folder in paths.data_folders())]
    try:
        found = next((c for c in candidates if c.exists()), None)
    except (OSError, ValueError) as error:
        raise DataError(f"This is no usable path: {error}", where=path[:200]) from None
    if found is None:
        places = ", ".join(str(folder) for folder in paths.data_folders())
        raise DataMissing(
            "There is no such folder or zip",
            where=path,
            remedy=f"Check the path. A relative one is also looked for in {places}.",
        )
    return found
