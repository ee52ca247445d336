"""What a network sees, picture by picture and pixel by pixel: augmentation, blends, resizing."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from tlcore.nn.augment import augment, mix
from tlcore.nn.preprocessing import Preparation
from tlcore.nn.seeding import generator_for
from tlcore.recipe import Augmentation

SIDE, COUNT = 12, 6
ZERO_ONE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.fixture
def pictures():
    return torch.rand(COUNT, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))


def _flipped(picture, dice, which):
    return picture.flip(-1) if dice["flip"][which] < 0.5 else picture


def _cropped(picture, dice, which):
    """Three pixels more on each side, mirrored, of which a window is cut out."""
    padded = np.pad(picture.numpy(), ((0, 0), (3, 3), (3, 3)), mode="reflect")
    top, left = dice["crop"][:, which]
    return torch.from_numpy(padded[:, top : top + SIDE, left : left + SIDE])


def _turned(picture, dice, which):
    """Each new pixel looks where it came from, and mixes the four pixels that lie around there."""
    angle = math.radians(-20 + 40 * dice["angle"][which])
    scale = 1 / (0.8 + 0.4 * dice["zoom"][which])
    made, middle = torch.zeros_like(picture), (SIDE - 1) / 2
    for row in range(SIDE):
        for column in range(SIDE):
            x, y = column - middle, row - middle
            from_x = scale * (math.cos(angle) * x - math.sin(angle) * y) + middle
            from_y = scale * (math.sin(angle) * x + math.cos(angle) * y) + middle
            made[:, row, column] = _between(picture, from_x, from_y)
    return made


def _between(picture, x, y):
    x, y = _mirrored(x), _mirrored(y)
    left, top = math.floor(x), math.floor(y)
    total = torch.zeros(3)
    for column, row in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
        share = (1 - abs(x - column)) * (1 - abs(y - row))
        if 0 <= column < SIDE and 0 <= row < SIDE:
            total += share * picture[:, row, column]
    return total


def _mirrored(place):
    """Beyond the edge it goes back: the edge lies half a pixel beyond the last one's middle."""
    place = abs(place + 0.5) % (2 * SIDE)
    return min(max(min(place, 2 * SIDE - place) - 0.5, 0.0), SIDE - 1.0)


def _coloured(picture, dice, which):
    brightness, contrast, saturation = (0.6 + 0.8 * each[which] for each in dice["colour"])
    picture = picture * brightness
    picture = picture.mean() + (picture - picture.mean()) * contrast
    grey = picture.mean(dim=0, keepdim=True)
    return (grey + (picture - grey) * saturation).clamp(0, 1)


def _with_a_hole(picture, dice, which):
    """A grey square a third as wide, its middle anywhere."""
    changed, half = picture.clone(), SIDE / 3 / 2
    for row in range(SIDE):
        for column in range(SIDE):
            down, across = (SIDE * dice["hole"][axis][which] for axis in (0, 1))
            if abs(row + 0.5 - down) < half and abs(column + 0.5 - across) < half:
                changed[:, row, column] = 0.5
    return changed


def _rand(chance):
    return torch.rand(COUNT, generator=chance).tolist()


KINDS = {
    "flip": (Augmentation(flip=True), _flipped, lambda c: {"flip": _rand(c)}),
    "crop": (
        Augmentation(crop=0.25),
        _cropped,
        lambda c: {"crop": torch.randint(0, 7, (2, COUNT), generator=c).numpy()},
    ),
    "rotation and zoom": (
        Augmentation(rotation=20, zoom=0.2),
        _turned,
        lambda c: {"angle": _rand(c), "zoom": _rand(c)},
    ),
    "colour": (
        Augmentation(colour=0.4),
        _coloured,
        lambda c: {"colour": [_rand(c), _rand(c), _rand(c)]},
    ),
    "cutout": (Augmentation(cutout=1 / 3), _with_a_hole, lambda c: {"hole": [_rand(c), _rand(c)]}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_changed_as_its_pictures_one_by_one(kind, pictures, held):
    what, change, throw = KINDS[kind]
    found = augment(pictures, what, generator_for(5))
    dice = throw(generator_for(5))
    wanted = torch.stack([change(picture, dice, i) for i, picture in enumerate(pictures)])
    held(f"augmentation {kind}", float((found - wanted).abs().max()), 1e-5)


def test_mixup_is_a_weighted_mean_and_cutmix_a_pasted_box(pictures, held):
    blend = mix(pictures, Augmentation(mixup=0.4), generator_for(1))
    assert blend is not None
    for i, j in enumerate(blend.partner.tolist()):
        wanted = blend.share * pictures[i] + (1 - blend.share) * pictures[j]
        held(f"mixup, picture {i}", float((blend.pictures[i] - wanted).abs().max()), 1e-6)
    pasted = mix(pictures, Augmentation(cutmix=1.0), generator_for(4))
    assert pasted is not None
    own = (pasted.pictures == pictures).all(dim=(0, 1)).sum()
    share = float(own) / SIDE**2
    held("cutmix, share of the label that stays", abs(share - pasted.share), 1e-6)


FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


@pytest.mark.parametrize("interpolation", FILTERS)
def test_batches_are_resized_as_pillow_resizes_pictures(interpolation, held):
    """Pillow rounds to bytes after each of two directions: so within a little over 1 of 255."""
    noise = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    for size in (20, 24, 75, 96, 224):
        prepare = Preparation(size, interpolation, *ZERO_ONE)
        found = 255 * prepare(torch.from_numpy(noise)).permute(0, 2, 3, 1).numpy()
        wanted = [
            np.asarray(Image.fromarray(each).resize((size, size), FILTERS[interpolation]))
            for each in noise
        ]
        apart = float(np.abs(found - np.stack(wanted)).max())
        held(
            f"resizing, {interpolation}, 32 to {size} (of 255)",
            apart,
            0.0 if interpolation == "nearest" else 1.2,
        )
