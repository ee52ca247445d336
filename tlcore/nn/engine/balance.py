"""Parts of the training pictures that shall count the same, however large each of them is.

A part is a class or, where the recipe names a group column, a class within a group. Group DRO is
after Sagawa and others (2020): whichever part is learned worst counts more from step to step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
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


def balanced_loss(
    logits: Tensor,
    targets: Tensor,
    parts: Tensor,
    weights: Tensor,
    *,
    balance: Balance,
    stakes: list[float],
    smoothing: float,
) -> Tensor:
    """The loss of some pictures, each part of them counting as the balance says.

    Args:
        parts: Of each picture.
        weights: Of each part.
        stakes: How much each part counts in group DRO; changed here.
    """
    losses = F.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    if balance == "weights":
        counts = weights[parts]
        return (losses * counts).sum() / counts.sum()
    if balance != "robust":
        return losses.mean()
    present, places = parts.unique(return_inverse=True)
    means = losses.new_zeros(len(present)).scatter_reduce(
        0, places, losses, "mean", include_self=False
    )
    for part, mean in zip(present.tolist(), means.tolist(), strict=True):
        stakes[part] *= float(np.exp(min(GAIN * mean, 1.0)))
    total = sum(stakes)
    stakes[:] = [stake / total for stake in stakes]
    shares = torch.tensor([stakes[part] for part in present.tolist()], device=losses.device)
    return (means * shares / shares.sum()).sum()
