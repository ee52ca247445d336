"""Randomness as a function of the recipe's seed and a place in the run.

Nothing draws from a generator whose state would have to be saved: the generator for the order
of epoch 3, or for the dropout of step 17, is made when it is needed. So a resumed run meets
exactly the chances that an uninterrupted one would have met.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlcore.nn.device import has_own_memory


def seed_for(seed: int, *place: int | str) -> int:
    """A seed that belongs to one place of one run.

    >>> seed_for(0, "order", 1) == seed_for(0, "order", 1) != seed_for(0, "order", 2)
    True
    """
    text = "/".join(str(part) for part in (seed, *place))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big")


def generator_for(seed: int, *place: int | str) -> torch.Generator:
    """A generator on the CPU, the same on every device, so augmentation is too."""
    return torch.Generator().manual_seed(seed_for(seed, *place))


class PictureChance:
    """Dice of their own for each of some pictures, whichever others come with them.

    A counter that is scrambled (SplitMix64) gives the same numbers in any batch and on any device,
    so what is drawn for a picture can be drawn again or kept.

    >>> alone, together = (PictureChance(7, torch.tensor(rows)) for rows in ([4], [3, 4]))
    >>> bool(alone.uniform()[0] == together.uniform()[1])
    True
    """

    def __init__(self, seed: int, rows: Tensor) -> None:
        self._states = _scrambled(rows.numpy().astype(np.uint64) + np.full(1, seed, np.uint64))

    def uniform(self) -> Tensor:
        """From 0 to below 1, a number a picture."""
        return torch.from_numpy((self._bits() >> np.uint64(40)).astype(np.float32) * 2**-24)

    def whole(self, below: int) -> Tensor:
        """A whole number a picture, from 0."""
        return torch.from_numpy((self._bits() % np.uint64(below)).astype(np.int64))

    def _bits(self) -> NDArray[np.uint64]:
        self._states = self._states + _GOLDEN
        return _scrambled(self._states)


_GOLDEN = np.full(1, 0x9E3779B97F4A7C15, np.uint64)


def _scrambled(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.full(1, 0xBF58476D1CE4E5B9, np.uint64)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.full(1, 0x94D049BB133111EB, np.uint64)
    return numbers ^ (numbers >> np.uint64(31))


Chance: TypeAlias = torch.Generator | PictureChance
"""What draws for a batch: one generator in the order of the batch, or each picture's own dice."""


def seed_dropout(device: torch.device, seed: int, *place: int | str) -> None:
    """Give the device's own generator, which dropout draws from, the seed of a place.

    `torch.manual_seed` seeds the generators of all devices there could be, and for that takes down
    where it was called from: a millisecond for each step.
    """
    value = seed_for(seed, *place)
    torch.default_generator.manual_seed(value)
    if has_own_memory(device):
        module = torch.get_device_module(device)
        with module.device(device):  # else it is the current device's that is seeded
            module.manual_seed(value)
    elif device.type == "mps":
        torch.mps.manual_seed(value)
