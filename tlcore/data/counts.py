"""How many pictures a recipe's data have, and how large, found out without decoding one.

>>> count_pictures(Data(name="cifar10", labels_per_class=20, validation=0.1))
Counts(classes=10, train=200, validation=5000, test=10000)
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeAlias

from PIL import Image

from tlcore.data.decode import quietly
from tlcore.data.drawn.world import class_sizes
from tlcore.data.layout import arrange
from tlcore.data.sources.files import Source, located, open_source
from tlcore.data.sources.parquet import columns_of, label_counts, sample_of
from tlcore.data.sources.repository import found_or_missing, places_of
from tlcore.data.uploads.folder import SCHEME, folder_of, is_address
from tlcore.errors import DataError
from tlcore.recipe import Data

Sizes: TypeAlias = Sequence[int]
"""How many pictures each class has."""

MEASURED = 15
"""Pictures of a folder whose sides are looked at."""

_DIGITS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)


@dataclass(frozen=True)
class Counts:
    """How many pictures there are for what. Where pictures belong together, it is about as many.

    Attributes:
        classes: How many classes there are.
        train: Pictures to learn from.
        validation: Pictures to choose the epoch by.
        test: Pictures to be tested on.
    """

    classes: int
    train: int
    validation: int
    test: int


def count_pictures(data: Data) -> Counts:
    """The sizes of the shares that `tlcore.data.split` would make.

    Raises:
        DataError: A folder, zip or upload is missing, or is no data set.
    """
    pool, test = _sizes(data)
    if test is None:
        test = [_share(size, data.test) for size in pool]
        pool = [size - aside for size, aside in zip(pool, test, strict=True)]
    pool, test = _limited(pool, data.limit_train), _limited(test, data.limit_test)
    validation = [_share(size, data.validation) if data.validation else 0 for size in pool]
    train = [size - aside for size, aside in zip(pool, validation, strict=True)]
    if data.labels_per_class:
        train = [min(size, data.labels_per_class) for size in train]
    return Counts(len(pool), sum(train), sum(validation), sum(test))


def typical_side(data: Data) -> int:
    """The shorter side of its pictures, in pixels: of a folder's, the median of some.

    Raises:
        DataError: A folder, zip or upload is missing, or is no data set.
    """
    if data.name == "shapes":
        return data.shapes.size
    if data.name == "hub":
        return _median_side(_of_the_hub(data))
    if data.name != "folder":
        return 8 if data.name == "digits" else 32
    return _folder(data).side


def _of_the_hub(data: Data) -> list[bytes]:
    found = found_or_missing(data.repo, data.revision, data.config)
    return sample_of(found, columns_of(found, data), MEASURED)


def _read(source: Source, name: str) -> bytes:
    """A file; nothing if it can't be read."""
    try:
        return source.read(name)
    except DataError:
        return b""


def _median_side(files: Iterable[bytes]) -> int:
    """The shorter side of pictures; 0 if none can be read."""
    sides = [side for content in files if (side := _side(content))]
    return int(median(sides)) if sides else 0


def _side(content: bytes) -> int:
    """The shorter side of one picture; 0 if it can't be read."""
    try:
        with quietly(), Image.open(io.BytesIO(content)) as picture:
            return min(picture.size)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0


@dataclass(frozen=True)
class Looked:
    """What was found when somebody's pictures were looked through, for as long as it holds.

    Attributes:
        counts: How many there are.
        seen: The folders and files that were looked into, and when each last changed then.
    """

    counts: Counts
    seen: tuple[tuple[Path, int], ...]

    def holds(self) -> bool:
        """Whether nothing was added or taken away since, by a look at the folders alone."""
        return _unchanged(self.seen)


def look_through(data: Data) -> Looked:
    """Count the pictures of a folder, zip, upload or set of the hub, remembering what they lay in.

    Raises:
        DataError: It is missing, or is no data set.
    """
    places = places_of(data.repo) if data.name == "hub" else _places(data.path)
    seen = tuple((path, _changed(path)) for path in places)
    return Looked(count_pictures(data), seen)


def _places(path: str) -> list[Path]:
    """The folders and files whose dates tell whether pictures came or went."""
    if is_address(path):
        folder = folder_of(path.removeprefix(SCHEME))
        return [folder, folder / "content.json", folder / "holders"]
    top = located(path)
    return [top, *(Path(folder) for folder, _, _ in os.walk(top))] if top.is_dir() else [top]


def _unchanged(seen: Iterable[tuple[Path, int]]) -> bool:
    return all(_changed(path) == when for path, when in seen)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return -1


def _sizes(data: Data) -> tuple[Sizes, Sizes | None]:
    """Of the pool to learn from, and of the test set where the data bring one."""
    match data.name:
        case "shapes":
            return class_sizes(data.shapes, "train"), class_sizes(data.shapes, "test")
        case "digits":
            return _DIGITS, None
        case "folder":
            return _in_folders(data)
        case "hub":
            return _in_parquet(data)
        case "cifar100" if data.labels == "fine":
            return (500,) * 100, (100,) * 100
        case "cifar100":
            return (2500,) * 20, (500,) * 20
        case _:
            return (5000,) * 10, (1000,) * 10


def _in_folders(data: Data) -> tuple[Sizes, Sizes | None]:
    found = _folder(data)
    test = [found.test[name] for name in found.train] if found.test else None
    return list(found.train.values()), test


@dataclass(frozen=True)
class _Folder:
    """What a folder, zip or upload holds.

    Attributes:
        train: Pictures to learn from, by class.
        test: Those that it sets apart for testing.
        side: The shorter side of some.
        seen: What was looked into, and when each last changed then.
    """

    train: Counter[str]
    test: Counter[str]
    side: int
    seen: tuple[tuple[Path, int], ...]


def _folder(data: Data) -> _Folder:
    """Looked through once, and again as soon as a picture came or went: pages and the queue ask
    time and again, and 100,000 pictures take ten seconds."""
    key = data.path if is_address(data.path) else str(located(data.path)), data.group_by
    kept = _FOLDERS.get(key)
    if kept is None or not _unchanged(kept.seen):
        kept = _looked_through(data)
        if len(_FOLDERS) >= _MOST_FOLDERS:
            _FOLDERS.clear()
        _FOLDERS[key] = kept
    return kept


def _looked_through(data: Data) -> _Folder:
    seen = tuple((path, _changed(path)) for path in _places(data.path))
    with open_source(data.path) as source:
        entries = arrange(source.names(), data.group_by).entries
        some = entries[:: max(1, len(entries) // MEASURED)][:MEASURED]
        side = _median_side(_read(source, entry.name) for entry in some)
    train, test = (
        Counter(entry.class_name for entry in entries if entry.side == which)
        for which in ("train", "test")
    )
    return _Folder(train, test, side, seen)


_MOST_FOLDERS = 50
_FOLDERS: dict[tuple[str, str], _Folder] = {}


def _in_parquet(data: Data) -> tuple[Sizes, Sizes | None]:
    found = found_or_missing(data.repo, data.revision, data.config)
    return label_counts(found, columns_of(found, data))


def _share(size: int, share: float) -> int:
    """At least one and never all; of a lone picture, nothing."""
    return min(max(1, round(share * size)), size - 1)


def _limited(sizes: Sizes, limit: int | None) -> Sizes:
    """Some of each class, in the proportions that they have."""
    whole = sum(sizes)
    if limit is None or limit >= whole:
        return sizes
    ends = [round(limit * sum(sizes[: i + 1]) / whole) for i in range(len(sizes))]
    return [end - before for end, before in zip(ends, [0, *ends[:-1]], strict=True)]
