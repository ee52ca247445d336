"""All the chance in a drawn picture, thrown at once.

Row k of the table holds everything that is left to chance in picture k of a class, so a picture
is the same however many are drawn with it: the first 50 of 100 are the 50.

>>> few, many = Dice.throw((0, 1), 2), Dice.throw((0, 1), 9)
>>> bool((few.between("turn", -50, 50) == many.between("turn", -50, 50)[:2]).all())
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.floating[Any]]

_WIDTHS = {
    # pose
    "mirror": 1, "turn": 1, "scale": 1, "stretch": 1, "shear": 1, "tilt": 2, "place": 2,
    # light and surfaces
    "light": 2, "glow": 2, "body_marks": 4, "ground_marks": 4, "fade": 1,
    # colour
    "day": 1, "body_colour": 3, "ground_colour": 3, "marks_colour": 2, "clutter_colour": 4,
    # clutter: four pieces
    "clutter_x": 4, "clutter_y": 4, "clutter_turn": 4, "clutter_length": 4, "clutter_width": 4,
    # what is known of the picture, seen or not
    "cue": 2, "cue_hue": 1, "label": 2, "copy": 2, "jitter": 4,
}  # fmt: skip
"""How many numbers each chance takes. Add new ones at the end: the old keep their pictures."""

_ENDS = dict(zip(_WIDTHS, accumulate(_WIDTHS.values()), strict=True))
_WIDTH = sum(_WIDTHS.values())


@dataclass(frozen=True)
class Dice:
    """What was thrown.

    Attributes:
        table: Numbers from 0 to 1, a row for each picture.
    """

    table: NDArray[np.float64]

    @classmethod
    def throw(cls, seed: Sequence[int], count: int) -> Dice:
        return cls(np.random.default_rng(list(seed)).random((count, _WIDTH)))

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Dice:
        return Dice(self.table[rows])

    def of(self, chance: str) -> NDArray[np.float64]:
        """The numbers of one chance: n of them, or n x width where it takes several."""
        end = _ENDS[chance]
        numbers = self.table[:, end - _WIDTHS[chance] : end]
        return numbers[:, 0] if _WIDTHS[chance] == 1 else numbers

    def between(self, chance: str, low: float, high: float) -> Numbers:
        return (low + (high - low) * self.of(chance)).astype(np.float32)

    def happens(self, chance: str, share: float) -> NDArray[np.bool_]:
        """In which pictures something comes true that does so in this share of them."""
        numbers = self.of(chance)
        return (numbers if numbers.ndim == 1 else numbers[:, 0]) < share

    def near_copy(self, rows: NDArray[np.int64], originals: Dice) -> Dice:
        """These dice, but at `rows` nearly the originals: a hair's breadth aside."""
        table = self.table.copy()
        table[rows] = originals.table
        nudge = 0.03 * (self.of("jitter")[rows] - 0.5)
        for column, chance in enumerate(("place", "light", "turn")):
            end = _ENDS[chance]
            table[rows, end - 1] = np.clip(table[rows, end - 1] + nudge[:, column], 0, 1)
        return Dice(table)
