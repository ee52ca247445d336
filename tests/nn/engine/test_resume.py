"""A run that was interrupted and resumed is the run that was not, bit for bit."""

from dataclasses import replace

import pytest
import torch

from tests.nn.engine.test_train import of, without_time
from tlcore.data import load
from tlcore.errors import CheckpointError
from tlcore.events import Checkpoint, EpochDone, Finished, PhaseBegan, StepDone, Tested
from tlcore.nn.engine import loop, train

GRADUAL = {
    "epochs": 5,
    "rate_schedule": {"name": "cosine"},
    "augmentation": {"flip": True, "crop": 0.1, "mixup": 0.2},
    "optimiser": {"name": "adamw", "rate": 0.01, "weight_decay": 0.01},
}


@pytest.fixture
def finish(kept_weights):
    """What a run says to its end, and its final weights."""

    def to_the_end(events):
        told = list(events)
        return told, kept_weights(told)

    return to_the_end


def interrupt(recipe, path, at):
    """Run until `at(event)`, save there and stop."""
    events = train(recipe)
    for event in events:
        if isinstance(event, StepDone | Checkpoint) and at(event):
            event.save(path)
            events.close()
            return
    raise AssertionError("the run ended before it was interrupted")


def assert_same_ending(whole, ending):
    (told, weights), (resumed, resumed_weights) = whole, ending
    epochs = without_time(of(EpochDone, resumed))
    assert epochs == without_time(of(EpochDone, told))[len(of(EpochDone, told)) - len(epochs) :]
    assert weights.keys() == resumed_weights.keys()
    assert all(torch.equal(weights[name], resumed_weights[name]) for name in weights)
    assert without_time(of(Finished, resumed)) == without_time(of(Finished, told))
    one, other = of(Tested, told)[0].predictions, of(Tested, resumed)[0].predictions
    assert (one.probabilities == other.probabilities).all()


@pytest.fixture(scope="module")
def remembered():
    return {}


@pytest.mark.parametrize("epoch", range(5))
def test_resuming_after_any_epoch_of_a_gradual_schedule_changes_nothing(
    epoch, pretrained, remembered, finish, tmp_path
):
    recipe = pretrained("gradual", **GRADUAL)
    if "whole" not in remembered:
        remembered["whole"] = finish(train(recipe))
    path = tmp_path / "last.safetensors"
    interrupt(recipe, path, lambda e: isinstance(e, Checkpoint) and e.epoch == epoch)
    assert_same_ending(remembered["whole"], finish(train(recipe, resume=path)))


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_resuming_in_the_middle_of_an_epoch_changes_nothing(name, pretrained, finish, tmp_path):
    recipe = pretrained(
        "lp-ft",
        epochs=3,
        optimiser={"name": name, "rate": 0.01},
        rate_schedule={"name": "plateau", "patience": 1},
    )
    path = tmp_path / "paused.safetensors"
    interrupt(recipe, path, lambda e: isinstance(e, StepDone) and e.epoch == 1 and e.step == 1)
    assert_same_ending(finish(train(recipe)), finish(train(recipe, resume=path)))


def test_a_resumed_run_does_not_freeze_again_what_had_thawed(pretrained, tmp_path):
    recipe = pretrained("gradual", **GRADUAL)
    path = tmp_path / "last.safetensors"
    interrupt(recipe, path, lambda e: isinstance(e, Checkpoint) and e.epoch == 3)
    began = of(PhaseBegan, train(recipe, resume=path))
    assert [phase.thawed for phase in began] == ["all"]


def test_a_checkpoint_of_another_recipe_is_refused(pretrained, tmp_path):
    path = tmp_path / "last.safetensors"
    interrupt(pretrained("full"), path, lambda e: isinstance(e, Checkpoint))
    with pytest.raises(CheckpointError, match="another recipe"):
        list(train(pretrained("full", seed=1), resume=path))


def test_a_checkpoint_of_other_pictures_is_refused(pretrained, tmp_path, monkeypatch):
    recipe = pretrained("full")
    path = tmp_path / "last.safetensors"
    interrupt(recipe, path, lambda e: isinstance(e, Checkpoint))
    changed = replace(load(recipe.data, recipe.input), fingerprint="other")
    monkeypatch.setattr(loop, "load", lambda *of_anything: changed)
    with pytest.raises(CheckpointError, match="pictures have changed"):
        list(train(recipe, resume=path))
