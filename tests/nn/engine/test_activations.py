"""Keeping what frozen blocks compute makes a run faster, and changes nothing else."""

import pytest
import torch

from tests.nn.engine.test_train import of
from tlcore.events import EpochDone, PhaseBegan, Tested
from tlcore.nn.engine import activations, train

BACKBONES = ["pebble-shapes", "resnet18", "mobilenetv2_100", "vit_tiny_patch16_224"]


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("preset", ["head-only", "last-blocks"])
def test_kept_and_computed_activations_train_to_the_same_numbers(
    preset, backbone, pretrained, monkeypatch
):
    recipe = pretrained(preset, backbone, optimiser={"name": "sgd", "rate": 0.001})
    kept = list(train(recipe))
    monkeypatch.setattr("tlcore.nn.engine.loop.may_keep", lambda *of_anything: False)
    computed = list(train(recipe))
    assert of(PhaseBegan, kept)[0].cached
    assert not of(PhaseBegan, computed)[0].cached
    for one, other in zip(of(EpochDone, kept), of(EpochDone, computed), strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-3)
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-3)
    one, other = (of(Tested, events)[0].predictions.probabilities for events in (kept, computed))
    assert torch.allclose(torch.from_numpy(one), torch.from_numpy(other), atol=1e-3)


def cached(recipe):
    return [phase.cached for phase in of(PhaseBegan, train(recipe))]


def test_what_is_kept_moves_with_the_thaw(pretrained):
    assert cached(pretrained("lp-ft", epochs=2)) == [True, False]


def test_augmented_pictures_are_new_every_time_so_nothing_is_kept(pretrained):
    assert cached(pretrained(augmentation={"flip": True})) == [False]


def test_adapted_statistics_change_frozen_blocks_so_nothing_is_kept(pretrained):
    assert cached(pretrained(dials={"batchnorm": "adapted"})) == [False]


def test_what_does_not_fit_into_memory_is_not_kept(pretrained, monkeypatch):
    monkeypatch.setattr(activations, "available_memory", lambda device: 1000)
    assert cached(pretrained()) == [False]
