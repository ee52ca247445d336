"""Pictures blurred, zoomed, shifted and bent, and clouds to lay over them.

Pictures are floats, n x channels x height x width. What would be taken from beyond an edge is taken
from the edge.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_REACH = 4  # deviations after which a bell curve is cut off, as scipy does


def blurred(pictures: Tensor, sigma: float) -> Tensor:
    """Blurred by a bell curve of this deviation, in pixels."""
    radius = int(_REACH * sigma + 0.5)
    if radius == 0:
        return pictures
    places = torch.arange(-radius, radius + 1)
    curve = torch.exp(-0.5 * (places / sigma) ** 2)
    curve = curve / curve.sum()
    return filtered(filtered(pictures, curve[None, :]), curve[:, None])


def filtered(pictures: Tensor, kernel: Tensor) -> Tensor:
    """Each pixel as the sum of those around it, weighted by a kernel of odd sides."""
    high, wide = (side // 2 for side in kernel.shape)
    count, channels, height, width = pictures.shape
    single = pictures.reshape(count * channels, 1, height, width)
    padded = F.pad(single, (wide, wide, high, high), mode="replicate")
    return F.conv2d(padded, kernel[None, None]).reshape(pictures.shape)


def moved(pictures: Tensor, by: Tensor) -> Tensor:
    """Each pixel taken from elsewhere, between pixels if need be.

    Args:
        pictures: What to take them from.
        by: How far away, in pixels: n x height x width x 2 (to the right, down), or what can be
            expanded to that.
    """
    count, _, height, width = pictures.shape
    by = by.expand(count, height, width, 2)
    grid = _grid(height, width) + 2 * by / torch.tensor([width, height])
    return _sampled(pictures, grid)


def zoomed(pictures: Tensor, factor: float) -> Tensor:
    """The middle of each picture, enlarged to its size."""
    count, _, height, width = pictures.shape
    return _sampled(pictures, (_grid(height, width) / factor).expand(count, -1, -1, -1))


def smeared(pictures: Tensor, angle: Tensor, length: float, sigma: float) -> Tensor:
    """As if the camera had moved: each pixel trails off to one side, along half a bell curve.

    Args:
        pictures: What to smear.
        angle: In which direction, in degrees, for each picture.
        length: How far at most, in pixels.
        sigma: The deviation of the curve.
    """
    steps = torch.arange(int(min(length, 3 * sigma)) + 1)
    weights = torch.exp(-0.5 * (steps / sigma) ** 2)
    weights = weights / weights.sum()
    radians = torch.deg2rad(angle)
    direction = torch.stack([radians.cos(), radians.sin()], dim=1)[:, None, None]
    total = torch.zeros_like(pictures)
    for step, weight in zip(steps.tolist(), weights.tolist(), strict=True):
        total += weight * moved(pictures, step * direction)
    return total


def clouds(count: int, height: int, width: int, decay: float, chance: torch.Generator) -> Tensor:
    """Clouds from 0 to 1, n x 1 x height x width: noise on ever finer grids, each `decay` times
    weaker than the one before (midpoint displacement, one level at a time)."""
    total, weight = torch.zeros(count, 1, height, width), 1.0
    for level in range(1, 1 + math.ceil(math.log2(max(height, width)))):
        coarse = torch.rand(count, 1, 2**level + 1, 2**level + 1, generator=chance)
        total += weight * F.interpolate(
            coarse, size=(height, width), mode="bilinear", align_corners=True
        )
        weight /= decay
    low, high = total.amin(dim=(2, 3), keepdim=True), total.amax(dim=(2, 3), keepdim=True)
    return (total - low) / (high - low)


def _grid(height: int, width: int) -> Tensor:
    """Where the pixels are, from -1 to 1 between the edges of the picture: 1 x h x w x 2."""
    down = (torch.arange(height) + 0.5) * 2 / height - 1
    right = (torch.arange(width) + 0.5) * 2 / width - 1
    rows, columns = torch.meshgrid(down, right, indexing="ij")
    return torch.stack([columns, rows], dim=-1)[None]


def _sampled(pictures: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
