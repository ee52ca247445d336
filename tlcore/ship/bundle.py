"""Several files as one folder or zip, which appears whole or not at all."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tlcore.errors import ThawError
from tlcore.files import force_to_disk, written_whole

_PACKED_ALREADY = {".onnx"}


@contextmanager
def written_bundle(place: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it becomes `place` only if nothing went wrong.

    What ends in `.zip` is a zip of that folder, everything else the folder itself, which must be
    new or empty: nothing is ever written into a folder that has something in it.

    >>> from tempfile import mkdtemp
    >>> target = Path(mkdtemp()) / "all.zip"
    >>> with written_bundle(target) as folder:
    ...     _ = (folder / "note.txt").write_text("thawed")
    >>> zipfile.ZipFile(target).namelist()
    ['all/note.txt']
    """
    zipped = place.suffix.lower() == ".zip"
    if place.is_dir() if zipped else _is_taken(place):
        raise ThawError(
            "There is something at this place already",
            where=str(place),
            remedy="Name a new folder, an empty one, or a file that ends in .zip.",
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".thaw-", dir=place.parent) as above:
        folder = Path(above) / (place.stem if zipped else place.name)
        folder.mkdir()
        yield folder
        if zipped:
            with written_whole(place) as draft:
                _zip(folder, draft)
        else:
            _settle(folder, place)


def _is_taken(place: Path) -> bool:
    return place.exists() and not (place.is_dir() and not any(place.iterdir()))


def _settle(folder: Path, place: Path) -> None:
    for file in folder.iterdir():
        force_to_disk(file)
    os.replace(folder, place)  # of an empty folder nothing is lost
    force_to_disk(place.parent)


def _zip(folder: Path, file: Path) -> None:
    """With the folder in it, so that unpacking doesn't strew files about."""
    with zipfile.ZipFile(file, "w") as archive:
        for each in sorted(folder.iterdir()):
            packed = each.suffix in _PACKED_ALREADY
            way = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.write(each, Path(folder.name) / each.name, way)
