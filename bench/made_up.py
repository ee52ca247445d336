"""Networks and recipes that are made up, so that the truth of what is said of them is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tlcore.analysis.intervals import Interval, wilson
from tlcore.analysis.predictions import Predictions


def side(
    chance: np.random.Generator, hard: NDArray[np.float64], mean: float, spread: float, seeds: int
) -> list[Predictions]:
    """Networks of one recipe: seeds move how good each is, and pictures are hard for all."""
    found = []
    for goal in np.clip(chance.normal(mean, spread, seeds), 0.01, 0.99):
        right = 0.8 * hard + 0.6 * chance.normal(size=len(hard)) < stats.norm.ppf(goal)
        said = np.eye(2, dtype=np.float32)[np.where(right, 0, 1)]
        ids, labels = np.arange(len(hard)).astype(str), np.zeros(len(hard), np.int64)
        found.append(Predictions(ids, labels, said, ("no", "yes")))
    return found


def runs(
    chance: np.random.Generator, mean: float, seeds: int, n: int = 10_000, spread: float = 0.01
) -> list[Interval]:
    """Runs of one recipe, on the same test pictures."""
    whole = mean * (1 - mean) / n
    shared = mean + chance.normal(0, np.sqrt(0.65 * whole))
    values = shared + chance.normal(0, np.hypot(spread, np.sqrt(0.35 * whole)), seeds)
    return [wilson(round(float(value) * n), n) for value in values.clip(0, 1)]
