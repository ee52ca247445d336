"""Randomness as a function of the recipe's seed and a place in the run.

Nothing draws from a generator whose state would have to be saved: the generator for the order
of epoch 3, or for the dropout of step 17, is made when it is needed. So a resumed run meets
exactly the chances that an uninterrupted one would have met.
"""

from __future__ import annotations

import hashlib

import torch


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


def seed_dropout(device: torch.device, seed: int, *place: int | str) -> None:
    """Give the device's own generator, which dropout draws from, the seed of a place.

    `torch.manual_seed` seeds the generators of all devices there could be, and for that takes down
    where it was called from: a millisecond for each step.
    """
    value = seed_for(seed, *place)
    torch.default_generator.manual_seed(value)
    if device.type == "cuda":
        torch.cuda.manual_seed(value)
    elif device.type == "mps":
        torch.mps.manual_seed(value)
