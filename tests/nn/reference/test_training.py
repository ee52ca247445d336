"""Steps and networks against the plain loop's: optimisers, presets, BatchNorm, losses."""

from typing import Any, get_args

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
from tlcore.nn.seeding import generator_for
from tlcore.recipe import Augmentation, Model, Optimiser, Recipe
from tlcore.recipe.text import from_fields
from tlcore.schedule import FreezeSchedule
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

    def run(what, changes, rates, loss_of=None, taught_by=None, **dials):
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
        if taught_by is not None:
            dials["loss_of"] = taught_by(network, splits.train)
        steps = len(losses) // recipe.epochs
        batches = _batches(recipe, splits.train, steps)
        if recipe.augmentation.active:
            batches, dials["loss_of"] = _blended(batches, recipe, steps), of_blends
        wanted = fine_tune(network, batches, rates(network, steps), **dials)
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
            seen = seen_by(pictures.pixels[rows.numpy()], 24)
            yield (seen - 0.5) / 0.5, torch.from_numpy(pictures.labels[rows.numpy()]), rows


def _blended(batches, recipe, steps):
    """Each picture with some of another one's light, or with a box cut out of it; the labels
    become what each class has of the picture."""
    blends = recipe.augmentation
    for place, (seen, labels, rows) in enumerate(batches):
        chance = generator_for(recipe.seed, "augment", *divmod(place, steps))
        torch.rand((), generator=chance)  # the coin between the two ways
        dice = np.random.default_rng(int(torch.randint(2**62, (), generator=chance)))
        share = dice.beta(*[blends.mixup or blends.cutmix] * 2)
        partner = torch.randperm(len(seen), generator=chance)
        kept = torch.full((24, 24), share)
        if blends.cutmix:
            y, x = (24 * torch.rand(1, generator=chance).item() for _ in range(2))
            middles, half = torch.arange(24) + 0.5, 12 * (1 - share) ** 0.5
            box = ((middles - y).abs() < half)[:, None] & ((middles - x).abs() < half)
            kept = 1 - box.float()
        share = kept.mean()
        of_each = F.one_hot(labels, 10).float()
        of_each = share * of_each + (1 - share) * of_each[partner]
        yield kept * seen + (1 - kept) * seen[partner], of_each, rows


def of_blends(logits, of_each, rows):
    return -(of_each * logits.log_softmax(dim=1)).sum(dim=1).mean()


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


@pytest.mark.parametrize("way", ["mixup", "cutmix"])
def test_a_blend_has_what_it_shows_of_each_class(way, both):
    changes = {"schedule": {"preset": "last-blocks", "count": 1}, "augmentation": {way: 1.0}}
    both(way, changes, of_blocks(lambda epoch, depth: depth <= 1))


def test_whatever_a_recipe_can_name_is_held_against_something():
    """A new name has to bring its reference: here, or in the other files of this folder."""
    pictures = {"flip", "crop", "rotation", "zoom", "colour", "cutout", "mixup", "cutmix", "views"}
    assert set(Augmentation.model_fields) == pictures
    named: dict[Any, Any] = {  # sampling is an order and no loss, an exact head is scikit-learn's
        Optimiser: ("name", {"sgd", "adam", "adamw", "exact"}),
        FreezeSchedule: ("batchnorm", {"trained", "frozen", "adapted"}),
        Recipe: ("balance", {"none", "weights", "sampling", "robust"}),
    }
    for part, (field, names) in named.items():
        assert set(get_args(part.model_fields[field].annotation)) == names


def standardised(values):
    return (values - values.mean(0)) / (values.std(0, correction=0) + 1e-4)


def test_a_teacher_s_features_are_imitated_along_their_main_directions(both):
    """Beside the usual loss: how far a random view of the student's features, each column with mean
    0 and deviation 1, is from the teacher's coordinates, the widest direction counting most."""
    told = {"teacher": "pebble-photo", "size": 32, "weight": 2.0, "components": 8}

    def taught_by(student, pictures):
        teacher = build(Model(backbone="pebble-photo"), 2, 32, seed=0).eval()
        assert teacher.trained_with is not None
        mean, std = (torch.tensor(each)[:, None, None] for each in teacher.trained_with)
        with torch.no_grad():
            made = teacher.features((seen_by(pictures.pixels, 32) - mean) / std, 0)
        made = standardised(made)
        spreads, directions = torch.linalg.eigh(made.T @ made / len(made))
        wanted, widths = made @ directions[:, -8:], spreads[-8:].clamp(min=0).sqrt()
        looking = generator_for(0, "view")
        found: dict[str, torch.Tensor] = {}
        student.head.register_forward_pre_hook(lambda head, given: found.update(features=given[0]))

        def loss(logits, targets, rows):
            features = found["features"]
            if "view" not in found:
                found["view"] = torch.randn(features.shape[1], 8, generator=looking)
            view = found["view"] / features.shape[1] ** 0.5
            apart = standardised(features @ view) - standardised(wanted[rows])
            far = (apart.square().mean(0) / 2 * widths / widths.sum()).sum()
            return F.cross_entropy(logits, targets) + 2.0 * far

        return loss

    schedule = {"preset": "last-blocks", "count": 1}
    changes = {"distillation": told, "schedule": schedule}
    both("a teacher's features", changes, of_blocks(lambda e, d: d <= 1), taught_by=taught_by)


def test_a_trained_teacher_s_softened_answers_are_imitated(both, stand_in_weights, tmp_path):
    """Beside the usual loss: how many nats the student's softened answers are from the teacher's,
    times the temperature squared."""
    model = {"backbone": "pebble-shapes", "weights": str(stand_in_weights("pebble-shapes"))}
    path = tmp_path / "teacher.safetensors"
    teaching = train(from_fields({**RECIPE, "model": model, "seed": 3}))
    next(event for event in teaching if isinstance(event, Tested)).save(path)

    def taught_by(student, pictures):
        teacher = load_network(path).network.eval()
        with torch.no_grad():
            answers = (teacher((seen_by(pictures.pixels, 24) - 0.5) / 0.5) / 3.0).softmax(dim=1)

        def loss(logits, targets, rows):
            said = (logits / 3.0).log_softmax(dim=1)
            nats = (answers[rows] * (answers[rows].log() - said)).sum(dim=1).mean()
            return F.cross_entropy(logits, targets) + 0.5 * 3.0**2 * nats

        return loss

    told = {"teacher": str(path), "weight": 0.5, "temperature": 3.0}
    changes = {"distillation": told, "schedule": {"preset": "full"}}
    both("a teacher's answers", changes, everything, taught_by=taught_by)


def seen_by(pixels, size):
    """From bytes to pictures of that size, from 0 to 1."""
    pictures = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2) / 255
    return F.interpolate(pictures, size=(size, size), mode="bilinear")
