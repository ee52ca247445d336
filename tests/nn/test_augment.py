"""Augmentation changes pictures as it says, and the same way every time."""

import pytest
import torch

from tlcore.nn.augment import augment, mix
from tlcore.nn.seeding import generator_for
from tlcore.recipe import Augmentation

EVERYTHING = Augmentation(flip=True, crop=0.2, rotation=20, zoom=0.2, colour=0.3, cutout=0.3)
EACH = [
    Augmentation(flip=True),
    Augmentation(crop=0.2),
    Augmentation(rotation=20),
    Augmentation(zoom=0.2),
    Augmentation(colour=0.3),
    Augmentation(cutout=0.3),
]


@pytest.fixture
def pictures():
    return torch.rand(16, 3, 12, 12, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("what", [*EACH, EVERYTHING], ids=repr)
def test_every_kind_changes_pictures_and_keeps_them_pictures(what, pictures):
    changed = augment(pictures, what, generator_for(0))
    assert changed.shape == pictures.shape
    assert not torch.equal(changed, pictures)
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_the_same_place_in_a_run_gives_the_same_pictures(pictures):
    first, again, other = (
        augment(pictures, EVERYTHING, generator_for(0, "augment", place)) for place in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_switched_off_it_changes_nothing(pictures):
    assert augment(pictures, Augmentation(), generator_for(0)) is pictures


def test_a_flip_mirrors_some_pictures_and_leaves_the_others(pictures):
    flipped = augment(pictures, Augmentation(flip=True), generator_for(0))
    mirrored = (flipped == pictures.flip(-1)).all(dim=(1, 2, 3))
    unchanged = (flipped == pictures).all(dim=(1, 2, 3))
    assert (mirrored ^ unchanged).all()
    assert 0 < mirrored.sum() < len(pictures)


def test_a_crop_moves_by_whole_pixels_within_its_reach(pictures):
    ramp = torch.arange(12.0).expand(16, 3, 12, 12) / 12
    moved = augment(ramp, Augmentation(crop=0.25), generator_for(0))
    shifts = (moved[:, 0, 0, 6] * 12 - 6).round().long()
    assert torch.equal(moved[:, 0, 0, 6] * 12 - 6, shifts.float())
    assert shifts.abs().max() <= 3
    assert len(shifts.unique()) > 2


def test_a_hole_has_the_size_it_was_given():
    holed = augment(torch.ones(64, 3, 20, 20), Augmentation(cutout=0.25), generator_for(0))
    areas = (holed[:, 0] == 0.5).sum(dim=(1, 2))
    assert areas.max() == 25
    assert areas.min() > 0


def test_a_quarter_turn_is_at_most_what_was_asked_for():
    """A bright bar, turned by at most 10 degrees, still stands upright."""
    bar = torch.zeros(32, 3, 21, 21)
    bar[..., 9:12] = 1
    turned = augment(bar, Augmentation(rotation=10), generator_for(0))
    assert (turned[:, 0, 10, 10] > 0.9).all()
    assert (turned[:, 0, :, 0] < 0.1).all()
    assert not torch.equal(turned, bar)


@pytest.mark.parametrize("what", [Augmentation(mixup=0.4), Augmentation(cutmix=1.0)], ids=repr)
def test_a_mixture_is_as_much_of_each_picture_as_it_says(what):
    pictures = torch.eye(8).reshape(8, 1, 8, 1).expand(8, 3, 8, 8).contiguous()
    mixture = mix(pictures, what, generator_for(3))
    assert mixture is not None
    rows = torch.arange(8)
    kept = int((mixture.partner != rows).nonzero()[0])
    own = mixture.pictures[kept, 0, kept].mean().item()
    assert 0 <= mixture.share <= 1
    if what.mixup:
        assert own == pytest.approx(mixture.share, abs=1e-6)
    else:
        unmixed = (mixture.pictures == pictures).float().mean().item()
        assert mixture.share <= unmixed <= 1


def test_without_mixup_and_cutmix_nothing_is_mixed(pictures):
    assert mix(pictures, EVERYTHING, generator_for(0)) is None


def test_with_both_on_each_comes_up():
    both = Augmentation(mixup=1.0, cutmix=1.0)
    pictures = torch.rand(4, 3, 8, 8)
    blended = 0
    for place in range(20):
        mixture = mix(pictures, both, generator_for(place))
        assert mixture is not None
        pasted = (mixture.pictures == pictures) | (mixture.pictures == pictures[mixture.partner])
        blended += not pasted.all()
    assert 0 < blended < 20
