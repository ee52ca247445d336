"""A confusion matrix as coloured cells, for light pages and dark ones.

Right calls are blue and mistakes orange, as the frames of pictures are everywhere, and each of the
two has a scale of its own: otherwise thirty mistakes beside nine hundred right calls show nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Shown: TypeAlias = Literal["counts", "row %"]
Colour: TypeAlias = tuple[int, int, int]

LIGHT: Colour = (255, 255, 255)
DARK: Colour = (24, 23, 21)
BLACK: Colour = (0, 0, 0)
RIGHT: Colour = (24, 107, 160)
WRONG: Colour = (217, 72, 1)
FEW = 20
"""Classes up to which cells are large enough for a number each, and for a frame if empty."""
STEPS = 64
"""Shades of each."""

_EMPTY = 0.06
_LIFT = 0.75  # below 1, so that few pictures show as well


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        true: The class of its pictures.
        predicted: The class they were taken for.
        count: How many pictures.
        share: Of the true class's pictures.
        label: The number in it; empty where there is no room or nothing to say.
        fill: Its colour.
        ink: The colour of the number.
        words: The same for whoever can't see it.
    """

    true: str
    predicted: str
    count: int
    share: float
    label: str
    fill: str
    ink: str
    words: str


def draw_cells(
    confusion: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    shown: Shown = "counts",
    only_mistakes: bool = False,
    dark: bool = False,
) -> list[Cell]:
    """All cells worth drawing, row by row: where there are many classes, those with pictures.

    >>> [(c.true, c.predicted, c.label) for c in draw_cells(np.array([[3, 1], [0, 4]]), ("a", "b"))]
    [('a', 'a', '3'), ('a', 'b', '1'), ('b', 'a', ''), ('b', 'b', '4')]
    """
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    strengths = _strengths(confusion if shown == "counts" else shares)
    page = DARK if dark else LIGHT
    few = len(classes) <= FEW
    cells = []
    for actual, called in _places(confusion, only_mistakes):
        count, share = int(confusion[actual, called]), float(shares[actual, called])
        step = round(STEPS * float(strengths[actual, called]))
        number = f"{count}" if shown == "counts" else f"{100 * share:.0f}"
        label = number if few and count else ""
        fill, ink = _painted(page, actual == called, step)
        true, predicted = classes[actual], classes[called]
        words = f"{true}, called {predicted}: {count} pictures, {share:.0%}"
        cells.append(Cell(true, predicted, count, share, label, fill, ink, words))
    return cells


def _places(confusion: NDArray[np.int64], only_mistakes: bool) -> Iterator[tuple[int, int]]:
    drawn = confusion > 0 if len(confusion) > FEW else np.ones(confusion.shape, bool)
    if only_mistakes:
        np.fill_diagonal(drawn, False)
    yield from map(tuple, np.argwhere(drawn).tolist())


def _strengths(values: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
    """0 to 1, of right calls among themselves and of mistakes among themselves."""
    right = np.eye(len(values), dtype=bool)
    most = np.where(right, values[right].max(initial=0), values[~right].max(initial=0))
    strengths: NDArray[np.float64] = (values / np.where(most > 0, most, 1)) ** _LIFT
    return strengths


@lru_cache(maxsize=4 * (STEPS + 1))
def _painted(page: Colour, right: bool, step: int) -> tuple[str, str]:
    """The colour of a cell, and of the number in it."""
    if step:
        fill = mixed(page, RIGHT if right else WRONG, step / STEPS)
    else:
        fill = mixed(page, LIGHT if page == DARK else DARK, _EMPTY)
    return _hex(fill), _hex(ink_on(fill))


def mixed(page: Colour, hue: Colour, strength: float) -> Colour:
    """So much of a hue on a page.

    >>> mixed((255, 255, 255), (0, 100, 200), 0.5)
    (128, 178, 228)
    """
    red, green, blue = (
        round(ground + strength * (full - ground)) for ground, full in zip(page, hue, strict=True)
    )
    return red, green, blue


def ink_on(fill: Colour) -> Colour:
    """Black or white, whichever can be read better.

    >>> ink_on((24, 107, 160)), ink_on((255, 240, 220))
    ((255, 255, 255), (0, 0, 0))
    """
    return max(LIGHT, BLACK, key=lambda ink: contrast(ink, fill))


def contrast(one: Colour, other: Colour) -> float:
    """Of two colours, as the accessibility guidelines count it: 4.5 is enough for any text.

    >>> round(contrast((0, 0, 0), (255, 255, 255)))
    21
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    weights = (0.2126, 0.7152, 0.0722)
    return sum(w * _linear(part / 255) for w, part in zip(weights, colour, strict=True))


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
