"""How sure a number is: an interval beside every rate, mean and score.

    wilson       a share of n pictures (accuracy, recall), also where few are wrong, or few right
    share        the same, of pictures that may belong together
    picked       a share that was picked for being the highest or the lowest of several
    paired       the difference of two shares on the same pictures
    paired_mean  the same, where a picture may gain a part (the mean of several networks)
    apart        the difference of two shares on different pictures
    by_groups    any other interval, of pictures that belong together
    bounded      the mean of what each of n pictures was given between 0 and 1
    bootstrap_*  what follows from how many pictures there are of each kind
    mean         the mean of what was measured on each of n pictures (loss)
    over_seeds   the mean of a few runs that differ in nothing but the seed

All are two-sided, at 95 % unless told otherwise. Pictures of one video, one patient or one object
tell less than as many independent ones: whoever gives `belonging` (a number for each picture, the
same for those that belong belonging) gets an interval by groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist, fmean, stdev
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
FEWEST_PICTURES = 30
FEWEST_SEEDS = 3
FEWEST_GROUPS = 20
LARGEST_CHUNK = 1_000_000
_RARE, _MANY = 3.5, 50
"""Fewer mistakes than this, or hits: their number is a Poisson one. Of so many pictures at most,
one fewer."""

Rows: TypeAlias = NDArray[np.int64]
Measure: TypeAlias = Callable[[Rows], NDArray[np.float64]]
"""Given draws x kinds, how many pictures of each kind, one score a draw."""


@dataclass(frozen=True)
class Interval:
    """A measured value and where the truth plausibly lies.

    Attributes:
        value: What was measured.
        low: The lower bound.
        high: The upper bound.
        n: How many pictures (or runs) it stands on.
        warning: Why not to lean on it; empty when there is enough to tell.
        worth: As many independent pictures would tell as much; 0 where all n are independent.
    """

    value: float
    low: float
    high: float
    n: int
    warning: str = ""
    worth: float = 0.0


def wilson(hits: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """The interval of a rate; unlike mean and deviation, it is right at 0 % and 100 % too.

    Of one to three mistakes (or hits) Wilson's own leaves the truth out too often: there it reaches
    as far as that of a Poisson count (Brown, Cai and DasGupta, 2001).

    >>> interval = wilson(8, 10)
    >>> round(interval.low, 3), round(interval.high, 3), interval.warning
    (0.49, 0.964, 'only 10 pictures')
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"a rate needs 0 <= hits <= n and n >= 1, and this is {hits} of {n}")
    low, high = _wilson(hits / n, n, confidence)
    return Interval(hits / n, low, high, n, _too_few(n, FEWEST_PICTURES, "picture"))


def share(
    hits: NDArray[np.bool_], belonging: Rows | None = None, *, confidence: float = CONFIDENCE
) -> Interval:
    """Wilson's interval of as many independent pictures as these are worth (Rao and Scott, 1992).

    >>> right = np.repeat([True, False, True, True, True, False], 10)
    >>> one_by_one, by_object = share(right), share(right, np.arange(60) // 10)
    >>> round(one_by_one.low, 2), round(by_object.low, 2), by_object.warning
    (0.54, 0.2, 'only 6 groups of pictures')
    """
    n = len(hits)
    found = wilson(int(hits.sum()), n, confidence=confidence)
    if belonging is None:
        return found
    worth = _worth(hits.astype(np.float64), belonging)
    low, high = _wilson(found.value, worth, confidence)
    return Interval(found.value, low, high, n, found.warning or few_groups(belonging), worth)


def picked(rate: Interval, among: int, *, confidence: float = CONFIDENCE) -> Interval:
    """The interval of a rate that was picked as the highest or the lowest of several.

    Whoever looks at the worst of a hundred classes sees the least lucky one. Clopper and Pearson's
    interval, with the doubt shared out among all that might have been picked (Bonferroni), holds
    the truth of whichever it was.

    >>> plain, picked_one = wilson(14, 20), picked(wilson(14, 20), among=100)
    >>> round(plain.high, 2), round(picked_one.high, 2)
    (0.85, 0.95)
    """
    from scipy.special import betaincinv

    n = rate.worth or rate.n
    hits, tail = rate.value * n, (1 - confidence) / among / 2
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return replace(rate, low=low, high=high)


def at(rate: Interval, confidence: float) -> Interval:
    """A rate's interval at another confidence."""
    low, high = _wilson(rate.value, rate.worth or rate.n, confidence)
    return replace(rate, low=low, high=high)


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
    return _agresti_min(gains - losses, gains + losses, n, _z(confidence))


def paired_mean(
    gains: NDArray[np.float64], belonging: Rows | None = None, *, confidence: float = CONFIDENCE
) -> Interval:
    """The same of what each picture gained, from -1 to 1, of pictures that may belong together.

    >>> found = paired_mean(np.array([1.0] * 12 + [-1.0] * 2 + [0.0] * 86))
    >>> found == paired(gains=12, losses=2, n=100)
    True
    """
    n, wider = len(gains), _z(confidence)
    if belonging is not None:
        wider *= math.sqrt(n / _worth(gains, belonging))
    found = _agresti_min(float(gains.sum()), float((gains**2).sum()), n, wider)
    if belonging is None:
        return found
    return replace(found, warning=found.warning or few_groups(belonging))


def bounded(values: NDArray[np.float64], *, confidence: float = CONFIDENCE) -> Interval:
    """The mean of values between 0 and 1, of which an end is never certain.

    As many pictures of 0 and of 1 are added as make a rate's interval right (Agresti and Coull,
    1998), so that equal values don't get an interval of no width.

    >>> found = bounded(np.ones(20))
    >>> found.value, round(found.low, 2), found.high
    (1.0, 0.81, 1.0)
    """
    n, square = len(values), _z(confidence) ** 2
    total = n + square
    centre = (float(values.sum()) + square / 2) / total
    variance = (float((values**2).sum()) + square / 2) / total - centre**2
    half = _z(confidence) * math.sqrt(variance / total)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Interval(float(values.mean()), low, high, n, _too_few(n, FEWEST_PICTURES, "picture"))


def by_groups(
    found: Interval, values: NDArray[np.float64], belonging: Rows | None, *, least: float = 0.0
) -> Interval:
    """An interval of the mean of what each picture was given, or of what moves like it, made as
    wide as pictures that belong together make it; it ends at `least` and at 1.

    >>> values = np.repeat([0.0, 1.0, 1.0], 20)
    >>> found = by_groups(bounded(values), values, np.repeat(np.arange(3), 20))
    >>> round(found.low, 2), found.high, found.warning
    (0.0, 1.0, 'only 3 groups of pictures')
    """
    if belonging is None:
        return found
    times = math.sqrt(len(values) / _worth(values, belonging))
    low = max(least, found.value - times * (found.value - found.low))
    high = min(1.0, found.value + times * (found.high - found.value))
    return replace(found, low=low, high=high, warning=found.warning or few_groups(belonging))


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


def bootstrap_counts(
    measure: Measure,
    counts: Rows,
    *,
    draws: int = 1000,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """The percentile interval of a score that follows from how many pictures there are of each
    kind, from `draws` resamples.

    `measure` gets draws x kinds: how many pictures of each kind are in each resample.

    >>> right_and_wrong = np.array([90, 10])
    >>> interval = bootstrap_counts(lambda drawn: drawn[:, 0] / 100, right_and_wrong)
    >>> interval.value, round(interval.low, 2), round(interval.high, 2)
    (0.9, 0.84, 0.96)
    """
    generator = np.random.default_rng(seed)
    n = int(counts.sum())
    chunk = max(1, LARGEST_CHUNK // len(counts))
    sizes = [min(chunk, draws - start) for start in range(0, draws, chunk)]
    drawn = np.concatenate([measure(generator.multinomial(n, counts / n, size)) for size in sizes])
    return _percentiles(float(measure(counts[None])[0]), drawn, n, confidence)


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


def spread_of(influence: NDArray[np.float64], belonging: Rows | None) -> float:
    """The standard error of a score, from how far each picture alone moves it (their mean is 0)."""
    if belonging is None:
        return math.sqrt(float((influence**2).sum()))
    sums, count = np.bincount(belonging, weights=influence), len(_sizes(belonging))
    return math.sqrt(float((sums**2).sum()) * count / max(1, count - 1)) * _wider(count)


def _wilson(rate: float, n: float, confidence: float) -> tuple[float, float]:
    z = _z(confidence)
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low, high = centre - half, centre + half
    rare = _RARE if n > _MANY else _RARE - 1
    if 0 < rate <= 0.5 and rate * n < rare:
        low = min(low, _least(rate * n, confidence) / n)
    if 0.5 <= rate < 1 and (1 - rate) * n < rare:
        high = max(high, 1 - _least((1 - rate) * n, confidence) / n)
    return 0.0 if rate == 0 else low, 1.0 if rate == 1 else high


@lru_cache(maxsize=1000)
def _least(count: float, confidence: float) -> float:
    """The fewest that may be expected of what was seen so often, if seldom."""
    from scipy.special import gammaincinv

    return float(gammaincinv(count, 1 - confidence))


def _agresti_min(net: float, squares: float, n: int, z: float) -> Interval:
    total = n + 2
    centre = net / total
    half = z * math.sqrt(squares + 1 - net**2 / total) / total
    low, high = max(-1.0, centre - half), min(1.0, centre + half)
    return Interval(net / n, low, high, n, _too_few(n, FEWEST_PICTURES, "picture"))


def _worth(values: NDArray[np.float64], belonging: Rows) -> float:
    """How many independent pictures tell as much of a mean: the pictures over the design effect
    (Rao and Scott, 1992), fewer still where groups are few (Korn and Graubard, 1998). Where all
    pictures fare alike, nothing can be learned of that: then each group counts as one."""
    n, sizes = len(values), _sizes(belonging)
    apart = values - values.mean()
    alone = float((apart**2).sum())
    if len(sizes) < 2 or alone == 0:
        return n * n / float((sizes**2).sum())
    inside = np.bincount(belonging, weights=apart)
    by_group = float((inside**2).sum()) * len(sizes) / (len(sizes) - 1)
    return n / max(1.0, by_group / alone * _wider(len(sizes)) ** 2)


def _wider(groups: int) -> float:
    """Student's quantile over the normal one: how much less is known from few groups."""
    from scipy.special import stdtrit

    middle = (1 + CONFIDENCE) / 2
    return float(stdtrit(max(1, groups - 1), middle)) / _z(CONFIDENCE)


def _sizes(belonging: Rows) -> Rows:
    """Of the groups that have pictures here."""
    sizes = np.bincount(belonging)
    return sizes[sizes > 0]


def few_groups(belonging: Rows) -> str:
    """A warning where there are too few to tell how much they differ."""
    groups = len(_sizes(belonging))
    return "" if groups >= FEWEST_GROUPS else f"only {groups} groups of pictures"


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _too_few(n: int, fewest: int, noun: str) -> str:
    return "" if n >= fewest else f"only {n} {noun}{'' if n == 1 else 's'}"
