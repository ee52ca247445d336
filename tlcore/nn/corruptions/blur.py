"""Blur: a lens out of focus, frosted glass, a camera that moves, or that comes nearer."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tlcore.nn.corruptions.dose import Dose
from tlcore.nn.corruptions.moving import blurred, filtered, moved, smeared, zoomed


def defocus(pictures: Tensor, dose: Dose) -> Tensor:
    """A lens out of focus spreads each point over a disc."""
    radius, softness = dose.of(((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)))
    return filtered(pictures, disc(radius * dose.scale, softness))


def disc(radius: float, softness: float) -> Tensor:
    """A disc as a kernel, its edge softened by so many pixels (which don't grow with the picture).

    >>> disc(1.0, 0.1).mul(5).int().tolist()
    [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    """
    reach = math.ceil(radius) + int(4 * softness + 0.5)
    places = torch.arange(-reach, reach + 1)
    inside = (places[:, None] ** 2 + places**2 <= radius**2).float()
    softened = blurred(inside[None, None], softness)[0, 0]
    return softened / softened.sum()


def glass(pictures: Tensor, dose: Dose) -> Tensor:
    """Frosted glass: a share of the pixels shows one of its neighbours, once or several times,
    between two slight blurs.

    The original exchanges neighbours one after another, which no batch can; and as its blur grows
    it hides what was exchanged. Here only the exchanging grows.
    """
    share, times = dose.of(((0.4, 1), (0.7, 1), (1.0, 1), (1.0, 2), (1.0, 3)))
    sigma, reach = 0.25 * dose.grain, round(dose.grain)
    pictures = blurred(pictures, sigma)
    count, _, height, width = pictures.shape
    for _ in range(times):
        size = (count, height, width, 2)
        by = torch.randint(-reach, reach + 1, size, generator=dose.chance).float()
        stays = torch.rand(*size[:3], 1, generator=dose.chance) >= share
        pictures = moved(pictures, torch.where(stays, 0.0, by))
    return blurred(pictures, sigma)


def motion(pictures: Tensor, dose: Dose) -> Tensor:
    """A camera that moved, in any direction that is more level than steep. (The published third and
    fourth severity differ only in the far end of the trail, where nothing is left of it; here they
    differ.)"""
    radius, sigma = dose.of(((6, 1.0), (6, 1.5), (6, 2.0), (8, 2.25), (9, 2.5)))
    angle = 90 * torch.rand(len(pictures), generator=dose.chance) - 45
    return smeared(pictures, angle, 2 * radius * dose.scale, sigma * dose.scale)


def zoom(pictures: Tensor, dose: Dose) -> Tensor:
    """A camera that came nearer meanwhile: the mean of the picture at ever larger zooms."""
    steps = dose.of((6, 11, 16, 21, 26))
    total = pictures.clone()
    for step in range(steps):
        total += zoomed(pictures, 1 + 0.01 * step)
    return total / (steps + 1)
