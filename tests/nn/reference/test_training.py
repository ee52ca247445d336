"""Steps and networks against the plain loop's: optimisers, presets, BatchNorm, losses."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.nn.reference.fine_tune import fine_tune
from tlcore.data import load
from tlcore.events import StepDone, Tested
from tlcore.nn.engine import loop, train
from tlcore.nn.engine.batches import epoch_order
from tlcore.nn.engine.saved_network import load_network
from tlcore.nn.networks.build import build
from tlcore.recipe.text import from_fields
from tlcore.schedule.phases import PRESETS as ALL_PRESETS

RATE = 0.01
RECIPE = {
    "data": {
        "name": "shapes",
        "validation": 0.0,
        "shapes": {"per_class": 4, "test_per_class": 2, "size": 16, "imbalance": 2},
    },
    "input": {"size": 24, "normalise": "half"},
    "optimiser": {"name": "sgd", "rate": RATE},
    "epochs": 2,
    "batch": 8,
    "precision": "float32",
}
TOLERANCE = 1e-3
"""Of a loss or a weight after eight steps: rounding, which every step makes some larger."""


@pytest.fixture
def both(stand_in_weights, tmp_path, held):
    """Runs a recipe by the engine and by the plain loop and holds one against the other."""

    def run(what, changes, rates, loss_of=None, **dials):
        model = {"backbone": "pebble-shapes", "weights": str(stand_in_weights("pebble-shapes"))}
        recipe = from_fields({**RECIPE, "model": model, **changes})
        events = list(train(recipe))
        losses = [event.loss for event in events if isinstance(event, StepDone)]
        next(event for event in events if isinstance(event, Tested)).save(tmp_path / "kept")
        kept = load_network(tmp_path / "kept").network.state_dict()

        splits = load(recipe.data, recipe.input)
        network = build(recipe.model, len(splits.classes), 24, seed=recipe.seed)
        if loss_of is not None:
            dials["loss_of"] = loss_of(splits.train.labels)
        steps = len(losses) // recipe.epochs
        wanted = fine_tune(
            network, _batches(recipe, splits.train, steps), rates(network, steps), **dials
        )
        held(f"{what}: first loss", abs(losses[0] - wanted[0]), 1e-5)
        held(f"{what}: any loss", np.abs(np.subtract(losses, wanted)).max(), TOLERANCE)
        apart = [
            float((kept[name].float() - value.float()).abs().max())
            for name, value in network.state_dict().items()
        ]
        held(f"{what}: any number of the network", max(apart), 5 * TOLERANCE)

    return run


def _batches(recipe, pictures, steps):
    """Every picture once an epoch, in the recipe's order; from bytes to what a network sees."""
    for epoch in range(recipe.epochs):
        for rows in epoch_order(pictures.labels, recipe.seed, epoch).split(recipe.batch)[:steps]:
            pixels = torch.from_numpy(pictures.pixels[rows.numpy()]).permute(0, 3, 1, 2) / 255
            seen = F.interpolate(pixels, size=(24, 24), mode="bilinear")
            yield (seen - 0.5) / 0.5, torch.from_numpy(pictures.labels[rows.numpy()]), rows


def of_blocks(thawed):
    """Rates of a schedule: `thawed(epoch, depth)` is the rate of a block, the head being at depth
    0 and each block below it one deeper, as a multiple of the recipe's."""

    def of(network, steps):
        blocks = {n: layer.block for layer in network.outline.layers for n, _ in layer.parameters}
        order = ["head", *reversed(network.outline.blocks)]
        return lambda step, name: RATE * thawed(step // steps, order.index(blocks[name]))

    return of


def of_layers(thawed):
    """The same by layers with parameters from the top, the head's apart: `thawed(epoch, place)`
    with place -1 for the head."""

    def of(network, steps):
        layers = [layer for layer in network.outline.backbone if layer.parameters]
        places = {n: i for i, layer in enumerate(reversed(layers)) for n, _ in layer.parameters}
        return lambda step, name: RATE * thawed(step // steps, places.get(name, -1), len(layers))

    return of


def everything(network, steps):
    """All of it, at the recipe's rate."""
    return lambda step, name: RATE


def norm_and_bias(network, steps):
    """The head, all norms and all biases."""
    flat = {name for name, value in network.backbone.named_parameters() if value.ndim == 1}
    return lambda step, name: RATE * (name.startswith("head") or name[9:] in flat)


DEPTH = 4
"""Of the first block below the head, in a pebble of four blocks."""

PRESETS: dict[str, tuple[dict[str, Any], Any]] = {
    "head-only": ({}, of_blocks(lambda epoch, depth: depth == 0)),
    "last-blocks": ({"count": 2}, of_blocks(lambda epoch, depth: depth <= 2)),
    "first-blocks-frozen": ({"count": 1}, of_blocks(lambda epoch, depth: depth < DEPTH)),
    "first-layers-frozen": (
        {"count": 3},
        of_layers(lambda epoch, place, layers: place < layers - 3),
    ),
    "last-layers": ({"count": 3}, of_layers(lambda epoch, place, layers: place < 3)),
    "full": ({}, everything),
    "lp-ft": (
        {"head_epochs": 1, "rate": 0.1},
        of_blocks(lambda epoch, depth: 0.1 if epoch else float(depth == 0)),
    ),
    "two-phase": (
        {"head_epochs": 1, "count": 3, "rate": 0.1},
        of_layers(lambda epoch, place, layers: 0.1 * (place < 3) if epoch else float(place < 0)),
    ),
    "fine-tune": (
        {"head_epochs": 1, "spread": 16.0},
        of_blocks(lambda epoch, depth: 0.5 * 16 ** (-depth / DEPTH) if epoch else depth == 0),
    ),
    "gradual": (
        {"decay": 0.5},
        of_blocks(lambda epoch, depth: 0.5**depth * (depth < DEPTH if epoch == 0 else True)),
    ),
    "layer-decay": ({"decay": 0.5}, of_blocks(lambda epoch, depth: 0.5**depth)),
    "surgical": ({"where": "first"}, of_blocks(lambda epoch, depth: depth in (0, DEPTH))),
    "norm-bias": ({}, norm_and_bias),
    "custom": (
        {"phases": [{"thaw": "all", "epochs": 1}, {"thaw": "head", "rate": 0.5}]},
        of_blocks(lambda epoch, depth: 0.5 * (depth == 0) if epoch else 1.0),
    ),
}


def test_every_preset_has_its_reference():
    assert set(PRESETS) == set(ALL_PRESETS)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_thaws_what_it_says_at_the_rate_it_says(preset, both):
    dials, rates = PRESETS[preset]
    both(f"preset {preset}", {"schedule": {"preset": preset, **dials}}, rates)


@pytest.mark.parametrize("policy", ["frozen", "adapted"])
@pytest.mark.parametrize("preset", ["head-only", "full"])
def test_batchnorm_does_as_its_policy_says(preset, policy, both):
    schedule = {"preset": preset, "batchnorm": policy}
    both(f"BatchNorm {policy}, {preset}", {"schedule": schedule}, PRESETS[preset][1], norms=policy)


@pytest.mark.parametrize(
    ("optimiser", "dials"),
    [
        ("sgd", {"decay": 0.05, "l1": 1e-4, "clip": 1.0}),
        ("nesterov", {}),
        ("adam", {"decay": 0.05}),
        ("adamw", {"decay": 0.05, "l1": 1e-4, "clip": 1.0}),
    ],
)
def test_an_optimiser_steps_as_torch_s_own(optimiser, dials, both):
    """At a lower rate for Adam: it divides by the size of a gradient, so that where a gradient is
    nothing but rounding, its step is as long as the rate."""
    share = 0.1 if "adam" in optimiser else 1.0
    name = "sgd" if optimiser == "nesterov" else optimiser
    told = {"name": name, "rate": share * RATE, "nesterov": optimiser == "nesterov"}
    told |= {"weight_decay": dials.get("decay", 0.0)}
    told |= {dial: value for dial, value in dials.items() if dial != "decay"}
    schedule = {"preset": "last-blocks", "count": 1}
    both(
        f"optimiser {optimiser}",
        {"optimiser": told, "schedule": schedule},
        of_blocks(lambda epoch, depth: share * (depth <= 1)),
        optimiser=optimiser,
        **dials,
    )


def smoothed(labels):
    """A tenth of the certainty goes to all classes alike."""

    def loss(logits, targets, rows):
        said, classes = logits.log_softmax(dim=1), logits.shape[1]
        wanted = torch.full_like(said, 0.1 / classes)
        wanted[torch.arange(len(said)), targets] += 0.9
        return -(wanted * said).sum(dim=1).mean()

    return loss


def weighted(labels):
    """Each picture counts by how rare its class is: pictures / (classes x pictures of its own)."""
    counts = np.bincount(labels)
    weights = torch.from_numpy(len(labels) / (len(counts) * counts)).float()

    def loss(logits, targets, rows):
        return (F.cross_entropy(logits, targets, reduction="none") * weights[targets]).mean()

    return loss


def robust(labels):
    """Each class that is there counts by its stake, which rises with its loss after the step."""
    stakes = torch.full((int(labels.max()) + 1,), 1.0)

    def loss(logits, targets, rows):
        losses = F.cross_entropy(logits, targets, reduction="none")
        means = torch.stack([losses[targets == c].mean() for c in targets.unique()])
        shares = stakes[targets.unique()] / stakes[targets.unique()].sum()
        total = (shares * means).sum()
        stakes[targets.unique()] *= (0.05 * means.detach()).exp()
        return total

    return loss


@pytest.mark.parametrize(
    ("what", "changes", "loss_of"),
    [
        ("label smoothing", {"label_smoothing": 0.1}, smoothed),
        ("balance weights", {"balance": "weights"}, weighted),
    ],
)
def test_a_loss_is_what_it_says(what, changes, loss_of, both):
    both(what, {"schedule": {"preset": "full"}, **changes}, everything, loss_of)


def test_group_dro_makes_count_more_what_is_learned_worst(both, monkeypatch):
    def every_picture_once(labels, seed, epoch, *, balanced=False):
        return epoch_order(labels, seed, epoch)

    monkeypatch.setattr(loop, "epoch_order", every_picture_once)  # which draws, is not held here
    changes = {"schedule": {"preset": "full"}, "balance": "robust"}
    both("balance robust", changes, everything, robust)
