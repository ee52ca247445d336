"""What is measured with pre-trained weights (`TL_WEIGHTS`) and CIFAR-10 (`TL_DATA`) alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bench.engine.rows import Row, attempt
from tlcore import paths
from tlcore.data import load
from tlcore.events import EpochDone, Note, Tested
from tlcore.nn.engine import train
from tlcore.nn.engine.activations import Activations
from tlcore.nn.engine.batches import Resident
from tlcore.nn.engine.frozen import Frozen
from tlcore.nn.engine.loop import MOST_CHANGED, predict
from tlcore.nn.engine.saved_network import Keepsake, load_network
from tlcore.nn.networks.build import build
from tlcore.nn.networks.weights import source_for
from tlcore.recipe import Model, Recipe
from tlcore.recipe.text import from_fields

CPU = torch.device("cpu")
CHANGED = {
    "mobilenetv2_100": 0.070,
    "mobilenetv1_100": 0.033,
    "tf_efficientnet_lite0": 0.033,
    "resnet18": 0.013,
    "pebble-photo": 0.000,
}
"""The share of answers that bfloat16 changed then."""


def _file(backbone: str) -> Path:
    """The file of this backbone in the folders for weights, whatever tag it bears."""
    for folder in paths.weight_folders():
        for path in sorted(folder.glob(f"{backbone}*.safetensors")):
            return path
    raise FileNotFoundError(f"no weights of {backbone}: set TL_WEIGHTS")


def _recipe(backbone: str, preset: str, precision: str, train: int, test: int) -> Recipe:
    return from_fields(
        {
            "data": {"name": "cifar10", "limit_train": train, "limit_test": test},
            "input": {"size": 96},
            "model": {"backbone": backbone, "weights": str(_file(backbone))},
            "schedule": {"preset": preset},
            "epochs": 3 if preset == "head-only" else 1,
            "early_stopping": {"keep": "last"},
            "precision": precision,
        }
    )


def starts() -> Iterator[Row]:
    """Finding 1: the files without options and without statistics."""
    for name in ("resnet18", "resnet50"):
        path = _file(name)

        def start(name: str = name, path: Path = path) -> None:
            build(Model(backbone=name, weights=str(path)), 10, 64, seed=0)

        said = attempt(start)
        yield Row("weight files", f"{path.stem} as a start", "refused", said, "taken",
                  said == "taken")  # fmt: skip
        source = source_for(Model(backbone=name, weights=str(path)))
        assert source is not None
        told, whose = source.trained_with is not None, "the usual ones, with a note"
        now = (whose if source.note else "the file's") if told else "the data's"
        yield Row("weight files", f"{path.stem}: whose mean and deviation", "the data's, unsaid",
                  now, f"the file's, or {whose}", told)  # fmt: skip


def precision(backbone: str, then: float) -> Callable[[], Iterator[Row]]:
    """Finding 7: how many answers bfloat16 changes, and whether the run heeds it."""

    def part() -> Iterator[Row]:
        recipe = _recipe(backbone, "head-only", "bfloat16", 500, 400)
        with tempfile.TemporaryDirectory() as folder:
            told = list(train(recipe))
            tested = next(event for event in told if isinstance(event, Tested))
            tested.save(Path(folder) / "kept.safetensors")
            kept = load_network(Path(folder) / "kept.safetensors")
        low, high = (_answers(kept, recipe, each) for each in (torch.bfloat16, torch.float32))
        share = float((low != high).mean())
        heeded = any("changes" in event.text for event in told if isinstance(event, Note))
        wrong = float((tested.predictions.predicted != high).mean())
        yield Row("precision", f"{backbone}, bfloat16: answers changed; of those kept, changed",
                  f"{then:.1%}", f"{share:.1%}; {wrong:.1%}{', judged in float32' * heeded}",
                  f"of those kept ≤ {2 * MOST_CHANGED:.0%}", wrong <= 2 * MOST_CHANGED)  # fmt: skip

    part.__name__ = f"precision of {backbone}"
    return part


def one_arithmetic() -> Iterator[Row]:
    """Finding 7: validation at the epoch, and the same pictures again at the test."""
    told = list(train(_recipe("mobilenetv2_100", "full", "bfloat16", 400, 50)))
    epoch = [event for event in told if isinstance(event, EpochDone)][-1].validation_loss
    tested_then = next(event.validation for event in told if isinstance(event, Tested))
    assert epoch is not None
    assert tested_then is not None
    again = float(tested_then.loss.mean())
    yield Row("precision", "MobileNetV2, full, bfloat16: the same pictures at the epoch, at the "
              "test", "1.5425, 1.5735", f"{epoch:.4f}, {again:.4f}", "within 1e-4",
              abs(epoch - again) <= 1e-4)  # fmt: skip


def _answers(kept: Keepsake, recipe: Recipe, precision: torch.dtype) -> NDArray[np.int64]:
    """What a network says of the test set, as a run would have it judged."""
    network = kept.network.to(memory_format=torch.channels_last)
    source = Activations(Resident(load(recipe.data, recipe.input).test, CPU), kept.prepare)
    frozen = Frozen(network, len(network.stages), recipe.input.size, precision)
    list(source.enter(frozen, keep=False))
    found: NDArray[np.int64] = predict(network, source, precision).argmax(axis=1)
    return found


PARTS = (starts, *(precision(*each) for each in CHANGED.items()), one_arithmetic)
