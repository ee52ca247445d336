"""Keeping what frozen blocks compute makes a run faster, and changes nothing else."""

from typing import Any

import pytest
import torch

from tests.nn.engine.conftest import SMALL
from tests.nn.engine.test_train import of
from tlcore.data import cache
from tlcore.events import EpochDone, Keeping, PhaseBegan, Started, StepDone, Tested
from tlcore.nn.engine import activation_store, activations, frozen, train

BACKBONES = ["pebble-shapes", "resnet18", "mobilenetv2_100", "vit_tiny_patch16_224"]


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("preset", ["head-only", "last-blocks"])
def test_kept_and_computed_activations_train_to_the_same_numbers(
    preset, backbone, pretrained, monkeypatch
):
    recipe = pretrained(preset, backbone, optimiser={"name": "sgd", "rate": 0.001})
    kept = list(train(recipe))
    monkeypatch.setattr(activations, "open_shelf", lambda *of_anything: None)
    computed = list(train(recipe))
    assert of(PhaseBegan, kept)[0].cached
    assert not of(PhaseBegan, computed)[0].cached
    for one, other in zip(of(EpochDone, kept), of(EpochDone, computed), strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-3)
        assert one.validation_loss == pytest.approx(other.validation_loss, rel=1e-3)
    one, other = (of(Tested, events)[0].predictions.probabilities for events in (kept, computed))
    assert torch.allclose(torch.from_numpy(one), torch.from_numpy(other), atol=1e-3)


def elsewhere():
    """As many pictures, but others."""
    small: Any = SMALL["data"]
    return {"name": "shapes", "shapes": {**small["shapes"], "world": 7}}


def cached(recipe):
    return [phase.cached for phase in of(PhaseBegan, train(recipe))]


def passes(recipe):
    """How often frozen blocks looked at all pictures of a kind."""
    return sum(event.done == event.total for event in of(Keeping, train(recipe)))


def test_what_is_kept_moves_with_the_thaw(pretrained):
    assert cached(pretrained("lp-ft", epochs=2)) == [True, False]


def test_pictures_changed_anew_every_time_are_not_kept(pretrained):
    assert cached(pretrained(augmentation={"flip": True})) == [False]


def test_changed_views_are_kept_if_the_recipe_says_how_many(pretrained):
    events = list(train(pretrained(augmentation={"flip": True, "views": 2}, epochs=2)))
    assert of(PhaseBegan, events)[0].cached
    (started,) = of(Started, events)
    assert max(event.total for event in of(Keeping, events)) == 2 * started.train_pictures
    first, second = (epoch.train_loss for epoch in of(EpochDone, events))
    assert first != second


VIEWS = {"flip": True, "crop": 0.2, "rotation": 20, "colour": 0.3, "views": 2}


def losses(recipe):
    return [event.loss for event in train(recipe) if isinstance(event, StepDone)]


def test_views_are_the_same_pictures_whatever_disk_memory_and_device_are_like(
    pretrained, monkeypatch
):
    recipe = pretrained(augmentation=VIEWS, epochs=3)
    kept = losses(recipe)
    monkeypatch.setattr(frozen, "batch_for", lambda size, device: 7)
    assert losses(recipe) == pytest.approx(kept, abs=1e-4)
    monkeypatch.setattr(activations, "open_shelf", lambda *of_anything: None)
    assert losses(recipe) == pytest.approx(kept, abs=1e-4)


def test_views_mean_the_same_where_the_whole_network_trains(pretrained):
    whole = pretrained("full", augmentation=VIEWS, epochs=2)
    anew = pretrained("full", augmentation={**VIEWS, "views": 0}, epochs=2)
    assert losses(whole) != losses(anew)


def test_blended_pictures_go_through_the_whole_network(pretrained):
    assert cached(pretrained(augmentation={"mixup": 0.4, "views": 2})) == [False]


def test_adapted_statistics_change_frozen_blocks_so_nothing_is_kept(pretrained):
    assert cached(pretrained(dials={"batchnorm": "adapted"})) == [False]


def test_what_fits_neither_on_disk_nor_into_memory_is_not_kept(pretrained, monkeypatch):
    monkeypatch.setattr(activation_store, "available_memory", lambda device: 1000)
    monkeypatch.setattr(activation_store, "MOST_ON_DISK", 1000)
    assert cached(pretrained()) == [False]


def test_where_the_disk_has_no_room_memory_serves(pretrained, monkeypatch):
    monkeypatch.setattr(activation_store, "MOST_ON_DISK", 1000)
    assert cached(pretrained()) == [True]
    assert not list(cache.activations().iterdir())


def test_another_run_finds_what_one_has_kept(pretrained):
    assert passes(pretrained(seed=0)) > 0
    assert passes(pretrained(seed=1)) == 0


def test_other_pictures_are_not_taken_for_the_same(pretrained):
    assert passes(pretrained()) > 0
    assert passes(pretrained(data=elsewhere())) > 0


def test_a_schedule_that_thaws_more_and_more_needs_one_pass(pretrained):
    whole = pretrained("gradual", epochs=4)
    assert cached(whole)[:3] == [True, True, True]
    for kept in cache.activations().iterdir():
        kept.unlink()
    assert passes(whole) == 2, "training pictures and validation pictures, once each"


def test_a_damaged_file_is_not_believed(pretrained):
    def loss(recipe):
        return [epoch.train_loss for epoch in of(EpochDone, train(recipe))]

    before = loss(pretrained())
    for path in cache.activations().iterdir():
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
    assert loss(pretrained()) == before


def test_the_oldest_go_when_there_are_too_many(pretrained, monkeypatch):
    list(train(pretrained()))
    before = {path.name for path in cache.activations().iterdir()}
    monkeypatch.setattr(activation_store, "MOST_ON_DISK", sum_of_sizes() + 1)
    list(train(pretrained(data=elsewhere())))
    after = {path.name for path in cache.activations().iterdir()}
    assert after - before
    assert before - after
    assert sum_of_sizes() <= activation_store.MOST_ON_DISK


def sum_of_sizes():
    return sum(path.stat().st_size for path in cache.activations().iterdir())
