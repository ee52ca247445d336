"""What runs that differ in their seed alone say of their recipe: a run is not a recipe.

The seed moves every run, and the test pictures, which all runs share, move them together. So an
interval for a recipe has both: the spread of its runs, by t, and the pictures' own variance.
(Welch, 1947; Satterthwaite, 1946, for the degrees of freedom; Patil, Peng and Leek, 2016, for the
interval of one more run.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

from tlcore.analysis.intervals import CONFIDENCE, FEWEST_SEEDS, Interval


@dataclass(frozen=True)
class Runs:
    """The same score of runs that differ in their seed alone.

    Attributes:
        values: One a run.
        sampling: The variance that their common test pictures add, whatever the seed.
        pictures: How many these are; 0 if the score has none.
    """

    values: tuple[float, ...]
    sampling: float = 0.0
    pictures: int = 0

    @classmethod
    def of(cls, found: Sequence[Interval]) -> Runs:
        """Shares, each with the interval that its test pictures give it."""
        widths = [each.high - each.low for each in found]
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        sampling = (fmean(widths) / (2 * z)) ** 2
        return cls(tuple(each.value for each in found), sampling, found[0].n)

    @property
    def enough(self) -> bool:
        """Whether they are enough to say anything of the recipe."""
        return len(self.values) >= FEWEST_SEEDS

    @property
    def mean(self) -> float:
        return fmean(self.values)

    @property
    def spread(self) -> float:
        """The variance from one seed to the next."""
        return variance(self.values)


def contrast(
    terms: Sequence[tuple[float, Runs]],
    *,
    sampling: float | None = None,
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """A weighted sum of recipes' means, as a difference is; None if one has too few runs.

    Args:
        terms: Weights, and the runs of each recipe.
        sampling: What the test pictures add to the variance of the sum; by default as if each
            recipe had pictures of its own, which is too much rather than too little.
        confidence: Of the interval.

    >>> low, high = Runs((0.70, 0.72, 0.71)), Runs((0.80, 0.79, 0.81))
    >>> found = contrast([(1, high), (-1, low)])
    >>> round(found.value, 2), round(found.low, 3), round(found.high, 3)
    (0.09, 0.067, 0.113)
    """
    if not all(runs.enough for _, runs in terms):
        return None
    value = sum(weight * runs.mean for weight, runs in terms)
    parts = [(w * w * runs.spread / len(runs.values), len(runs.values) - 1) for w, runs in terms]
    pictures = sum(w * w * runs.sampling for w, runs in terms) if sampling is None else sampling
    half = _half(parts, pictures, confidence)
    n = min(runs.pictures or len(runs.values) for _, runs in terms)
    return Interval(value, value - half, value + half, n)


def next_run(
    runs: Runs, *, sampling: float = 0.0, confidence: float = CONFIDENCE
) -> Interval | None:
    """Where one more run of the recipe lands; None if there are too few to say.

    Args:
        runs: Those that there are.
        sampling: The variance of the pictures that the next one is tested on, if it is on others.
        confidence: Of the interval.

    >>> found = next_run(Runs((0.70, 0.72, 0.71)))
    >>> round(found.value, 2), round(found.low, 3), round(found.high, 3)
    (0.71, 0.66, 0.76)
    """
    if not runs.enough:
        return None
    count = len(runs.values)
    parts = [(runs.spread * (1 + 1 / count), count - 1)]
    half = _half(parts, runs.sampling + sampling, confidence)
    n = runs.pictures or count
    return Interval(runs.mean, runs.mean - half, runs.mean + half, n)


def over_runs(found: Sequence[Interval], *, confidence: float = CONFIDENCE) -> Interval:
    """What runs of one recipe that differ in their seed alone come to.

    From three seeds on, their mean for the recipe, on all such pictures. With fewer, seeds tell
    nothing of how far the next would be off, so it is about these networks: their mean, and how
    well their test pictures tell.
    """
    runs = Runs.of(found)
    every = contrast([(1.0, runs)], confidence=confidence)
    if every is None:
        low, high = (fmean(bounds) for bounds in ([f.low for f in found], [f.high for f in found]))
        return Interval(runs.mean, low, high, found[0].n, found[0].warning)
    return Interval(every.value, max(0.0, every.low), min(1.0, every.high), len(runs.values))


def _half(parts: Sequence[tuple[float, int]], pictures: float, confidence: float) -> float:
    """Half an interval, of variances with their degrees of freedom and one that is known."""
    from scipy.special import stdtrit

    total = sum(part for part, _ in parts) + pictures
    unsure = sum(part * part / freedom for part, freedom in parts)
    freedom = total * total / unsure if unsure > 0 else math.inf
    tail = (1 + confidence) / 2
    t = float(stdtrit(freedom, tail)) if math.isfinite(freedom) else NormalDist().inv_cdf(tail)
    return t * math.sqrt(total)
