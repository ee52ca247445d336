"""Every preset on every kind of network: frozen stays, thawed moves, statistics obey."""

from typing import get_args

import pytest
import torch

from tests.nn.engine.test_train import of
from tlcore.data import load
from tlcore.events import PhaseBegan
from tlcore.nn.engine import train
from tlcore.nn.engine.setup import prepare_work
from tlcore.schedule import Preset

BACKBONES = ["pebble-shapes", "resnet18", "mobilenetv2_100", "vit_tiny_patch16_224"]
PRESETS = [preset for preset in get_args(Preset) if preset != "custom"]
DIALS = {
    "custom": {"phases": [{"thaw": "head", "epochs": 1}, {"thaw": "last 1 block", "rate": 0.5}]}
}


@pytest.fixture
def trained(kept_weights):
    """A network before and after, and the names of what its schedule let train."""

    def run(recipe):
        work = prepare_work(recipe, load(recipe.data, recipe.input))
        trainable = frozenset().union(*(thaw.trainable for thaw in work.plan.thaws))
        return work.network.state_dict(), trainable, kept_weights(train(recipe))

    return run


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("preset", [*PRESETS, "custom"])
def test_frozen_weights_stay_and_thawed_ones_move(preset, backbone, pretrained, trained):
    recipe = pretrained(
        preset,
        backbone,
        dials=DIALS.get(preset, {}),
        early_stopping={"keep": "last"},
        optimiser={"name": "adam", "rate": 0.01},
        data={
            "name": "shapes",
            "limit_train": 24,
            "limit_test": 8,
            "shapes": {"per_class": 4, "test_per_class": 2, "size": 16},
        },
    )
    before, trainable, after = trained(recipe)
    parameters = {name for name in before if not _is_statistic(name)}
    moved = {name for name in parameters if not torch.equal(before[name], after[name])}
    assert moved <= trainable, "a frozen weight moved"
    # a weight behind a dead ReLU gets no gradient, so nearly all is the promise
    assert len(moved) >= 0.9 * len(trainable), "a thawed weight stayed"


@pytest.mark.parametrize("backbone", ["pebble-shapes", "resnet18", "mobilenetv2_100"])
@pytest.mark.parametrize("policy", ["frozen", "adapted", "trained"])
def test_batchnorm_statistics_follow_the_policy(policy, backbone, pretrained, trained):
    recipe = pretrained(
        "last-blocks", backbone, dials={"batchnorm": policy}, early_stopping={"keep": "last"}
    )
    before, trainable, after = trained(recipe)
    moved = {
        name
        for name in before
        if name.endswith("running_mean") and not torch.equal(before[name], after[name])
    }
    backbone_means = {n for n in before if n.endswith("running_mean") and n.startswith("backbone")}
    thawed = {n for n in backbone_means if n.replace("running_mean", "weight") in trainable}
    assert thawed
    assert thawed < backbone_means
    expected = {"frozen": set(), "adapted": backbone_means, "trained": thawed}[policy]
    assert moved == expected


def test_phases_say_how_much_they_train(pretrained):
    recipe = pretrained("lp-ft", "resnet18")
    work = prepare_work(recipe, load(recipe.data, recipe.input))
    head = sum(p.numel() for p in work.network.head.parameters())
    phases = of(PhaseBegan, train(recipe))
    assert [p.trainable for p in phases] == [head, phases[1].total]


def _is_statistic(name):
    return name.endswith(("running_mean", "running_var", "num_batches_tracked"))
