"""Which pictures a step sees, and bringing them to the device.

Pictures stay one array of bytes: in GPU memory where they fit, else where they are (in memory,
or on disk through a memory map), and a batch is one indexing operation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlcore.data.pictures import Pictures
from tlcore.errors import Problem, RecipeError
from tlcore.nn.device import available_memory, has_own_memory
from tlcore.nn.seeding import generator_for
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


SHARE_OF_MEMORY = 0.4


class Resident:
    """Pictures and labels, ready to be indexed by row."""

    def __init__(self, pictures: Pictures, device: torch.device) -> None:
        self.device = device
        self.labels = torch.from_numpy(np.array(pictures.labels)).to(device)
        self._bytes = pictures.pixels
        self._on_device: Tensor | None = None
        fits = pictures.pixels.nbytes < SHARE_OF_MEMORY * available_memory(device)
        if has_own_memory(device) and fits:
            self._on_device = torch.from_numpy(np.array(pictures.pixels)).to(device)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def digest(self) -> str:
        """Of all pixels, in their order."""
        total = hashlib.sha256(str(self._bytes.shape).encode())
        for part in np.array_split(self._bytes, 1 + self._bytes.nbytes // 2**26):
            total.update(np.ascontiguousarray(part).data)
        return total.hexdigest()

    def pixels(self, rows: Tensor) -> Tensor:
        """The bytes of these rows, on the device."""
        if self._on_device is not None:
            return self._on_device[rows.to(self.device)]
        return torch.from_numpy(self._bytes[rows.numpy()]).to(self.device)


def epoch_order(
    labels: NDArray[np.int64], seed: int, epoch: int, *, balanced: bool = False
) -> Tensor:
    """The rows of one epoch in order: each once, or drawn so that every class comes as often."""
    chance = generator_for(seed, "order", epoch)
    if not balanced:
        return torch.randperm(len(labels), generator=chance)
    counts = np.bincount(labels)
    weights = torch.from_numpy(1.0 / counts[labels])
    return torch.multinomial(weights, len(labels), replacement=True, generator=chance)


def steps_in_epoch(pictures: int, batch: int) -> int:
    """Steps of one epoch. A last batch of a single picture is left out, because BatchNorm can't
    learn from one; the order changes every epoch, so it is another picture each time.

    >>> steps_in_epoch(100, 32), steps_in_epoch(97, 32), steps_in_epoch(1, 32)
    (4, 3, 1)
    """
    whole, rest = divmod(pictures, batch)
    return max(1, whole + (rest > 1))


def class_weights(labels: NDArray[np.int64], classes: int) -> Tensor:
    """Weights that make every class count the same in the loss; they average 1."""
    counts = np.maximum(np.bincount(labels, minlength=classes), 1)
    return torch.from_numpy(len(labels) / (classes * counts)).float()
