"""From stored bytes to what a network sees: float, augmented, enlarged, normalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from tlcore.data.pictures import Pictures
from tlcore.nn.augment import augment
from tlcore.nn.seeding import Chance
from tlcore.recipe import Augmentation, Input

Triple = tuple[float, float, float]
_NORMALISATION: dict[str, tuple[Triple, Triple]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "zero-one": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "raw": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}


@dataclass(frozen=True)
class Preparation:
    """How a batch of bytes becomes a batch of input.

    Attributes:
        size: Width and height that the network sees.
        interpolation: How pixels are made up when the batch is resized.
        mean: Subtracted from each channel, on the scale from 0 to 1.
        std: What each channel is then divided by.
    """

    size: int
    interpolation: str
    mean: Triple
    std: Triple

    def __call__(
        self,
        pixels: Tensor,
        augmentation: Augmentation | None = None,
        chance: Chance | None = None,
    ) -> Tensor:
        """Bytes, n x height x width x 3, to floats, n x 3 x size x size.

        Augmentation works on the stored size, before enlarging: a shift by one CIFAR pixel is
        what the reports meant, and small pictures are cheap.
        """
        pictures = pixels.permute(0, 3, 1, 2).float() / 255
        if augmentation is not None and augmentation.active:
            assert chance is not None
            pictures = augment(pictures, augmentation, chance)
        pictures = self._resized(pictures)
        mean = torch.tensor(self.mean, device=pixels.device)[:, None, None]
        std = torch.tensor(self.std, device=pixels.device)[:, None, None]
        return ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)

    def _resized(self, pictures: Tensor) -> Tensor:
        """As Pillow does it, which enlarges pictures that are stored so, but for its rounding."""
        if pictures.shape[-1] == pictures.shape[-2] == self.size:
            return pictures
        if self.interpolation == "nearest":
            rows, columns = (_nearest(side, self.size) for side in pictures.shape[-2:])
            return pictures[..., rows[:, None], columns]
        if self.interpolation == "bilinear":
            return self._interpolated(pictures, (self.size, self.size), pictures.shape[-1])
        wide = self._interpolated(pictures, (pictures.shape[-2], self.size), 0).clamp(0, 1)
        return self._interpolated(wide, (self.size, self.size), 0).clamp(0, 1)

    def _interpolated(self, pictures: Tensor, size: tuple[int, int], smoothed_above: int) -> Tensor:
        """Only with `antialias` does torch have Pillow's bicubic kernel, when enlarging too."""
        return F.interpolate(
            pictures,
            size=size,
            mode=self.interpolation,
            antialias=smoothed_above == 0 or smoothed_above > self.size,
            align_corners=False,
        )


def _nearest(before: int, after: int) -> Tensor:
    """From which row or column each new one is taken: Pillow adds up steps in double precision,
    which decides where two are equally near.

    >>> _nearest(4, 6).tolist()
    [0, 1, 1, 2, 2, 3]
    """
    step = before / after
    places = np.cumsum(np.r_[step / 2, np.full(after - 1, step)])
    return torch.from_numpy(np.minimum(places.astype(np.int64), before - 1))


def preparation_for(
    input: Input, trained_with: tuple[Triple, Triple] | None, train: Pictures
) -> Preparation:
    """The preparation a recipe asks for.

    `trained_with` is the mean and deviation that the weights know; without any, `auto` takes
    the training pictures' own.
    """
    if input.normalise == "dataset" or (input.normalise == "auto" and trained_with is None):
        mean, std = channel_statistics(train)
    elif input.normalise == "auto":
        assert trained_with is not None
        mean, std = trained_with
    else:
        mean, std = _NORMALISATION[input.normalise]
    return Preparation(input.size, input.interpolation, mean, std)


def channel_statistics(pictures: Pictures, sample: int = 5_000) -> tuple[Triple, Triple]:
    """Mean and deviation of each channel, from evenly spaced pictures."""
    rows = np.linspace(0, len(pictures) - 1, min(sample, len(pictures))).astype(np.int64)
    counts = np.zeros((3, 256), np.int64)  # of each value a byte can have: exact, and little memory
    for part in np.array_split(rows, -(-len(rows) // 256)):
        channels = pictures.pixels[part].reshape(-1, 3).T
        counts += [np.bincount(values, minlength=256) for values in channels]
    values, shares = np.arange(256) / 255, counts / counts.sum(axis=1, keepdims=True)
    means = shares @ values
    spreads = np.sqrt((shares * (values - means[:, None]) ** 2).sum(axis=1))
    return _triple(means), _triple(np.maximum(spreads, 1e-3))


def _triple(values: NDArray[np.float64]) -> Triple:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
