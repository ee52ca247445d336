"""What programs do to pictures: flatten, bend, coarsen and compress them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tlcore.nn.corruptions.warping import blurred, clouds, filtered, moved, smeared, zoomed

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
