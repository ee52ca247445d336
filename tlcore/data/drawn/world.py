"""The data set `shapes`: who is drawn how often, what goes with what, and what is recorded of it.

Every picture is a function of the world, the side (train or test), the silhouette and a number.
So the same picture can be had again with only its cue changed, which is the test of whether a
network goes by the cue: `draw(shapes, "test", cue="key")`.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.data.drawn.dice import Dice
from tlcore.data.drawn.painter import paint
from tlcore.data.drawn.palette import choose, cue_hue
from tlcore.data.drawn.silhouettes import SOURCE, TARGET
from tlcore.data.pictures import Dataset, Pictures
from tlcore.errors import DataError
from tlcore.recipe import Shapes

Side: TypeAlias = Literal["train", "test"]
Rows: TypeAlias = NDArray[np.int64]

DRAWING = 1
"""Counts up whenever the same dials draw other pictures."""

LARGEST = 4 * 1024**3
"""Bytes of pictures that may be drawn at once."""

_EVERYBODY = (*SOURCE, *TARGET)
_GRAIN = 7  # a stream of chance of its own, so that noise changes nothing but the noise


def class_names(shapes: Shapes) -> tuple[str, ...]:
    """The silhouettes that these dials ask for."""
    return {"source": tuple(SOURCE), "target": tuple(TARGET), "all": _EVERYBODY}[shapes.classes]


def class_sizes(shapes: Shapes, side: Side) -> tuple[int, ...]:
    """Pictures of each class: training classes shrink evenly from the first to the last.

    >>> class_sizes(Shapes(per_class=100, imbalance=10), "train")
    (100, 77, 60, 46, 36, 28, 22, 17, 13, 10)
    """
    count = len(class_names(shapes))
    if side == "test":
        return (shapes.test_per_class,) * count
    shares = shapes.imbalance ** (-np.arange(count) / (count - 1))
    return tuple(max(1, round(shapes.per_class * share)) for share in shares)


def open_shapes(shapes: Shapes) -> Dataset:
    """The drawn data set."""
    dials = f"{DRAWING} {shapes.model_dump_json()}"
    return Dataset(
        name="shapes",
        classes=class_names(shapes),
        train=draw(shapes, "train"),
        test=draw(shapes, "test"),
        fingerprint=hashlib.sha256(dials.encode()).hexdigest(),
    )


def draw(shapes: Shapes, side: Side, *, cue: str | None = None) -> Pictures:
    """One side of the world, number 0 of each class first, then number 1, and so on.

    Args:
        cue: Give every picture the cue of this class, and leave all else as it is.
    """
    casts = [_Cast.of(shapes, side, label) for label in range(len(class_names(shapes)))]
    places = _shuffle_together([len(cast.dice) for cast in casts])
    pixels = _empty(sum(map(len, places)), shapes.size)

    def draw_into_place(cast: _Cast, rows: Rows) -> None:
        pixels[rows] = cast.paint(shapes, cast.cues if cue is None else cast.all_with(cue, shapes))

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(draw_into_place, casts, places))
    order = np.argsort(np.concatenate(places))
    return _described(pixels, casts, order, shapes, cue)


@dataclass(frozen=True)
class _Cast:
    """The pictures of one class before they are painted.

    Attributes:
        name: The silhouette.
        label: Its true class number.
        side: Train or test.
        dice: A row for each picture.
        cues: The class whose cue each picture carries.
        labels: As given to the network: some wrong, if asked for.
        copy_of: The number of the training picture that each nearly copies, else -1.
    """

    name: str
    label: int
    side: Side
    dice: Dice
    cues: Rows
    labels: Rows
    copy_of: Rows

    @classmethod
    def of(cls, shapes: Shapes, side: Side, label: int) -> _Cast:
        name, classes = class_names(shapes)[label], len(class_names(shapes))
        dice = _throw(shapes, side, name, class_sizes(shapes, side)[label])
        copy_of = np.full(len(dice), -1)
        cues = _cues(dice, label, classes, shapes.cue_share)
        if side == "test":
            trained = _throw(shapes, "train", name, class_sizes(shapes, "train")[label])
            copies = dice.happens("copy", shapes.near_duplicates)
            copy_of[copies] = (dice.of("copy")[copies, 1] * len(trained)).astype(np.int64)
            dice = dice.near_copy(np.flatnonzero(copies), trained[copy_of[copies]])
            as_tested = _cues(dice, label, classes, shapes.test_cue_share)
            cues = np.where(copies, _cues(dice, label, classes, shapes.cue_share), as_tested)
        wrong = dice.happens("label", shapes.label_noise if side == "train" else 0)
        labels = np.where(wrong, _another(dice, "label", label, classes), label)
        return cls(name, label, side, dice, cues, labels, copy_of)

    def all_with(self, cue: str, shapes: Shapes) -> Rows:
        return np.full_like(self.cues, class_names(shapes).index(cue))

    def paint(self, shapes: Shapes, cues: Rows) -> NDArray[np.uint8]:
        hue = cue_hue(cues, len(class_names(shapes)), self.dice)
        colours = choose(
            self.dice,
            shift=shapes.colour_shift,
            body_hue=hue if shapes.cue == "colour" else None,
            ground_hue=hue if shapes.cue == "background" else None,
        )
        grain = np.random.default_rng([*_seed(shapes, self.side, self.name), _GRAIN])
        return paint(self.name, self.dice, colours, shapes, grain)


def _seed(shapes: Shapes, side: Side, name: str) -> list[int]:
    return [shapes.world, ("train", "test").index(side), _EVERYBODY.index(name)]


def _throw(shapes: Shapes, side: Side, name: str, count: int) -> Dice:
    return Dice.throw(_seed(shapes, side, name), count)


def _cues(dice: Dice, label: int, classes: int, share: float | None) -> Rows:
    """Whose cue each picture carries: its own class's in this share, or anybody's alike."""
    if share is None:
        return (dice.of("cue")[:, 1] * classes).astype(np.int64)
    return np.where(dice.happens("cue", share), label, _another(dice, "cue", label, classes))


def _another(dice: Dice, chance: str, label: int, classes: int) -> Rows:
    """Any class but this one."""
    steps = 1 + (dice.of(chance)[:, 1] * (classes - 1)).astype(np.int64)
    return (label + steps) % classes


def _shuffle_together(sizes: list[int]) -> list[Rows]:
    """Where the pictures of each class go, so that any first part is a fair mix."""
    number = np.concatenate([np.arange(size) for size in sizes])
    place = np.empty(len(number), dtype=np.int64)
    place[np.argsort(number, kind="stable")] = np.arange(len(number))
    return np.split(place, np.cumsum(sizes)[:-1])


def _empty(count: int, size: int) -> NDArray[np.uint8]:
    needed = count * size * size * 3
    if needed > LARGEST:
        raise DataError(
            f"{count:,} pictures of {size} px would take {needed / 1024**3:.0f} GB of memory",
            where="data.shapes",
            remedy="Lower per_class, test_per_class or size.",
        )
    return np.empty((count, size, size, 3), dtype=np.uint8)


def _described(
    pixels: NDArray[np.uint8], casts: list[_Cast], order: Rows, shapes: Shapes, cue: str | None
) -> Pictures:
    """The pictures with labels, ids and what is known of each."""
    names = np.array(class_names(shapes))
    truth = np.repeat(np.arange(len(casts)), [len(cast.dice) for cast in casts])
    cues = np.concatenate(
        [cast.cues if cue is None else cast.all_with(cue, shapes) for cast in casts]
    )
    ids = np.concatenate([_ids(cast.side, cast.name, np.arange(len(cast.dice))) for cast in casts])
    groups = {}
    if shapes.cue != "none":
        groups["cue"] = np.where(cues == truth, "aligned", "conflicting")
        groups["cue_value"] = names[cues]
    if shapes.label_noise:
        groups["true_label"] = names[truth]
    if shapes.near_duplicates and casts[0].side == "test":
        copies = [_ids("train", cast.name, cast.copy_of) for cast in casts]
        copied = np.concatenate([cast.copy_of for cast in casts]) >= 0
        groups["copy_of"] = np.where(copied, np.concatenate(copies), "")
    labels = np.concatenate([cast.labels for cast in casts])
    columns = {name: column[order] for name, column in groups.items()}
    return Pictures(pixels, labels[order], ids[order], columns)


def _ids(side: Side, name: str, numbers: Rows) -> NDArray[np.str_]:
    return np.array([f"{side}/{name}/{number:05d}" for number in numbers])
