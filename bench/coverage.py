"""How often our intervals hold the truth: `python bench/coverage.py`, for docs/EVIDENCE.md.

Made-up networks whose true error is known are measured on few pictures, again and again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/coverage.py`

from tlcore.analysis.calibration import error_interval
from tlcore.analysis.groups import score_groups
from tlcore.analysis.predictions import Predictions
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


def main() -> None:
    """Print both tables."""
    print("calibration error: truth, pictures, mean measured, intervals that hold the truth")
    for row in calibration_rows():
        print("  ".join(f"{cell:>8}" for cell in row))
    print("widest gap of 1,000 pictures: groups that are alike, intervals that hold 0")
    for row in gap_rows():
        print("  ".join(f"{cell:>8}" for cell in row))


def _shares(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits)
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


if __name__ == "__main__":
    main()
