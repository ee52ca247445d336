"""Fifteen common corruptions at five severities, on whole batches of pictures.

The families and severities are those of Hendrycks and Dietterich (2019), written anew from their
definitions. Severities are CIFAR-10-C's, for pictures of 32 pixels. With the picture grow lengths
in pixels, and, by the square root, what is drawn for each pixel by itself; so at 224 pixels a
severity comes near ImageNet-C's. Numbers therefore compare with each other here, and not to the
digit with those of the published picture files.

    dose.py     how much of a corruption, for pictures of what size
    moving.py   pictures blurred, zoomed, shifted and bent; clouds
    noise.py    gaussian, shot, impulse
    blur.py     defocus, glass, motion, zoom
    weather.py  snow, frost, fog, brightness
    digital.py  contrast, elastic, pixelate, jpeg
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from tlcore.nn.corruptions import kinds
from tlcore.nn.corruptions.kinds import Dose, as_bytes, as_floats, scale_of
from tlcore.nn.seeding import generator_for

Corruption: TypeAlias = Callable[[Tensor, Dose], Tensor]
"""Makes pictures (floats from 0 to 1, n x 3 x height x width) worse; what leaves that range is cut
off afterwards."""

CORRUPTIONS: Mapping[str, Corruption] = {
    "gaussian-noise": kinds.gaussian,
    "shot-noise": kinds.shot,
    "impulse-noise": kinds.impulse,
    "defocus-blur": kinds.defocus,
    "glass-blur": kinds.glass,
    "motion-blur": kinds.motion,
    "zoom-blur": kinds.zoom,
    "snow": kinds.snow,
    "frost": kinds.frost,
    "fog": kinds.fog,
    "brightness": kinds.brightness,
    "contrast": kinds.contrast,
    "elastic": kinds.elastic,
    "pixelate": kinds.pixelate,
    "jpeg": kinds.jpeg,
}
"""By their names in `tlcore.analysis.robustness`."""

_PIXELS_AT_ONCE = 128 * 32 * 32


def corrupt(pixels: Tensor, name: str, severity: int, *, seed: int = 0) -> Tensor:
    """The same pictures made worse: bytes, n x height x width x 3, as data sets keep them.

    What is left to chance is the same for all severities, so that only the severity differs.

    >>> grey = torch.full((1, 32, 32, 3), 128, dtype=torch.uint8)
    >>> corrupt(grey, "brightness", 3)[0, 0, 0].tolist()
    [166, 166, 166]

    Args:
        pixels: At least one picture.
        name: One of `CORRUPTIONS`.
        severity: 1 to 5.
        seed: Of all that is left to chance.
    """
    if not 1 <= severity <= 5:
        raise ValueError(f"a severity is 1 to 5, not {severity}")
    height, width = pixels.shape[1:3]
    at_once = max(1, _PIXELS_AT_ONCE // (height * width))
    return torch.cat(
        [
            _corrupted(some, name, Dose(severity, scale_of(height, width), chance))
            for number, some in enumerate(pixels.split(at_once))
            for chance in [generator_for(seed, name, number)]
        ]
    )


def _corrupted(pixels: Tensor, name: str, dose: Dose) -> Tensor:
    return as_bytes(CORRUPTIONS[name](as_floats(pixels), dose))
