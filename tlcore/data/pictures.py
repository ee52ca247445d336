"""What every data set looks like once it is in memory: one array of bytes a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


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
