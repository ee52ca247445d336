"""How sure a number is: an interval beside every rate, mean and score.

    wilson      a share of n pictures (accuracy, recall)
    paired      the difference of two shares on the same pictures
    apart       the difference of two shares on different pictures
    bootstrap   anything that can be computed from resampled pictures (calibration, macro F1)
    mean        the mean of what was measured on each of n pictures (loss)
    over_seeds  the mean of a few runs that differ in nothing but the seed

All are two-sided, at 95 % unless told otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
FEWEST_PICTURES = 30
FEWEST_SEEDS = 3
LARGEST_CHUNK = 1_000_000

Rows: TypeAlias = NDArray[np.int64]
Measure: TypeAlias = Callable[[Rows], NDArray[np.float64]]
"""Given draws x n row numbers, one score a draw."""


@dataclass(frozen=True)
class Interval:
    """A measured value and where the truth plausibly lies.

    Attributes:
        value: What was measured.
        low: The lower bound.
        high: The upper bound.
        n: How many pictures (or runs) it stands on.
        warning: Why not to lean on it; empty when there is enough to tell.
    """

    value: float
    low: float
    high: float
    n: int
    warning: str = ""


def wilson(hits: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """The interval of a rate; unlike mean and deviation, it is right at 0 % and 100 % too.

    >>> interval = wilson(9, 10)
    >>> round(interval.low, 3), round(interval.high, 3), interval.warning
    (0.596, 0.982, 'only 10 pictures')
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"a rate needs 0 <= hits <= n and n >= 1, and this is {hits} of {n}")
    z = _z(confidence)
    rate = hits / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return Interval(rate, low, high, n, _too_few(n, FEWEST_PICTURES, "picture"))


def paired(gains: int, losses: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """How much better the second of two classifiers is on the same n pictures.

    `gains` counts the pictures only the second got right, `losses` those only the first did.
    Half a picture is added to each of the four outcomes (Agresti and Min, 2005), so that two
    classifiers that never differ don't get an interval of no width.

    >>> interval = paired(gains=12, losses=2, n=100)
    >>> interval.value, round(interval.low, 3), round(interval.high, 3)
    (0.1, 0.026, 0.17)
    """
    if min(gains, losses) < 0 or gains + losses > n or n == 0:
        raise ValueError(f"{gains} gains and {losses} losses don't fit {n} pictures")
    more, fewer, total = gains + 0.5, losses + 0.5, n + 2
    centre = (more - fewer) / total
    half = _z(confidence) * math.sqrt(more + fewer - (more - fewer) ** 2 / total) / total
    low, high = max(-1.0, centre - half), min(1.0, centre + half)
    warning = _too_few(n, FEWEST_PICTURES, "picture")
    return Interval((gains - losses) / n, low, high, n, warning)


def apart(first: Interval, second: Interval) -> Interval:
    """How much higher the second of two values is that were measured on different pictures.

    Built from the intervals of both (Newcombe, 1998, for Wilson's), at their confidence.

    >>> gap = apart(wilson(48, 80), wilson(56, 70))
    >>> round(gap.value, 2), round(gap.low, 3), round(gap.high, 3)
    (0.2, 0.052, 0.334)
    """
    gap = second.value - first.value
    below = math.hypot(second.value - second.low, first.high - first.value)
    above = math.hypot(second.high - second.value, first.value - first.low)
    fewer = first if first.n <= second.n else second
    return Interval(gap, gap - below, gap + above, first.n + second.n, fewer.warning)


def bootstrap(
    measure: Measure,
    n: int,
    *,
    draws: int = 1000,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """The percentile interval of any score, from `draws` resamples of n pictures.

    `measure` gets many resamples at once, a row of picture numbers each, and gives a score
    for each row; few enough at once that memory stays small.

    >>> heights = np.arange(100.0)
    >>> interval = bootstrap(lambda rows: heights[rows].mean(axis=1), len(heights))
    >>> interval.value, round(interval.low), round(interval.high)
    (49.5, 44, 55)
    """
    generator = np.random.default_rng(seed)
    chunk = max(1, LARGEST_CHUNK // n)
    sizes = [min(chunk, draws - start) for start in range(0, draws, chunk)]
    scores = np.concatenate([measure(generator.integers(0, n, (size, n))) for size in sizes])
    return _percentiles(float(measure(np.arange(n)[None])[0]), scores, n, confidence)


def bootstrap_counts(
    measure: Measure,
    counts: Rows,
    *,
    draws: int = 1000,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """The same for a score that follows from how many pictures there are of each kind.

    `measure` gets draws x kinds: how many pictures of each kind are in each resample.

    >>> right_and_wrong = np.array([90, 10])
    >>> interval = bootstrap_counts(lambda drawn: drawn[:, 0] / 100, right_and_wrong)
    >>> interval.value, round(interval.low, 2), round(interval.high, 2)
    (0.9, 0.84, 0.96)
    """
    (found,) = bootstrap_each(
        lambda drawn: measure(drawn)[:, None],
        counts,
        draws=draws,
        confidence=confidence,
        seed=seed,
    )
    return found


def bootstrap_each(
    measure: Measure,
    counts: Rows,
    *,
    draws: int = 1000,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> tuple[Interval, ...]:
    """The same for several scores at once: `measure` gives draws x scores."""
    generator = np.random.default_rng(seed)
    n = int(counts.sum())
    chunk = max(1, LARGEST_CHUNK // len(counts))
    sizes = [min(chunk, draws - start) for start in range(0, draws, chunk)]
    drawn = np.concatenate([measure(generator.multinomial(n, counts / n, size)) for size in sizes])
    values = measure(counts[None])[0]
    return tuple(
        _percentiles(float(value), scores, n, confidence)
        for value, scores in zip(values, drawn.T, strict=True)
    )


def _percentiles(value: float, scores: NDArray[np.float64], n: int, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(scores, [tail, 1 - tail])
    return Interval(value, float(low), float(high), n, _too_few(n, FEWEST_PICTURES, "picture"))


def mean(values: NDArray[np.float64], *, confidence: float = CONFIDENCE) -> Interval:
    """The mean over many pictures, by the normal distribution; no lower than 0.

    >>> interval = mean(np.array([0.0, 1.0] * 50))
    >>> interval.value, round(interval.low, 2), round(interval.high, 2)
    (0.5, 0.4, 0.6)
    """
    n, value = len(values), float(values.mean())
    half = _z(confidence) * float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    low = max(0.0, value - half)
    return Interval(value, low, value + half, n, _too_few(n, FEWEST_PICTURES, "picture"))


def over_seeds(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval:
    """Mean and t-interval of the same score from runs that differ in their seed alone.

    >>> interval = over_seeds([0.70, 0.72, 0.71])
    >>> round(interval.value, 3), round(interval.low, 3), round(interval.high, 3)
    (0.71, 0.685, 0.735)
    """
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        raise ValueError("one run says nothing about the next: an interval needs two seeds")
    mean = fmean(values)
    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * stdev(values) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n, _too_few(n, FEWEST_SEEDS, "run"))


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _too_few(n: int, fewest: int, noun: str) -> str:
    return "" if n >= fewest else f"only {n} {noun}{'' if n == 1 else 's'}"
