"""What a network sees is what the recipe says it sees."""

import numpy as np
import pytest
import torch

from tlcore.data.pictures import Pictures
from tlcore.nn.preprocessing import Preparation, channel_statistics, preparation_for
from tlcore.recipe import Input

HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.fixture
def pictures():
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    return Pictures(pixels, np.zeros(40, np.int64), np.arange(40).astype(str))


def batch(pictures):
    return torch.from_numpy(pictures.pixels)


@pytest.mark.parametrize(
    ("normalise", "lowest", "highest"),
    [("zero-one", 0, 1), ("half", -1, 1), ("raw", 0, 255)],
)
def test_normalisation_gives_the_range_it_names(normalise, lowest, highest, pictures):
    prepare = preparation_for(Input(size=8, normalise=normalise), HALF, pictures)
    seen = prepare(batch(pictures))
    assert seen.min() == pytest.approx(lowest, abs=1e-4)
    assert seen.max() == pytest.approx(highest, rel=1e-5)


def test_auto_follows_the_weights_and_without_any_the_data(pictures):
    assert preparation_for(Input(), HALF, pictures).mean == HALF[0]
    own = preparation_for(Input(size=8), None, pictures)
    assert own.mean == pytest.approx(tuple(pictures.pixels.mean(axis=(0, 1, 2)) / 255))
    seen = own(batch(pictures))
    assert seen.mean(dim=(0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-4)
    assert seen.std(dim=(0, 2, 3)).tolist() == pytest.approx([1, 1, 1], abs=1e-2)


@pytest.mark.parametrize("size", [8, 20, 5])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_batches_are_resized_on_the_way_in(size, interpolation, pictures):
    prepare = preparation_for(Input(size=8, interpolation=interpolation), HALF, pictures)
    seen = Preparation(size, interpolation, *HALF)(batch(pictures))
    assert seen.shape == (40, 3, size, size)
    assert seen.is_contiguous(memory_format=torch.channels_last)
    if size == 8:
        assert torch.equal(seen, prepare(batch(pictures)))


def test_a_flat_channel_does_not_divide_by_nothing():
    black = Pictures(
        np.zeros((4, 8, 8, 3), np.uint8), np.zeros(4, np.int64), np.arange(4).astype(str)
    )
    mean, std = channel_statistics(black)
    assert mean == (0, 0, 0)
    assert min(std) > 0
