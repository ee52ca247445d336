"""What was found when the engine was held against plain loops, and what is found now."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch.optim import SGD, lr_scheduler

from tlcore.analysis.predictions import Predictions
from tlcore.data.pictures import Pictures
from tlcore.errors import ThawError
from tlcore.events import EpochDone, StepDone, Tested
from tlcore.nn.engine import activations, frozen, loop, step, train
from tlcore.nn.engine.batches import Parts, class_weights, epoch_order, shares_of
from tlcore.nn.engine.optimise import spared_from_decay
from tlcore.nn.networks.build import build
from tlcore.nn.networks.weights import source_for
from tlcore.nn.preprocessing import Preparation
from tlcore.recipe import Model, Recipe
from tlcore.recipe.text import from_fields
from tlcore.schedule.rates import RateSchedule

SMALL: dict[str, Any] = {
    "data": {"name": "shapes", "shapes": {"per_class": 6, "test_per_class": 3, "size": 16}},
    "input": {"size": 32},
    "model": {"backbone": "pebble-shapes"},
    "epochs": 2,
    "batch": 16,
    "precision": "float32",
}


@dataclass(frozen=True)
class Row:
    """One number of the audit.

    Attributes:
        about: Which finding.
        what: What is measured.
        then: What the audit found.
        now: What is found now.
        wanted: The stated tolerance, or what would be right.
        holds: Whether it is so now.
    """

    about: str
    what: str
    then: str
    now: str
    wanted: str
    holds: bool


def small(**changes: Any) -> Recipe:
    """A recipe that trains within a second."""
    return from_fields({**SMALL, **changes})


def steps(recipe: Recipe) -> NDArray[np.float64]:
    """The loss of each step."""
    return np.array([event.loss for event in train(recipe) if isinstance(event, StepDone)])


def apart(one: Recipe, other: Recipe) -> float:
    """The largest difference between two runs' losses."""
    return float(np.abs(steps(one) - steps(other)).max())


def attempt(deed: Callable[[], object]) -> str:
    """What became of it: nothing, or the first words of why not."""
    try:
        deed()
    except ThawError as error:
        return f"refused: {error.what[:60]}"
    return "taken"


def weight_files() -> Iterator[Row]:
    """Findings 1 and 2: what a file says of itself is understood."""
    about = "weight files"
    tensors = dict(build(small().model, 10, 32, seed=0).backbone.state_dict())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "other.safetensors"

        def start(**says: str) -> str:
            save_file(tensors, path, metadata=says)
            return attempt(lambda: source_for(Model(backbone="pebble-shapes", weights=str(path))))

        said = {start(create_kwargs=empty) for empty in ("", "{}", "null", "None")}
        yield Row(about, "empty options", "refused", ", ".join(sorted(said)), "taken",
                  said == {"taken"})  # fmt: skip
        for text in ("[0.0, 0.0, 0.0]", "0 0 0"):
            taken = start(mean=text, std="1 1 1")
            yield Row(about, f"a mean of {text}", "refused", taken, "taken", taken == "taken")
        save_file(tensors, path)
        source = source_for(Model(backbone="resnet18", weights=str(path)))
        told = source is not None and source.trained_with is not None and bool(source.note)
        yield Row(about, "a file that says no mean and deviation", "the data's, unsaid",
                  "its backbone's usual ones, with a note" if told else "the data's",
                  "the usual ones, with a note", told)  # fmt: skip
        for way in ("zero-one", "raw", "half", "imagenet", "dataset"):
            recipe = small(input={"size": 32, "normalise": way}, epochs=1)
            next(event for event in train(recipe) if isinstance(event, Tested)).save(path)
            model = {"backbone": "pebble-shapes", "weights": str(path)}
            taken = attempt(partial(_learn, small(model=model, epochs=1)))
            before = "refused" if way in ("zero-one", "raw") else "taken"
            yield Row(about, f"to start from a network trained with `normalise: {way}`", before,
                      taken, "taken", taken == "taken")  # fmt: skip


def _learn(recipe: Recipe) -> None:
    list(train(recipe))


def balance() -> Iterator[Row]:
    """Finding 5: the rarer of two classes, as its share of the summed loss."""
    for imbalance, batch, then in ((20, 32, 0.415), (100, 32, 0.211), (100, 16, 0.130)):
        numbers = np.array([0] * (20 * imbalance) + [1] * 20)
        parts = Parts(numbers, class_weights(numbers, 2))
        order = np.random.default_rng(0).permutation(len(numbers))
        of_each = np.zeros(2)
        for rows in order[: len(order) // batch * batch].reshape(-1, batch):
            counts = shares_of("weights", numbers[rows], parts, [])
            assert counts is not None
            of_each += np.bincount(numbers[rows], counts.numpy(), minlength=2)
        share = float(of_each[1] / of_each.sum())
        yield Row("`balance: weights`", f"share of the loss, {imbalance} to 1, batch {batch}",
                  f"{then:.3f}", f"{share:.3f}", "0.500 ± 0.02",
                  abs(share - 0.5) <= 0.02)  # fmt: skip


VIEWS = {"flip": True, "crop": 0.2, "rotation": 20, "colour": 0.3, "views": 2}


def views() -> Iterator[Row]:
    """Finding 6: numbers must not depend on room and batches; and views must do something."""
    recipe, about = small(augmentation=VIEWS, epochs=3), "`augmentation.views`"
    kept = steps(recipe)
    with patch.object(activations, "open_shelf", lambda *of_anything: None):
        room = float(np.abs(steps(recipe) - kept).max())
    with patch.object(frozen, "batch_for", lambda size, device: 7):
        batch = float(np.abs(steps(recipe) - kept).max())
    yield Row(about, "no room to keep them: steps differ by", "0.70", f"{room:.1e}", "≤ 1e-4",
              room <= 1e-4)  # fmt: skip
    yield Row(about, "another batch of a device: steps differ by", "0.56", f"{batch:.1e}",
              "≤ 1e-4", batch <= 1e-4)  # fmt: skip
    full = {"schedule": {"preset": "full"}, "epochs": 2}
    with_views = small(**full, augmentation=VIEWS)
    found = apart(with_views, small(**full, augmentation={**VIEWS, "views": 0}))
    yield Row(about, "the whole network trains: 2 views against fresh ones, differ by", "0",
              f"{found:.2f}", "> 0", found > 0)  # fmt: skip


HALVED: dict[str, tuple[dict[str, Any], str]] = {
    "plain": ({}, "6e-8 / 7e-8"),
    "cutmix and smoothing": (
        {"augmentation": {"cutmix": 1.0}, "label_smoothing": 0.1},
        "2e-7 / 7e-6",
    ),
    "dropout of the head": (
        {"model": {"backbone": "pebble-shapes", "head": {"dropout": 0.5}}},
        "9e-8 / 3e-8",
    ),
    "weights": ({"balance": "weights"}, "0.015 / 0.61"),
    "robust": ({"balance": "robust"}, "0.040 / 0.18"),
    "features of a teacher": (
        {"distillation": {"teacher": "pebble-photo", "size": 32}},
        "0.043 / 0.28",
    ),
}


@contextmanager
def little_memory(failures: int = 3) -> Iterator[None]:
    """The first tries of a step fail for want of memory, so that it goes through in parts."""
    whole, left = step._gradients, iter(range(failures))

    def tight(*given: Any) -> Any:
        found = whole(*given)
        for _ in left:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return found

    with patch.object(step, "_gradients", tight):
        yield


def halving() -> Iterator[Row]:
    """Finding 8: a batch in eight parts takes the step of the whole one."""
    plain = {
        "schedule": {"preset": "full", "batchnorm": "frozen"},
        "optimiser": {"name": "sgd", "rate": 0.01},
        "epochs": 1,
    }
    for name, (changes, then) in HALVED.items():
        recipe = small(**plain, **changes)
        usual = steps(recipe)
        with little_memory():
            off = np.abs(steps(recipe) - usual)
        yield Row("memory halving", f"first and last step differ, {name}", then,
                  f"{off[0]:.0e} / {off[-1]:.0e}", "≤ 1e-5 / 2e-3",
                  bool(off[0] <= 1e-5 and off[-1] <= 2e-3))  # fmt: skip
    head = {"hidden": [8], "batchnorm": True}
    model = {"backbone": "pebble-shapes", "head": head}
    said = attempt(lambda: list(train(small(model=model, batch=1))))
    yield Row("memory halving", "a head with BatchNorm and a batch of 1", "bare ValueError", said,
              "words", "batch of 1" in said)  # fmt: skip


def warm_up() -> Iterator[Row]:
    """Finding 9: it ends at the full rate."""
    schedule = {"preset": "lp-ft", "head_epochs": 1}
    recipe = small(schedule=schedule, rate_schedule={"warmup": 2}, batch=4, epochs=3)
    rates = [e.rate for e in train(recipe) if isinstance(e, StepDone) and e.epoch == 0]
    highest = max(rates) / recipe.optimiser.rate
    yield Row("warm-up", "highest rate of a phase of 1 epoch, warm-up 2 (lp-ft)", "0.45",
              f"{highest:.2f}", "1.00", highest == 1)  # fmt: skip
    for name in ("constant", "exponential", "step", "constant-then-exponential", "cosine"):
        told = RateSchedule.model_validate({"name": name, "warmup": 2, "gamma": 0.5})
        end, later = told.factor(2, 12), told.factor(2.5, 12)
        then = "0.25" if name == "exponential" else "not told"
        yield Row("warm-up", f"rate where it ends and half an epoch later, {name}", then,
                  f"{end:.2f}, {later:.2f}", "1.00 where it ends", end == 1)  # fmt: skip


def clamp() -> Iterator[Row]:
    """Finding 10: one loss for a picture without hope."""
    said, labels = np.array([[1.0, 0.0]], np.float32), np.array([1])
    table = Predictions(np.array(["a"]), labels, said, ("x", "y"))
    pictures = Pictures(np.zeros((1, 8, 8, 3), np.uint8), labels, table.ids)
    epoch, test = loop.loss_and_accuracy(said, pictures)[0], float(table.loss.mean())
    yield Row("one clamp", "loss of a hopeless picture: epoch, test", "87.3, 27.6",
              f"{epoch:.1f}, {test:.1f}", "the same", epoch == test)  # fmt: skip


FILTERS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR,
           "bicubic": Image.Resampling.BICUBIC}  # fmt: skip
RESIZED = (("bicubic", 96, "0.96, 18.5"), ("bicubic", 224, "1.07, 20.3"), ("nearest", 75,
           "5.9, 183"), ("nearest", 24, "13.2, not told"), ("bilinear", 96, "≤ 1.0"))  # fmt: skip


def resizing() -> Iterator[Row]:
    """Finding 11: as Pillow does it, but for its rounding to bytes."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    for way, size, then in RESIZED:
        prepare = Preparation(size, way, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        ours = 255 * prepare(torch.from_numpy(noise)).permute(0, 2, 3, 1).numpy()
        theirs = [
            np.asarray(Image.fromarray(each).resize((size, size), FILTERS[way])) for each in noise
        ]
        off, most = np.abs(ours - np.stack(theirs)), 0.0 if way == "nearest" else 1.2
        yield Row("resizing", f"{way}, 32 to {size}, against Pillow, of 255: mean, most", then,
                  f"{off.mean():.2f}, {off.max():.1f}", f"most ≤ {most:.1f}",
                  bool(off.max() <= most))  # fmt: skip


def decay() -> Iterator[Row]:
    """Finding 13: it keeps off tokens, positions and the scales of layers."""
    for name in ("vit_tiny_patch16_224", "convnext_tiny"):
        network = build(Model(backbone=name, weights="none"), 10, 32, seed=0)
        names = {f"backbone.{each}" for each, _ in network.backbone.named_parameters()}
        fragile = {n for n in names if n.endswith(("cls_token", "pos_embed", "gamma"))}
        pulled = len(fragile - spared_from_decay(network))
        yield Row("decay", f"tokens, positions and layer scales that decay, {name}", "all",
                  f"{pulled} of {len(fragile)}", "none", pulled == 0 < len(fragile))  # fmt: skip


def one_cycle() -> Iterator[Row]:
    """Finding 13: as torch's, but for the place of its peak. This stays, and is said."""
    optimiser, off = SGD([torch.zeros(1, requires_grad=True)], 1.0), 0.0
    torchs = lr_scheduler.OneCycleLR(optimiser, 1.0, total_steps=70, cycle_momentum=False)
    ours = RateSchedule(name="one-cycle")
    for place in range(70):
        off = max(off, abs(ours.factor(place / 10, 7) - optimiser.param_groups[0]["lr"]))
        optimiser.step()
        if place < 69:
            torchs.step()
    yield Row("rates", "one-cycle against torch, 70 steps, most", "0.043", f"{off:.3f}", "≤ 0.05",
              off <= 0.05)  # fmt: skip


def what_matched() -> Iterator[Row]:
    """Some of what was right, and has to stay so."""
    recipe = small(schedule={"preset": "last-blocks", "count": 2})
    kept = steps(recipe)
    with patch.object(activations, "open_shelf", lambda *of_anything: None):
        off = float(np.abs(steps(recipe) - kept).max())
    yield Row("matched", "kept against computed anew, steps differ by", "0", f"{off:.0e}",
              "0", off == 0)  # fmt: skip
    labels = np.repeat([0, 1, 2], [900, 90, 10])
    drawn = [np.bincount(labels[epoch_order(labels, 0, e, balanced=True).numpy()], minlength=3)
             for e in range(200)]  # fmt: skip
    means = np.mean(drawn, axis=0)
    yield Row("matched", "`sampling` draws of 900, 90 and 10", "333.6, 333.4, 333.1",
              ", ".join(f"{each:.1f}" for each in means), "333.3 ± 3",
              bool(np.abs(means - 1000 / 3).max() <= 3))  # fmt: skip
    recipe = small(early_stopping={"keep": "last"}, schedule={"preset": "full"})
    told = list(train(recipe))
    last = [event for event in told if isinstance(event, EpochDone)][-1].validation_loss
    tested = next(event.validation for event in told if isinstance(event, Tested))
    assert last is not None
    assert tested is not None
    off = abs(last - float(tested.loss.mean()))
    yield Row("matched", "float32: validation at the epoch against the test's arithmetic",
              "1.5e-6", f"{off:.1e}", "≤ 1e-5", off <= 1e-5)  # fmt: skip


PARTS = (weight_files, balance, views, halving, warm_up, clamp, resizing, decay, one_cycle,
         what_matched)  # fmt: skip
"""What needs neither weights nor data from outside."""


def as_line(row: Row) -> str:
    """A line of the table."""
    told = [cell.replace("|", "/") for cell in (row.about, row.what, row.then, row.now, row.wanted)]
    return f"| {' | '.join([*told, 'yes' if row.holds else '**no**'])} |"
