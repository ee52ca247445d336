"""Weather: snow, frost on the lens, fog, and light that is too bright."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from tlcore.nn.corruptions.dose import Dose
from tlcore.nn.corruptions.moving import clouds, smeared

_ICE = (0.86, 0.93, 1.0)  # its colour
_SNOW = (
    # mean and deviation of the flakes, their size, what is snow at all, how long and how softly
    # they fall, and how much of the picture's colour is left
    (0.1, 0.2, 1.0, 0.6, 8, 3, 0.95),
    (0.1, 0.2, 1.0, 0.5, 10, 4, 0.9),
    (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
    (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
    (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
)


def snow(pictures: Tensor, dose: Dose) -> Tensor:
    """Flakes that fall aslant, in a picture that has become paler; they lie as they fall, and once
    more upside down."""
    *_, left = dose.of(_SNOW)
    red, green, blue = pictures.unbind(1)
    grey = (0.299 * red + 0.587 * green + 0.114 * blue)[:, None]
    pale = torch.maximum(pictures, 1.5 * grey + 0.5)
    flakes = _flakes(pictures, dose)
    return left * pictures + (1 - left) * pale + flakes + flakes.rot90(2, (2, 3))


def _flakes(pictures: Tensor, dose: Dose) -> Tensor:
    """White on black, n x 1 x height x width."""
    mean, deviation, size, least, radius, sigma, _ = dose.of(_SNOW)
    count, _, height, width = pictures.shape
    cells = [math.ceil(side / (size * dose.scale)) for side in (height, width)]
    drawn = mean + deviation * torch.randn(count, 1, *cells, generator=dose.chance)
    layer = F.interpolate(drawn, size=(height, width), mode="bilinear", align_corners=False)
    layer = torch.where(layer < least, 0.0, layer).clamp(0, 1)
    angle = -135 + 90 * torch.rand(count, generator=dose.chance)
    return smeared(layer, angle, 2 * radius * dose.scale, sigma * dose.scale)


def frost(pictures: Tensor, dose: Dose) -> Tensor:
    """Ice on the lens. The original lays photographs of frost over the pictures; here crystals are
    drawn, a haze with bright veins where clouds are neither thin nor thick, and there is more of
    them at each severity, because beneath drawn ones the published last three look alike."""
    left, ice = dose.of(((1.0, 0.2), (0.95, 0.3), (0.9, 0.4), (0.85, 0.5), (0.75, 0.6)))
    count, _, height, width = pictures.shape
    haze, veins = (clouds(count, height, width, decay, dose.chance) for decay in (2.0, 1.5))
    crystals = 0.6 * haze + 0.4 * (1 - (2 * veins - 1).abs()) ** 2
    return left * pictures + ice * crystals * torch.tensor(_ICE)[:, None, None]


def fog(pictures: Tensor, dose: Dose) -> Tensor:
    """Clouds laid over the picture, which loses contrast so as not to become brighter than its
    brightest spot."""
    strength, decay = dose.of(((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75)))
    count, _, height, width = pictures.shape
    brightest = pictures.amax(dim=(1, 2, 3), keepdim=True)
    foggy = pictures + strength * clouds(count, height, width, decay, dose.chance)
    return foggy * brightest / (brightest + strength)


def brightness(pictures: Tensor, dose: Dose) -> Tensor:
    """Lighter by so much: hue and saturation stay (the V of HSV is raised)."""
    value = pictures.amax(dim=1, keepdim=True)
    lighter = (value + dose.of((0.05, 0.1, 0.15, 0.2, 0.3))).clamp(max=1)
    return torch.where(value > 0, pictures * lighter / value.clamp(min=1e-6), lighter)
