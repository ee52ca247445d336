"""How much of a corruption, and for pictures of what size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

PUBLISHED_FOR = 32
"""Width of the pictures that the published severities are for."""

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Dose:
    """How much of a corruption.

    Attributes:
        severity: 1 to 5.
        scale: How many times as wide as 32 pixels the pictures are: lengths grow with it.
        chance: Where all comes from that is left to chance.
    """

    severity: int
    scale: float
    chance: torch.Generator

    def of(self, table: Sequence[_Value]) -> _Value:
        """The entry of this severity.

        >>> Dose(2, 1.0, torch.Generator()).of((0.1, 0.2, 0.3, 0.4, 0.5))
        0.2
        """
        return table[self.severity - 1]

    @property
    def grain(self) -> float:
        """How much stronger must be what is drawn for each pixel by itself, because in larger
        pictures more of it averages out."""
        return math.sqrt(self.scale)


def scale_of(height: int, width: int) -> float:
    """Small pictures count as if they had 32 pixels: no length there is below a pixel.

    >>> scale_of(96, 96), scale_of(16, 16)
    (3.0, 1.0)
    """
    return max(1.0, min(height, width) / PUBLISHED_FOR)


def as_floats(pixels: Tensor) -> Tensor:
    """Bytes, n x height x width x 3, as floats from 0 to 1, n x 3 x height x width."""
    return pixels.permute(0, 3, 1, 2).float() / 255


def as_bytes(pictures: Tensor) -> Tensor:
    """The way back; what is darker than black or brighter than white is cut off.

    >>> pixels = torch.arange(48, dtype=torch.uint8).reshape(1, 4, 4, 3)
    >>> torch.equal(as_bytes(as_floats(pixels)), pixels)
    True
    """
    scaled = (pictures.clamp(0, 1) * 255).round()
    return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous()
