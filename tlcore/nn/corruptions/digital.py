"""What programs do to pictures: flatten, bend, coarsen and compress them."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tlcore.nn.corruptions.dose import Dose, as_bytes, as_floats
from tlcore.nn.corruptions.moving import blurred, moved

_LOWEST_QUALITY = 5


def contrast(pictures: Tensor, dose: Dose) -> Tensor:
    """Each channel drawn towards its mean."""
    mean = pictures.mean(dim=(2, 3), keepdim=True)
    return mean + (pictures - mean) * dose.of((0.75, 0.5, 0.4, 0.3, 0.15))


def elastic(pictures: Tensor, dose: Dose) -> Tensor:
    """Drawn on rubber: the whole is pulled askew, and ripples run through it.

    The published severities trade the pull for ripples, so that pictures at the first lie further
    from the clean ones than at the last. Here both grow.
    """
    pull, strength, sigma = dose.of(
        ((0.02, 0.05, 0.07), (0.03, 0.06, 0.07), (0.04, 0.08, 0.06), (0.05, 0.1, 0.04),
         (0.06, 0.1, 0.03))
    )  # fmt: skip
    count, _, height, width = pictures.shape
    side = min(height, width)
    askew = _pulled(count, height, width, pull * side, dose.chance)
    dice = 2 * torch.rand(count, 2, height, width, generator=dose.chance) - 1
    ripples = strength * side * blurred(dice, sigma * side)
    return moved(pictures, askew + ripples.permute(0, 2, 3, 1))


def _pulled(count: int, height: int, width: int, most: float, chance: torch.Generator) -> Tensor:
    """How far each place moves if three corners of a square in the middle are moved at random and
    all else goes with them: n x height x width x 2."""
    corners = most * (2 * torch.rand(count, 3, 1, 1, 2, generator=chance) - 1)
    third = min(height, width) / 3
    down = ((torch.arange(height) + 0.5 - height / 2) / third)[:, None, None]
    right = ((torch.arange(width) + 0.5 - width / 2) / third)[None, :, None]
    shares = (1 + down) / 2, (right - down) / 2, (1 - right) / 2
    first, second, third_corner = (
        share * corner for share, corner in zip(shares, corners.unbind(1), strict=True)
    )
    return first + second + third_corner


def pixelate(pictures: Tensor, dose: Dose) -> Tensor:
    """Made smaller, each pixel the mean of those it stands for, and larger again by copying."""
    share = dose.of((0.95, 0.9, 0.85, 0.75, 0.65)) / dose.grain
    rows, columns = (_coarse(side, max(1, int(side * share))) for side in pictures.shape[2:])
    return torch.einsum("yi,ncij,xj->ncyx", rows, pictures, columns)


def _coarse(side: int, cells: int) -> Tensor:
    """What coarsening does to a line of pixels, as a matrix; as Pillow's box filter does it.

    >>> _coarse(4, 2)[0].tolist()
    [0.5, 0.5, 0.0, 0.0]
    """
    bounds = torch.floor(torch.arange(cells + 1) * side / cells + 0.5)
    places = torch.arange(side)
    inside = ((bounds[:-1, None] <= places) & (places < bounds[1:, None])).float()
    smaller = inside / inside.sum(dim=1, keepdim=True)
    return smaller[torch.floor((places + 0.5) * cells / side).long()]


def jpeg(pictures: Tensor, dose: Dose) -> Tensor:
    """Saved as JPEG of low quality, by Pillow."""
    quality = max(_LOWEST_QUALITY, round(dose.of((80, 65, 58, 50, 40)) / dose.grain))
    saved = [_saved(pixels, quality) for pixels in as_bytes(pictures).numpy()]
    return as_floats(torch.from_numpy(np.stack(saved)))


def _saved(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return np.array(image)
