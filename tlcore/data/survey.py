"""Which picture is on which side of a recipe's split, and what is noticed about it: what a page
shows of data, without a copy of any pixel.

>>> from tlcore.data.load import open_dataset
>>> from tlcore.recipe import Data, Input, Shapes
>>> data = Data(shapes=Shapes(per_class=10, test_per_class=4))
>>> found = survey(open_dataset(data, Input()), data)
>>> {side.name: len(side) for side in found.sides}
{'train': 80, 'validation': 20, 'test': 40}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tlcore.data.checks import quick_notes
from tlcore.data.corrections import relabelled
from tlcore.data.drawn.world import class_names, class_sizes
from tlcore.data.pictures import Dataset, Pictures
from tlcore.data.split import split
from tlcore.recipe import Data, Shapes

MOST_DRAWN = 16 * 1024**2
"""Bytes of drawn pictures that a page looks at; a larger world is looked at in part."""


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a split.

    Attributes:
        name: `train`, `validation` or `test`.
        pool: The pictures of the data set that it is a part of.
        rows: Which of them.
    """

    name: str
    pool: Pictures
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def labels(self) -> NDArray[np.int64]:
        labels: NDArray[np.int64] = self.pool.labels[self.rows]
        return labels

    def taken(self, most: int | None = None) -> Pictures:
        """Its pictures, or an even part of them; without a copy where that is the whole pool."""
        rows = self.rows
        if most is not None and len(rows) > most:
            rows = rows[np.unique(np.linspace(0, len(rows) - 1, most).astype(np.int64))]
        return self.pool if len(rows) == len(self.pool) else self.pool.take(rows)

    def counts(self, classes: int) -> NDArray[np.int64]:
        """How many pictures each class has."""
        return np.bincount(self.labels, minlength=classes)


@dataclass(frozen=True, eq=False)
class Survey:
    """A data set, split.

    Attributes:
        classes: Their names.
        sides: Train, validation where something is set aside for it, and test.
        fingerprint: Of the content.
        superclasses: Class name to superclass name, where there are any.
        notes: What was found when opening, splitting and comparing.
    """

    classes: tuple[str, ...]
    sides: tuple[Side, ...]
    fingerprint: str
    superclasses: Mapping[str, str]
    notes: tuple[str, ...]

    def side(self, name: str) -> Side:
        """One side by its name."""
        return next(side for side in self.sides if side.name == name)

    def some(self, most: int) -> Pictures:
        """An even part of each side, together `most` pictures at most."""
        share = most / sum(len(side) for side in self.sides)
        parts = [side.taken(max(1, int(len(side) * min(1.0, share)))) for side in self.sides]
        return Pictures(
            np.concatenate([part.pixels for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.ids for part in parts]),
        )

    def find(self, name: str, picture: str) -> NDArray[np.uint8]:
        """The pixels of a picture by its id."""
        side = self.side(name)
        row = side.rows[np.flatnonzero(side.pool.ids[side.rows] == picture)[0]]
        pixels: NDArray[np.uint8] = side.pool.pixels[row]
        return pixels


def survey(dataset: Dataset, data: Data) -> Survey:
    """Split a data set as a recipe says, and look for what is quickly found."""
    splits = split(dataset, data)
    sides = [("train", splits.train), ("validation", splits.validation), ("test", splits.test)]
    corrected = relabelled(dataset, data.corrections)
    pools = (corrected.train, corrected.test)
    return Survey(
        classes=splits.classes,
        sides=tuple(_side(name, part, *pools) for name, part in sides if part is not None),
        fingerprint=splits.fingerprint,
        superclasses=splits.superclasses,
        notes=splits.notes + quick_notes(splits),
    )


def small_enough(shapes: Shapes) -> Shapes:
    """The same world with as many pictures as a page looks at.

    >>> small_enough(Shapes()) == Shapes(), small_enough(Shapes(per_class=20_000)).per_class
    (True, 543)
    """
    pictures = sum(class_sizes(shapes, "train")) + sum(class_sizes(shapes, "test"))
    share = MOST_DRAWN / (pictures * shapes.size**2 * 3)
    if share >= 1:
        return shapes
    fewer = {
        name: max(2, int(getattr(shapes, name) * share)) for name in ("per_class", "test_per_class")
    }
    return shapes.model_copy(update=fewer)


def drawn_in_all(shapes: Shapes) -> tuple[int, int]:
    """How many training and test pictures these dials ask for."""
    return sum(class_sizes(shapes, "train")), len(class_names(shapes)) * shapes.test_per_class


def _side(name: str, part: Pictures, train: Pictures, test: Pictures | None) -> Side:
    pool = test if test is not None and name == "test" else train
    if part is pool:
        return Side(name, pool, np.arange(len(pool)))
    row_of = {picture: row for row, picture in enumerate(pool.ids.tolist())}
    return Side(name, pool, np.array([row_of[picture] for picture in part.ids.tolist()]))
