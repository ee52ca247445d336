"""Augmentation on a whole batch at once: tensor operations on the device, no picture-by-picture
Python. Pictures are floats from 0 to 1, n x 3 x height x width.

Random numbers come from the CPU and are moved to the device, so every device sees the same
pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tlcore.nn.seeding import Chance, PictureChance
from tlcore.recipe import Augmentation


def augment(pictures: Tensor, what: Augmentation, chance: Chance) -> Tensor:
    """Each picture changed at random in every way that is switched on."""
    if what.flip:
        pictures = _flipped(pictures, chance)
    if what.crop:
        pictures = _shifted(pictures, what.crop, chance)
    if what.rotation or what.zoom:
        pictures = _turned(pictures, what.rotation, what.zoom, chance)
    if what.colour:
        pictures = _coloured(pictures, what.colour, chance)
    if what.cutout:
        pictures = _with_holes(pictures, what.cutout, chance)
    return pictures


@dataclass(frozen=True)
class Mixture:
    """Pictures blended with a partner from the same batch.

    Attributes:
        pictures: The blend.
        partner: For each picture the row of the one blended in.
        share: How much of the label stays with the first.
    """

    pictures: Tensor
    partner: Tensor
    share: float


def mix(pictures: Tensor, what: Augmentation, chance: torch.Generator) -> Mixture | None:
    """Mixup or cutmix, whichever is on; with both on, a coin decides for each batch."""
    if not (what.mixup or what.cutmix):
        return None
    heads = torch.rand((), generator=chance).item() < 0.5
    blend = what.mixup > 0 and (heads or not what.cutmix)
    share = _beta(what.mixup if blend else what.cutmix, chance)
    partner = torch.randperm(len(pictures), generator=chance).to(pictures.device)
    if blend:
        return Mixture(torch.lerp(pictures[partner], pictures, share), partner, share)
    return _pasted(pictures, partner, share, chance)


def _uniform(count: int, low: float, high: float, chance: Chance, to: Tensor) -> Tensor:
    if isinstance(chance, PictureChance):
        drawn = chance.uniform()
    else:
        drawn = torch.rand(count, generator=chance)
    return (low + (high - low) * drawn).to(to.device)


def _whole(count: int, below: int, chance: Chance) -> Tensor:
    """Two whole numbers a picture."""
    if isinstance(chance, PictureChance):
        return torch.stack([chance.whole(below), chance.whole(below)])
    return torch.randint(0, below, (2, count), generator=chance)


def _flipped(pictures: Tensor, chance: Chance) -> Tensor:
    flip = _uniform(len(pictures), 0, 1, chance, pictures) < 0.5
    return torch.where(flip[:, None, None, None], pictures.flip(-1), pictures)


def _shifted(pictures: Tensor, share: float, chance: Chance) -> Tensor:
    """Moved by whole pixels, the edge reflected into the gap."""
    count, _, height, width = pictures.shape
    reach = min(max(1, round(share * width)), height - 1, width - 1)
    padded = F.pad(pictures, (reach,) * 4, mode="reflect")
    offsets = _whole(count, 2 * reach + 1, chance)[..., None].to(pictures.device)
    rows = offsets[0] + torch.arange(height, device=pictures.device)
    columns = offsets[1] + torch.arange(width, device=pictures.device)
    each = torch.arange(count, device=pictures.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


def _turned(pictures: Tensor, degrees: float, zoom: float, chance: Chance) -> Tensor:
    count, _, height, width = pictures.shape
    angle = torch.deg2rad(_uniform(count, -degrees, degrees, chance, pictures))
    scale = 1 / _uniform(count, 1 - zoom, 1 + zoom, chance, pictures)
    cosine, sine, zero = scale * angle.cos(), scale * angle.sin(), torch.zeros_like(angle)
    aspect = height / width
    top = torch.stack([cosine, -sine * aspect, zero], dim=1)
    bottom = torch.stack([sine / aspect, cosine, zero], dim=1)
    grid = F.affine_grid(
        torch.stack([top, bottom], dim=1), list(pictures.shape), align_corners=False
    )
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def _coloured(pictures: Tensor, strength: float, chance: Chance) -> Tensor:
    low, high = 1 - strength, 1 + strength
    brightness, contrast, saturation = (
        _uniform(len(pictures), low, high, chance, pictures)[:, None, None, None] for _ in range(3)
    )
    pictures = pictures * brightness
    mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
    pictures = mean + (pictures - mean) * contrast
    grey = pictures.mean(dim=1, keepdim=True)
    return (grey + (pictures - grey) * saturation).clamp(0, 1)


def _with_holes(pictures: Tensor, share: float, chance: Chance) -> Tensor:
    """A grey square at a random place; at the edge it may hang over."""
    hole = _boxes(pictures, share, share, chance)
    return torch.where(hole, torch.full_like(pictures, 0.5), pictures)


def _boxes(pictures: Tensor, tall: float, wide: float, chance: Chance) -> Tensor:
    """A mask with one box a picture, its centre anywhere."""
    count, _, height, width = pictures.shape
    centre_y = _uniform(count, 0, height, chance, pictures)[:, None]
    centre_x = _uniform(count, 0, width, chance, pictures)[:, None]
    rows = (torch.arange(height, device=pictures.device) + 0.5 - centre_y).abs() < tall * height / 2
    columns = (torch.arange(width, device=pictures.device) + 0.5 - centre_x).abs() < (
        wide * width / 2
    )
    return rows[:, None, :, None] & columns[:, None, None, :]


def _pasted(pictures: Tensor, partner: Tensor, share: float, chance: torch.Generator) -> Mixture:
    """One box for the whole batch, so that one share holds for all."""
    side = (1 - share) ** 0.5
    box = _boxes(pictures[:1], side, side, chance)
    kept = 1 - box.float().mean().item()
    return Mixture(torch.where(box, pictures[partner], pictures), partner, kept)


def _beta(alpha: float, chance: torch.Generator) -> float:
    """A draw from Beta(alpha, alpha); torch has none that takes a generator, NumPy has."""
    seed = int(torch.randint(2**62, (), generator=chance))
    return float(np.random.default_rng(seed).beta(alpha, alpha))
