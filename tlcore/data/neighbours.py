"""The training pictures that are most like a test picture, and what they are labelled.

All pictures are shrunk once to eight by eight pixels (see `tlcore.data.checks`) and kept so; a
question is then one product of matrices, some hundredths of a second among 50,000 pictures.

>>> from tlcore.recipe import Data, Input, Shapes
>>> data = Data(shapes=Shapes(per_class=10, test_per_class=2))
>>> near = open_neighbourhood(data, Input())
>>> found = near.nearest(str(near.test.ids[0]), most=2)
>>> [each.picture.partition("/")[0] for each in found], found[0].likeness >= found[1].likeness
(['train', 'train'], True)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tlcore.data.cache import Facts, Write, kept, key_of
from tlcore.data.checks import directions, thumbnails
from tlcore.data.corrections import rows_of
from tlcore.data.decode import VERSION
from tlcore.data.drawn.world import class_names, class_sizes
from tlcore.data.load import open_dataset
from tlcore.data.pictures import Dataset, Pictures
from tlcore.data.split import split
from tlcore.errors import DataError
from tlcore.recipe import Data, Input, Shapes

LARGEST_WORLD = 256 * 1024**2
"""Bytes of pictures that are drawn for a question; a larger world takes a minute to draw."""

_AT_ONCE = 2048


@dataclass(frozen=True)
class Neighbour:
    """A training picture that is like another picture.

    Attributes:
        picture: Its id.
        label: Its class, as a place in `classes`; as the recipe corrects it, if it does.
        likeness: Correlation of the two at a glance, 1 at most.
    """

    picture: str
    label: int
    likeness: float


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """A recipe's training pictures and test pictures, at a glance.

    Attributes:
        classes: Class names.
        train: What was trained on, each picture of eight by eight pixels.
        test: What was tested on, the same way.
        whole: All that may be trained on, as they are.
    """

    classes: tuple[str, ...]
    train: Pictures
    test: Pictures
    whole: Pictures
    _directions: NDArray[np.float32]

    def nearest(self, picture: str, *, most: int = 4) -> tuple[Neighbour, ...]:
        """The training pictures most like a test picture, the most alike first.

        Raises:
            DataError: There is no such test picture, or not any more.
        """
        rows = rows_of(self.test, [picture])
        if not len(rows):
            raise DataError(
                "The data set has no such test picture any more",
                where=picture,
                remedy="It may have been changed since the run; run the recipe again.",
            )
        alike = self._directions @ directions(self.test.pixels[rows[:1]])[0]
        best = np.argpartition(-alike, min(most, len(alike)) - 1)[:most]
        best = best[np.argsort(-alike[best], kind="stable")]
        return tuple(
            Neighbour(str(self.train.ids[row]), int(self.train.labels[row]),
                      min(1.0, float(alike[row])))
            for row in best
        )  # fmt: skip

    def pixels(self, picture: str) -> NDArray[np.uint8]:
        """A training picture as it is."""
        found: NDArray[np.uint8] = self.whole.pixels[rows_of(self.whole, [picture])[0]]
        return found


def open_neighbourhood(data: Data, input: Input) -> Neighbourhood:
    """The pictures of a recipe, shrunk now or found as they were shrunk before.

    Raises:
        DataError: The data set can't be opened, or is too large to be drawn for this.
    """
    if data.name == "shapes":
        _refuse_large(data.shapes)
    dataset = open_dataset(data, input.model_copy(update={"resize": "batch"}))
    splits = split(_shrunk(dataset, input), data)
    return Neighbourhood(
        classes=splits.classes,
        train=splits.train,
        test=splits.test,
        whole=dataset.train,
        _directions=directions(splits.train.pixels),
    )


def _shrunk(dataset: Dataset, input: Input) -> Dataset:
    """The whole data set at a glance: it is split by what is known of each picture, not by pixels,
    so every picture comes to lie where its large twin does."""

    def small(side: str, pictures: Pictures) -> Pictures:
        def make(write: Write) -> Facts:
            for start in range(0, len(pictures), _AT_ONCE):
                write(thumbnails(pictures.pixels[start : start + _AT_ONCE]))
            return {}

        shape = pictures.pixels.shape
        scaled = dataset.name in ("folder", "hub")
        as_stored = (shape, input.fit, input.interpolation) if scaled else shape
        key = key_of("glance", dataset.name, dataset.fingerprint, side, as_stored, VERSION)
        return replace(pictures, pixels=kept(key, make, of=dataset.fingerprint).pixels)

    test = dataset.test
    return replace(dataset, train=small("train", dataset.train), test=test and small("test", test))


def _refuse_large(shapes: Shapes) -> None:
    pictures = sum(class_sizes(shapes, "train")) + len(class_names(shapes)) * shapes.test_per_class
    if pictures * shapes.size**2 * 3 > LARGEST_WORLD:
        raise DataError(
            f"A drawn world of {pictures:,} pictures takes too long to be drawn for this",
            where="data.shapes",
            remedy="Look at a run of fewer or smaller pictures.",
        )
