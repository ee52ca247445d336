"""How often our intervals hold the truth: `python bench/coverage.py`, for docs/EVIDENCE.md.

Made-up networks whose true error is known are measured on few pictures, again and again.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/coverage.py`

from tlcore.analysis.calibration import error_interval
from tlcore.analysis.groups import score_groups
from tlcore.analysis.intervals import Interval
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.ranking import rank_classes
from tlcore.analysis.scores import calibration_error

TRIALS = 100
CLASSES = 4
MANY = 400_000


def predict(n: int, temperature: float, seed: int) -> Predictions:
    """A network that is as often right as it is sure, if its temperature is 1."""
    chance = np.random.default_rng(seed)
    logits = 2 * chance.normal(size=(n, CLASSES))
    labels = (_shares(logits).cumsum(axis=1) > chance.random((n, 1))).argmax(axis=1)
    said = _shares(logits / temperature).astype(np.float32)
    return Predictions(np.arange(n).astype(str), labels, said, tuple("abcd"))


def calibration_rows() -> Iterator[tuple[str, ...]]:
    """The interval of the calibration error."""
    for temperature in (1.0, 0.7, 0.5):
        truth = calibration_error(predict(MANY, temperature, seed=99_999))
        for n in (300, 1000, 5000):
            found = [error_interval(predict(n, temperature, seed)) for seed in range(TRIALS)]
            held = np.mean([each.low <= truth <= each.high for each in found])
            measured = np.mean([each.value for each in found])
            yield f"{truth:.3f}", f"{n:,}", f"{measured:.3f}", f"{held:.0%}"


def gap_rows() -> Iterator[tuple[str, ...]]:
    """The interval of the widest gap between groups that are all alike: does it hold 0?"""
    for groups in (2, 5, 10):
        held = 0
        for seed in range(TRIALS):
            table = predict(1000, 1.0, seed)
            names = np.random.default_rng(seed).integers(0, groups, 1000).astype(str)
            found = score_groups(table, "group", names)
            held += bool(found and found.accuracy_gap and found.accuracy_gap.size.low <= 0)
        yield str(groups), f"{held / TRIALS:.0%}"


def auc_rows() -> Iterator[tuple[str, ...]]:
    """The interval of the AUC of one class of two, whose scores are two normal distributions."""
    for apart in (0.5, 1.0, 2.0, 3.0):
        truth = NormalDist().cdf(apart / math.sqrt(2))
        for few, many in ((10, 90), (30, 270), (100, 900)):
            labels = np.repeat([1, 0], [few, many])
            found = [_auc(labels, apart, seed) for seed in range(5 * TRIALS)]
            held = np.mean([each.low <= truth <= each.high for each in found])
            width = np.mean([each.high - each.low for each in found])
            yield f"{truth:.3f}", f"{few} and {many}", f"{width:.3f}", f"{held:.0%}"


def _auc(labels: NDArray[np.int64], apart: float, seed: int) -> Interval:
    drawn = np.random.default_rng(seed).normal(size=len(labels)) + apart * labels
    sure = (1 / (1 + np.exp(-drawn))).astype(np.float32)
    table = Predictions(
        np.arange(len(labels)).astype(str), labels, np.stack([1 - sure, sure], 1), ("no", "yes")
    )
    found = rank_classes(table).classes[1].auc
    assert found is not None
    return found


def main() -> None:
    """Print the tables."""
    print("calibration error: truth, pictures, mean measured, intervals that hold the truth")
    for row in calibration_rows():
        print("  ".join(f"{cell:>8}" for cell in row))
    print("AUC: truth, pictures of the class and others, mean width, intervals that hold the truth")
    for row in auc_rows():
        print("  ".join(f"{cell:>12}" for cell in row))
    print("widest gap of 1,000 pictures: groups that are alike, intervals that hold 0")
    for row in gap_rows():
        print("  ".join(f"{cell:>8}" for cell in row))


def _shares(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits)
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


if __name__ == "__main__":
    main()
