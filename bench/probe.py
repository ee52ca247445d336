"""How much a frozen backbone knows of pictures it has never seen: a linear probe.

    python -m bench.probe pebble-photo flowers.zip --size 64
    python -m bench.probe pebble-photo flowers.zip --size 64 --untrained

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
from tlcore.data import load
from tlcore.data.pictures import Pictures, Splits
from tlcore.formatting import in_percent
from tlcore.nn.device import choose_device, choose_precision, computing_in
from tlcore.nn.networks.build import build
from tlcore.nn.preprocessing import Preparation, preparation_for
from tlcore.recipe import Data, Input, Model

Features = NDArray[np.float32]

STRENGTHS = (1e-3, 1e-2, 1e-1)
BATCH = 64
SPLITS = 3


class Probe:
    """A frozen backbone and what it made of the pictures it has been shown so far.

    Args:
        model: The backbone and its weights; `none` for the same network untrained.
        size: Width and height that the backbone sees.
        seed: Of an untrained backbone.
    """

    def __init__(self, model: Model, size: int, *, seed: int = 0) -> None:
        self._network = build(model, 2, size, seed=seed).eval()
        self._network.to(choose_device()).to(memory_format=torch.channels_last)
        self._size = size
        self._prepare: Preparation | None = None
        self._seen: dict[str, Features] = {}

    def accuracy(self, data: Data) -> Interval:
        """On the test pictures; the validation share chooses the strength."""
        splits = load(data, Input(size=self._size))
        parts = [splits.train, splits.validation, splits.test]
        train, validation, test = (self._features(part, splits) for part in parts if part)
        strength = max(STRENGTHS, key=lambda each: _score(splits, train, validation, each))
        hits = _right(splits.train.labels, train, splits.test.labels, test, strength)
        return wilson(int(hits.sum()), len(hits))

    def over_splits(self, data: Data, *, splits: int = SPLITS) -> Interval:
        """Mean and interval over several splits of the same pictures."""
        each = [data.model_copy(update={"split_seed": number}) for number in range(splits)]
        return over_seeds([self.accuracy(split).value for split in each])

    def _features(self, pictures: Pictures, splits: Splits) -> Features:
        """Each picture is shown once, however often the pictures are split."""
        if self._prepare is None:
            known = self._network.trained_with
            self._prepare = preparation_for(Input(size=self._size), known, splits.train)
        new = np.flatnonzero([picture not in self._seen for picture in pictures.ids])
        for rows in np.array_split(new, max(1, -(-len(new) // BATCH))):
            if len(rows):
                found = self._look_at(self._prepare, pictures.pixels[rows])
                self._seen |= dict(zip(pictures.ids[rows], found, strict=True))
        return np.stack([self._seen[picture] for picture in pictures.ids])

    @torch.inference_mode()
    def _look_at(self, prepare: Preparation, pixels: NDArray[np.uint8]) -> Features:
        device = choose_device()
        batch = prepare(torch.from_numpy(pixels).to(device))
        with computing_in(choose_precision("auto", device), device):
            found: Features = self._network.features(batch, 0).float().cpu().numpy()
        return found


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
    reader = argparse.ArgumentParser(prog="python -m bench.probe", description=__doc__)
    reader.add_argument("backbone")
    reader.add_argument("path")
    reader.add_argument("--size", type=int, default=64)
    reader.add_argument("--untrained", action="store_true")
    given = reader.parse_args()
    model = Model(backbone=given.backbone, weights="none" if given.untrained else "pretrained")
    data = Data(name="folder", path=given.path, validation=0.2)
    found = Probe(model, given.size).over_splits(data)
    low, high = (in_percent(bound, digits=1) for bound in (found.low, found.high))
    print(f"{in_percent(found.value, digits=1)} [{low}, {high}] over {found.n} splits")


if __name__ == "__main__":
    main()
