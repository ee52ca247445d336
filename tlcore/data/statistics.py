"""What pictures look like, in numbers: colour, brightness, sharpness, and which stand out.

>>> import numpy as np
>>> grey = Pictures(np.full((3, 8, 8, 3), 51, np.uint8), np.zeros(3, int), np.array(list("abc")))
>>> look = look_at(grey)
>>> look.looked_at, look.mean, look.odd["flat"].tolist()
(3, (0.2, 0.2, 0.2), [0, 1, 2])
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tlcore.data.decode import FORMATS, quietly
from tlcore.data.layout import arrange
from tlcore.data.pictures import Pictures
from tlcore.data.sources.files import open_source
from tlcore.errors import DataError

MOST = 4000
"""Pictures that are looked at, at most: enough for means that are right to the third digit."""

MOST_BYTES = 48 * 1024**2
"""Bytes of pixels that are looked at, at most: a second's work."""

MOST_FILES = 300
"""Files whose original size is read, at most."""

DARK, PALE, FLAT = 0.08, 0.94, 0.02
"""Mean brightness below and above which a picture is odd, and deviation; all from 0 to 1."""

BLURRED = 0.1
"""Share of the usual sharpness below which a picture is blurred."""

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32) / 255
_AT_ONCE = 256

ODDITIES: Mapping[str, str] = {
    "dark": "almost black",
    "pale": "almost white",
    "flat": "of hardly more than one brightness",
    "blurred": f"with less than {BLURRED:.0%} of the usual sharpness",
}
"""In what way a picture may stand out, and what that means."""


@dataclass(frozen=True)
class Look:
    """What was seen of some pictures. Brightness and colour run from 0 to 1.

    Attributes:
        rows: Which were looked at.
        of: How many there are.
        mean: Of red, green and blue, over all pixels.
        deviation: The same way.
        brightness: Mean of each picture that was looked at.
        sharpness: Of each: how strongly neighbouring pixels differ from a smooth surface.
        odd: Kind of oddity (see `ODDITIES`) to the rows that have it.
    """

    rows: NDArray[np.int64]
    of: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    brightness: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    odd: Mapping[str, NDArray[np.int64]]

    @property
    def looked_at(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Spread:
    """The middle half of some values, and the value in their midst."""

    low: float
    middle: float
    high: float


def look_at(
    pictures: Pictures, *, among: NDArray[np.int64] | None = None, most: int = MOST
) -> Look:
    """Look at the pictures; at an even part of them where they are more than `most`, or large.

    Args:
        pictures: Those that rows are counted in.
        among: The rows in question; all if none are named.
        most: How many are looked at.
    """
    rows = np.arange(len(pictures)) if among is None else among
    of = len(rows)
    count = min(most, of, max(50, MOST_BYTES // max(1, pictures.pixels[0].nbytes)))
    rows = rows[np.unique(np.linspace(0, of - 1, count).astype(np.int64))]
    parts = [_measure(pictures.pixels[some]) for some in _batches(rows)]
    sums, squares, brightness, contrast, sharpness = (
        np.concatenate([part[place] for part in parts]) for place in range(5)
    )
    mean = sums.mean(axis=0)
    deviation = np.sqrt(np.maximum(squares.mean(axis=0) - mean**2, 0))
    usual = float(np.median(sharpness))
    odd = {
        "dark": brightness < DARK,
        "pale": brightness > PALE,
        "flat": contrast < FLAT,
        "blurred": (sharpness < BLURRED * usual) & (contrast >= FLAT),
    }
    return Look(
        rows=rows,
        of=of,
        mean=tuple(round(float(value), 4) for value in mean),
        deviation=tuple(round(float(value), 4) for value in deviation),
        brightness=brightness,
        sharpness=sharpness,
        odd={kind: rows[found] for kind, found in odd.items()},
    )


def brightness_by_class(look: Look, labels: NDArray[np.int64]) -> dict[int, Spread]:
    """How bright each class is; a class of which no picture was looked at is left out.

    Classes that differ here can be told apart without looking at any shape.
    """
    seen = labels[look.rows]
    return {int(label): _spread(look.brightness[seen == label]) for label in np.unique(seen)}


def original_sizes(path: str, *, most: int = MOST_FILES) -> Counter[tuple[int, int]]:
    """Width and height of the files behind a `folder` data set, as they were handed in: of an even
    part of them where there are more than `most`. Files that can't be read are passed over."""
    sizes: Counter[tuple[int, int]] = Counter()
    with open_source(path) as source, quietly():
        entries = arrange(source.names()).entries
        for place in np.unique(np.linspace(0, len(entries) - 1, min(most, len(entries)))).astype(
            int
        ):
            with suppress(DataError, OSError, Image.DecompressionBombError):
                content = io.BytesIO(source.read(entries[place].name))
                with Image.open(content, formats=FORMATS) as image:
                    sizes[image.size] += 1
    return sizes


def describe_sizes(sizes: Mapping[tuple[int, int], int]) -> str:
    """Original sizes in a sentence.

    >>> describe_sizes({(640, 480): 3, (320, 200): 1})
    'From 320 x 200 to 640 x 480 pixels; most often 640 x 480 (3 of 4).'
    """
    if not sizes:
        return ""
    total = sum(sizes.values())
    usual, count = max(sizes.items(), key=lambda item: item[1])
    if len(sizes) == 1:
        return f"All are {_across(usual)} pixels."
    ordered = sorted(sizes, key=lambda size: size[0] * size[1])
    return (
        f"From {_across(ordered[0])} to {_across(ordered[-1])} pixels; most often "
        f"{_across(usual)} ({count:,} of {total:,})."
    )


def describe_balance(counts: Sequence[int] | NDArray[np.int64], classes: Sequence[str]) -> str:
    """How evenly the classes are filled, in a sentence.

    >>> describe_balance([40, 40], ["cat", "dog"])
    'Even: 40 pictures of each class.'
    >>> describe_balance([40, 10], ["cat", "dog"])
    'Lopsided: 4.0 pictures of cat for each one of dog (40 and 10).'
    """
    numbers = [int(count) for count in counts]
    most, least = max(numbers), min(numbers)
    if most == least:
        return f"Even: {most:,} pictures of each class."
    many, few = classes[numbers.index(most)], classes[numbers.index(least)]
    if least == 0:
        return f"Lopsided: there is no picture of {few}, and there are {most:,} of {many}."
    if most < 1.5 * least:
        return f"Nearly even: from {least:,} pictures ({few}) to {most:,} ({many})."
    return (
        f"Lopsided: {most / least:.1f} pictures of {many} for each one of {few} "
        f"({most:,} and {least:,})."
    )


def _spread(values: NDArray[np.float32]) -> Spread:
    return Spread(*(float(value) for value in np.quantile(values, (0.25, 0.5, 0.75))))


def _across(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def _batches(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]


def _measure(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """Of each picture: mean colour, mean square colour, brightness, contrast, sharpness."""
    colours = pixels.astype(np.float32) / 255
    luma = pixels @ _LUMA
    smooth = (
        luma[:, :-2, 1:-1] + luma[:, 2:, 1:-1] + luma[:, 1:-1, :-2] + luma[:, 1:-1, 2:]
    )  # fmt: skip
    edges = smooth - 4 * luma[:, 1:-1, 1:-1]
    return (
        colours.mean(axis=(1, 2)),
        np.square(colours).mean(axis=(1, 2)),
        luma.mean(axis=(1, 2)),
        luma.std(axis=(1, 2)),
        edges.std(axis=(1, 2)) if edges.size else np.zeros(len(pixels), np.float32),
    )
