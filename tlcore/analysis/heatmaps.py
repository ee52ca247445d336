"""Maps of why, compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FOR, AGAINST = "#1A9850", "#8E44AD"
"""Green and violet: told apart by colour-blind people, and neither ice nor ember."""

SIDE = 384
"""Pixels a side of what is shown; small pictures are shown pixel by pixel."""

_CELLS = 32
_FAINTEST, _FULL = 0.04, 0.85
_CURVE = 0.7  # a little more of the weak than there is, or nothing but the peak is seen


def laid_over(
    picture: NDArray[np.uint8], heat: NDArray[np.float32], scale: float
) -> NDArray[np.uint8]:
    """The picture in grey, and the map in colour on it: the stronger, the more of the colour.

    Args:
        picture: Height x width x 3.
        heat: Of any size; above 0 speaks for the class, below 0 against it.
        scale: What gets the full colour; maps of one scale can be compared.
    """
    strength = scaled(in_cells(heat), scale)[..., None]
    paint = np.where(strength >= 0, _rgb(FOR), _rgb(AGAINST)).astype(np.float32)
    share = _enlarged((np.abs(strength) ** _CURVE).astype(np.float32)) * _FULL
    ground = _enlarged(_in_grey(picture).astype(np.float32))
    mixed = ground * (1 - share) + _enlarged(paint) * share
    return np.asarray(mixed.round().clip(0, 255), dtype=np.uint8)


def strongest(heat: NDArray[np.float32]) -> float:
    """How strong a map is at its strongest, but for the odd pixel."""
    return float(np.quantile(np.abs(in_cells(heat)), 0.995, method="higher"))


def scaled(heat: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """From -1 to 1, and nothing where there is next to nothing.

    >>> scaled(np.float32([[0, 2], [-4, 0.1]]), 4.0).tolist()
    [[0.0, 0.5], [-1.0, 0.0]]
    """
    if scale == 0:
        return heat * 0
    found = (heat / scale).clip(-1, 1)
    return np.where(np.abs(found) < _FAINTEST, 0, found).astype(np.float32)


def in_cells(heat: NDArray[np.float32], *, most: int = _CELLS) -> NDArray[np.float32]:
    """The mean of neighbouring pixels where there are many: single ones can't be seen.

    >>> in_cells(np.float32([[1, 3, 0, 0], [1, 3, 0, 0]] * 2), most=2).tolist()
    [[2.0, 0.0], [2.0, 0.0]]
    """
    if max(heat.shape) <= most:
        return heat
    image = Image.fromarray(heat).resize((most, most), Image.Resampling.BOX)
    return np.asarray(image, dtype=np.float32)


def magnified(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture, large enough to be looked at; every pixel stays one."""
    return _enlarged(picture.astype(np.float32)).astype(np.uint8)


def strip(maps: NDArray[np.uint8], *, side: int = 96) -> NDArray[np.uint8]:
    """Grey pictures side by side, with a gap between them."""
    tiles = [_nearest(Image.fromarray(each), side) for each in maps]
    gap = np.full((side, 6), 255, np.uint8)
    row = [part for tile in tiles for part in (tile, gap)][:-1]
    grey = np.concatenate(row, axis=1)
    see_through = np.concatenate([part for t in tiles for part in (t * 0 + 255, gap * 0)][:-1], 1)
    return np.dstack([grey, grey, grey, see_through])


def _in_grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Paler than it is, so that colours stand out on the darkest and the brightest."""
    grey = np.asarray(Image.fromarray(picture).convert("L"), dtype=np.float32)
    return np.repeat((70 + grey * 0.7)[..., None], 3, axis=2).round().astype(np.uint8)


def _enlarged(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """To about `SIDE`, by whole pixels: every cell stays a square."""
    rows = np.arange(SIDE) * values.shape[0] // SIDE
    columns = np.arange(SIDE) * values.shape[1] // SIDE
    return values[np.ix_(rows, columns)]


def _nearest(image: Image.Image, side: int) -> NDArray[np.uint8]:
    return np.asarray(image.resize((side, side), Image.Resampling.NEAREST))


def _rgb(colour: str) -> NDArray[np.float32]:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], dtype=np.float32)


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's, from -1 to 1; 0 where one of the maps is the same all over.

    >>> rank_correlation(np.float32([[1, 2], [3, 40]]), np.float32([[1, 2], [3, 4]]))
    1.0
    """
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return round(float(spearmanr(one.ravel(), other.ravel()).statistic), 12)
