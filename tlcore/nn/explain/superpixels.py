"""Parts of a picture that look alike and lie together, after SLIC (Achanta et al., 2012)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ACROSS = 7
"""Parts that there are from one side to the other, at first; some end up empty."""

_ROUNDS = 8
_WORKING_SIZE = 64
_COMPACT = 0.6  # how much a place counts beside colour: more makes squares, less makes shreds


def superpixels(picture: NDArray[np.float32], *, across: int = ACROSS) -> NDArray[np.int64]:
    """The number of the part that each pixel belongs to, counted from 0.

    Args:
        picture: Height x width x 3, colours with a deviation of about 1.
        across: How many parts to begin with, from one side to the other.

    >>> halves = np.zeros((8, 8, 3), np.float32)
    >>> halves[:, 5:] = 2
    >>> parts = superpixels(halves, across=2)
    >>> len(set(parts[:, 4]) & set(parts[:, 5]))
    0
    """
    size = picture.shape[0]
    small = _resized(picture, min(size, _WORKING_SIZE))
    parts = _clustered(small, across)
    rows = np.arange(size) * len(parts) // size
    _, numbered = np.unique(parts[np.ix_(rows, rows)], return_inverse=True)
    return np.asarray(numbered.reshape(size, size), dtype=np.int64)


def _clustered(picture: NDArray[np.float32], across: int) -> NDArray[np.int64]:
    """k-means over colour and place, begun on a grid."""
    size = picture.shape[0]
    places = (np.arange(size) + 0.5) * across / size * _COMPACT
    down, right = np.meshgrid(places, places, indexing="ij")
    pixels = np.dstack([picture, down, right]).reshape(-1, 5)
    grid = ((np.arange(across) + 0.5) * size / across).astype(int)
    centres = pixels.reshape(size, size, 5)[np.ix_(grid, grid)].reshape(-1, 5)
    for _ in range(_ROUNDS):
        parts = _nearest(pixels, centres)
        for number in np.unique(parts):
            centres[number] = pixels[parts == number].mean(axis=0)
    return _nearest(pixels, centres).reshape(size, size)


def _nearest(pixels: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    # |pixel - centre|² without the pixel's own part, which is the same for every centre
    distances = (centres**2).sum(axis=1) - 2 * pixels @ centres.T
    return np.asarray(distances.argmin(axis=1), dtype=np.int64)


def _resized(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    channels = (Image.fromarray(picture[..., c]) for c in range(picture.shape[-1]))
    method = Image.Resampling.BOX
    return np.dstack([np.asarray(c.resize((size, size), method)) for c in channels])
