"""Noise: what cameras add in the dark, and what a bad line adds."""

from __future__ import annotations

import torch
from torch import Tensor

from tlcore.nn.corruptions.dose import Dose


def gaussian(pictures: Tensor, dose: Dose) -> Tensor:
    """Grain of the same deviation everywhere."""
    deviation = dose.of((0.04, 0.06, 0.08, 0.09, 0.10)) * dose.grain
    return pictures + deviation * torch.randn(pictures.shape, generator=dose.chance)


def shot(pictures: Tensor, dose: Dose) -> Tensor:
    """Light counted photon by photon: so many arrive at a white pixel, and fewer, with more chance,
    at a dark one."""
    photons = dose.of((500, 250, 100, 75, 50)) / dose.scale
    return torch.poisson(pictures * photons, generator=dose.chance) / photons


def impulse(pictures: Tensor, dose: Dose) -> Tensor:
    """Salt and pepper: a share of all values is lost, half of it to 0 and half to 1."""
    share = min(1.0, dose.of((0.01, 0.02, 0.03, 0.05, 0.07)) * dose.grain)
    dice = torch.rand(pictures.shape, generator=dose.chance)
    peppered = torch.where(dice < share / 2, 0.0, pictures)
    return torch.where(dice > 1 - share / 2, 1.0, peppered)
