"""How much a frozen backbone knows of pictures it has never seen: a linear probe.

    python -m tlcore.nn.probe pebble-photo flowers.zip --size 64
    python -m tlcore.nn.probe pebble-photo flowers.zip --size 64 --untrained

A logistic regression on the backbone's features, standardised; its strength is chosen on a fifth
of the training pictures. The backbone is never changed, so what the probe can tell apart, the
backbone has told apart already.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from numpy.typing import NDArray

from tlcore.analysis.intervals import Interval, over_seeds, wilson
from tlcore.analysis.wording import rate
from tlcore.data import load
from tlcore.data.pictures import Pictures, Splits
from tlcore.nn.backbones import build
from tlcore.nn.device import choose_device, choose_precision, computing_in
from tlcore.nn.network import Network
from tlcore.nn.prepare import Preparation, preparation_for
from tlcore.recipe import Data, Input, Model

Features = NDArray[np.float32]

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
BATCH = 64
SPLITS = 3


def probe(model: Model, data: Data, size: int, *, seed: int = 0) -> Interval:
    """The probe's accuracy on the test pictures.

    Args:
        model: The backbone and its weights; `none` for the same network untrained.
        data: What to probe with; its validation share chooses the strength.
        size: Width and height that the backbone sees.
        seed: Of an untrained backbone.
    """
    splits = load(data, Input(size=size))
    network = build(model, len(splits.classes), size, seed=seed).eval()
    prepare = preparation_for(Input(size=size), network.trained_with, splits.train)
    parts = [splits.train, splits.validation, splits.test]
    train, validation, test = (_features(network, prepare, part) for part in parts if part)
    strength = max(STRENGTHS, key=lambda each: _score(splits, train, validation, each))
    hits = _right(splits.train.labels, train, splits.test.labels, test, strength)
    return wilson(int(hits.sum()), len(hits))


def over_splits(model: Model, data: Data, size: int, *, splits: int = SPLITS) -> Interval:
    """Mean and interval over several splits of the same pictures."""
    found = [
        probe(model, data.model_copy(update={"split_seed": number}), size, seed=number)
        for number in range(splits)
    ]
    return over_seeds([each.value for each in found])


@torch.inference_mode()
def _features(network: Network, prepare: Preparation, pictures: Pictures) -> Features:
    device = choose_device()
    network.to(device).to(memory_format=torch.channels_last)
    precision, found = choose_precision("auto", device), []
    for rows in np.array_split(np.arange(len(pictures)), -(-len(pictures) // BATCH)):
        batch = prepare(torch.from_numpy(pictures.pixels[rows]).to(device))
        with computing_in(precision, device):
            found.append(network.features(batch, 0).float().cpu().numpy())
    return np.concatenate(found)


def _score(splits: Splits, train: Features, validation: Features, strength: float) -> float:
    assert splits.validation is not None
    held_out = splits.validation.labels
    return float(_right(splits.train.labels, train, held_out, validation, strength).mean())


def _right(
    known: NDArray[np.int64],
    train: Features,
    wanted: NDArray[np.int64],
    test: Features,
    strength: float,
) -> NDArray[np.bool_]:
    """Which of the test pictures a regression that learned from the others calls rightly."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-6
    regression = LogisticRegression(C=strength, max_iter=1000)
    regression.fit((train - mean) / spread, known)
    right: NDArray[np.bool_] = regression.predict((test - mean) / spread) == wanted
    return right


def main() -> None:
    """Probe a backbone with a folder or zip of class folders, over several splits."""
    reader = argparse.ArgumentParser(prog="python -m tlcore.nn.probe", description=__doc__)
    reader.add_argument("backbone")
    reader.add_argument("path")
    reader.add_argument("--size", type=int, default=64)
    reader.add_argument("--untrained", action="store_true")
    given = reader.parse_args()
    model = Model(backbone=given.backbone, weights="none" if given.untrained else "pretrained")
    data = Data(name="folder", path=given.path, validation=0.2)
    print(rate(over_splits(model, data, given.size)))


if __name__ == "__main__":
    main()
