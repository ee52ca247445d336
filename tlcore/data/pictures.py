"""What every data set looks like once it is in memory: one array of bytes a split."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tlcore.data.cache import Facts, Write, kept, key_of
from tlcore.data.decode import RESAMPLING
from tlcore.recipe import Input

IN_MEMORY = 512 * 1024**2
"""Bytes up to which enlarging again is as quick as reading what was kept."""


def enlarged(pictures: Pictures, input: Input, fingerprint: str) -> Pictures:
    """The pictures at the size that the network sees; large results are mapped from disk."""
    size = input.size
    if pictures.pixels.shape[1:3] == (size, size):
        return pictures

    def enlarge(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = Image.fromarray(picture)
        return np.asarray(image.resize((size, size), RESAMPLING[input.interpolation]))

    if len(pictures) * size * size * 3 <= IN_MEMORY:
        batches = [np.stack(batch) for batch in in_batches(enlarge, pictures.pixels)]
        return replace(pictures, pixels=np.concatenate(batches))

    def make(write: Write) -> Facts:
        for batch in in_batches(enlarge, pictures.pixels):
            write(np.stack(batch))
        return {}

    which = hashlib.sha256("\n".join(pictures.ids).encode()).hexdigest()
    key = key_of("enlarged", fingerprint, which, size, input.interpolation)
    return replace(pictures, pixels=kept(key, make, of=fingerprint).pixels)


Item = TypeVar("Item")
Result = TypeVar("Result")

_AT_ONCE = 8
"""Handing one small picture to a thread takes half as long as opening it."""


def in_batches(
    work: Callable[[Item], Result], items: Sequence[Item] | NDArray[Any], *, size: int = 512
) -> Iterator[list[Result]]:
    """The results in order, a list for each `size` items."""

    def several(start: int) -> list[Result]:
        return [work(item) for item in items[start : min(start + _AT_ONCE, end)]]

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for first in range(0, len(items), size):
            end = min(first + size, len(items))
            parts = threads.map(several, range(first, end, _AT_ONCE))
            yield [result for part in parts for result in part]


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size with what is known of each.

    Attributes:
        pixels: `uint8`, n x height x width x 3; often a memory map, so never write to it.
        labels: `int64`, the class number of each.
        ids: Text that names each picture for good: a row of the source, or a file name.
        groups: Columns that describe each picture, such as `cue`: name to text values.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    ids: NDArray[np.str_]
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.int64]) -> Pictures:
        """The pictures at these rows, in this order."""
        groups = {name: column[rows] for name, column in self.groups.items()}
        return Pictures(self.pixels[rows], self.labels[rows], self.ids[rows], groups)


@dataclass(frozen=True)
class Dataset:
    """A data set as its source gives it.

    Attributes:
        name: As recipes name it.
        classes: Class names; a label is a place in this list.
        train: What may be learned from and chosen by.
        test: What is touched once, at the end; None where the source brings no test set.
        fingerprint: A hash of the content: other pictures, another fingerprint.
        superclasses: Class name to superclass name, where there are any.
        notes: What a person should know: repairs made, pictures skipped and why.
    """

    name: str
    classes: tuple[str, ...]
    train: Pictures
    test: Pictures | None
    fingerprint: str
    superclasses: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Splits:
    """What a run trains on, chooses by and is tested on.

    Attributes:
        validation: None where the recipe sets nothing aside.
        notes: The data set's, and what was found when splitting (tiny classes, leaks).
    """

    classes: tuple[str, ...]
    train: Pictures
    validation: Pictures | None
    test: Pictures
    fingerprint: str
    superclasses: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
