"""Parts of the training pictures that shall count the same, however large each of them is.

A part is a class or, where the recipe names a group column, a class within a group. Group DRO is
after Sagawa and others (2020): whichever part is learned worst counts more from step to step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlcore.data.pictures import Pictures
from tlcore.errors import Problem, RecipeError
from tlcore.nn.engine.batches import class_weights
from tlcore.schedule import Balance

GAIN = 0.05
"""How fast what is learned badly comes to count more."""


@dataclass(frozen=True)
class Parts:
    """The part of each training picture.

    Attributes:
        numbers: By row.
        weights: Of each part, where pictures are weighted; they average 1 over the pictures.
    """

    numbers: NDArray[np.int64]
    weights: Tensor

    @property
    def count(self) -> int:
        return len(self.weights)


def parts_of(pictures: Pictures, column: str, device: torch.device) -> Parts:
    """Classes, or each class within each group of a column.

    Raises:
        RecipeError: These pictures have no such column.
    """
    numbers = pictures.labels
    if column:
        if column not in pictures.groups:
            there = ", ".join(pictures.groups) or "none at all"
            rule = f"must be a group column of the data, of which there are: {there}"
            raise RecipeError([Problem("balance_by", repr(column), rule)])
        _, groups = np.unique(pictures.groups[column], return_inverse=True)
        numbers = numbers * (groups.max() + 1) + groups
    found, numbers = np.unique(numbers, return_inverse=True)
    return Parts(numbers, class_weights(numbers, len(found)).to(device))


def shares_of(
    balance: Balance, numbers: NDArray[np.int64], parts: Parts, stakes: Sequence[float]
) -> Tensor | None:
    """How much each picture of a batch counts in its loss; None where all count the same.

    With `weights` a picture counts as much in any batch, whatever else is in it, so that over an
    epoch every part counts the same. With `robust` each part that is there counts by its stakes,
    however many pictures it has.

    Args:
        numbers: The part of each picture.
        stakes: How much each part counts in group DRO.
    """
    if balance == "weights":
        return parts.weights[torch.from_numpy(numbers)] / len(numbers)
    if balance != "robust":
        return None
    there = np.bincount(numbers, minlength=parts.count)
    wanted = np.where(there > 0, stakes, 0.0)
    counts = wanted / wanted.sum() / np.maximum(there, 1)
    return torch.from_numpy(counts[numbers]).float()


def raised(
    stakes: Sequence[float], numbers: NDArray[np.int64], losses: NDArray[np.float32]
) -> list[float]:
    """The stakes after a step: the higher a part's loss in it, the more it counts in the next."""
    there = np.bincount(numbers, minlength=len(stakes))
    means = np.bincount(numbers, losses, minlength=len(stakes)) / np.maximum(there, 1)
    higher = np.asarray(stakes) * np.exp(np.minimum(GAIN * means, 1.0))
    return [float(stake) for stake in higher / higher.sum()]
