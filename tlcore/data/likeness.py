"""How alike two pictures are, at a glance: their colours in eight by eight cells, correlated.

>>> rising = np.arange(16 * 16 * 3, dtype=np.uint32).reshape(1, 16, 16, 3).astype(np.uint8)
>>> same, paler = directions(rising), directions(rising // 2 + 99)
>>> round(float((same @ paler.T)[0, 0]), 2)
1.0
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

CELLS = 8
"""Down and across."""

NEAR = 0.97
"""The least correlation that counts as nearly the same picture."""

_FLAT = 2.0  # grey levels: what varies less is noise, and noise correlates with nothing
_AT_ONCE = 512


def directions(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Coarse pictures as vectors of mean 0 and length 1: their products are correlations."""
    flat = coarse(pixels).reshape(len(pixels), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    spread = flat.std(axis=1, keepdims=True)
    flat /= np.maximum(spread, _FLAT) * math.sqrt(flat.shape[1])
    return flat


def coarse(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean colour of each cell of a coarse grid: n x colour x across x down."""
    starts = range(0, len(pixels), _AT_ONCE)
    parts = [_shrunk(pixels[start : start + _AT_ONCE]) for start in starts]
    return np.concatenate(parts) if parts else np.zeros((0, 3, CELLS, CELLS), np.float32)


def thumbnails(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same as pictures of eight by eight pixels, which can stand in for the large ones."""
    return coarse(pixels).round().astype(np.uint8).transpose(0, 3, 2, 1)


def _shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    down, across = (_cells(side) for side in pixels.shape[1:3])
    rows = np.tensordot(pixels.astype(np.float32), across, axes=(2, 1))
    small: NDArray[np.float32] = np.tensordot(rows, down, axes=(1, 1))
    return small


def _cells(side: int) -> NDArray[np.float32]:
    """How much of each pixel goes into each cell, where cells may cut through pixels."""
    edges = np.linspace(0, side, CELLS + 1)
    pixel = np.arange(side)
    overlap = [np.minimum(b, pixel + 1) - np.maximum(a, pixel) for a, b in pairwise(edges)]
    shares: NDArray[np.float32] = np.maximum(overlap, 0).astype(np.float32)
    return shares * np.float32(CELLS / side)
