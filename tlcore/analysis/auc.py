"""How well a class's pictures are told from all others, whatever threshold is drawn: AUC and
average precision.

The area under the ROC curve (AUC) is the chance that a picture of the class gets a higher
probability of it than a picture of another: 0.5 is guessing. Its variance is DeLong's (DeLong,
DeLong, Clarke-Pearson, 1988), its interval lies on the logarithm of the odds, so it never leaves
0 to 1. Of fewer than fifty pictures, and above 0.95, that is too narrow: there it is Newcombe's
(2006), from the numbers of pictures alone, unless DeLong's is the wider one. Average
precision is the area under precision over recall; its interval is the binomial one
(Boyd, Eng, Page, 2013) in Wilson's form. Few pictures flatter it; a mean over classes is narrow
enough for that to show, so its interval reaches down by as much as half of the pictures flatter
more than all do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import (
    CONFIDENCE,
    FEWEST_PICTURES,
    Interval,
    Rows,
    spread_of,
)
from tlcore.analysis.predictions import Predictions

_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_HALVINGS = 60
_FEW, _HIGH = 50, 0.95
"""Fewer pictures of a kind, or a higher AUC, are too much for DeLong's interval."""

_COUNTED = 20
"""Pictures of a class up to which they are held against all others one by one."""
_AT_ONCE = 64
"""Classes whose probabilities are turned over at once."""

Scores = NDArray[np.float32]
Many = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """How one class fares against all others.

    Attributes:
        name: The class.
        support: Its pictures in the test set.
        auc: Area under the ROC curve; None where there are no pictures of it, or no others.
        precision: Average precision; None in the same case.
    """

    name: str
    support: int
    auc: Interval | None
    precision: Interval | None


@dataclass(frozen=True)
class Rankings:
    """How all classes fare, each against all others.

    Attributes:
        classes: In the order of the data set.
        auc: Mean over the classes that have one (macro); None if none has.
        precision: The same of average precision.
    """

    classes: tuple[Ranking, ...]
    auc: Interval | None
    precision: Interval | None


def rank_classes(predictions: Predictions) -> Rankings:
    """AUC and average precision of each class against the rest, and their means.

    >>> given = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]], dtype=np.float32)
    >>> found = rank_classes(Predictions(np.array(list("abcd")), np.array([0, 0, 1, 1]),
    ...                                  given, ("cat", "dog")))
    >>> found.classes[0].auc.value, round(found.classes[0].precision.value, 3), found.auc.warning
    (0.75, 0.833, 'only 2 pictures of a class')
    """
    found, influence = [], np.zeros(len(predictions))
    for place, scores in enumerate(_columns(predictions)):
        seen = _look_at(scores, predictions.labels == place, predictions.belonging)
        found.append(seen)
        if seen.influence is not None:
            influence += seen.influence
    every = _in_intervals(predictions, found)
    aucs = [each.auc for each in every if each.auc]
    precisions = [each.precision for each in every if each.precision]
    return Rankings(
        every,
        _mean_auc(aucs, influence, predictions.belonging) if aucs else None,
        _mean_precision(precisions, found) if precisions else None,
    )


def _columns(predictions: Predictions) -> Iterator[Scores]:
    """What every picture was given of one class after the other: turned over in parts, since a
    number out of each row is a page of memory for each number."""
    for start in range(0, len(predictions.classes), _AT_ONCE):
        part = predictions.probabilities[:, start : start + _AT_ONCE]
        yield from np.ascontiguousarray(part.T)


@dataclass
class _Seen:
    """A class against the rest, before its intervals are known; of one without pictures, or
    without others, only how many there are.

    Attributes:
        few: Its pictures.
        many: All others.
        auc: Area under the ROC curve.
        precision: Average precision.
        error: The standard error of the AUC.
        worth: As much of a picture's worth is left where pictures belong together.
        flattered: How much average precision is too high because pictures are few.
        influence: How far each picture alone moves the AUC: their squares add up to DeLong's
            variance. Let go of as soon as it was added up.
    """

    few: int
    many: int
    auc: float = 0.0
    precision: float = 0.0
    error: float = 0.0
    worth: float = 1.0
    flattered: float = 0.0
    influence: NDArray[np.float64] | None = None


def _look_at(scores: Scores, own: NDArray[np.bool_], belonging: Rows | None) -> _Seen:
    """A class against the rest."""
    few = int(own.sum())
    many = len(own) - few
    if not few or not many:
        return _Seen(few, many)
    others, mine = np.flatnonzero(~own), np.flatnonzero(own)
    order = np.argsort(scores[mine], kind="stable")
    inside = scores[mine[order]]
    lower, upper = _places(inside, scores[others])
    above = _shares_above(lower, upper, few)
    influence = np.empty(len(scores))
    influence[others] = _deviations(1 - (lower + upper) / (2 * few))
    influence[mine[order]] = _deviations(above)
    error = spread_of(influence, belonging)
    alone = error if belonging is None else spread_of(influence, None)
    worth = 1.0 if error <= alone or not alone else (alone / error) ** 2
    precision = _average_precision(inside, upper)
    flattered = _in_halves(inside, scores[others]) - precision if few >= FEWEST_PICTURES else 0.0
    return _Seen(few, many, float(above.mean()), precision, error, worth, flattered, influence)


def _places(inside: Scores, outside: Scores) -> tuple[Rows, Rows]:
    """How many of the class's pictures lie below each other picture, and how many not above it."""
    lower = _lower(inside, outside)
    upper = lower.copy()
    tied = np.flatnonzero(inside[np.minimum(lower, len(inside) - 1)] == outside)
    if len(tied):
        upper[tied] = np.searchsorted(inside, outside[tied], "right")
    return lower, upper


def _lower(inside: Scores, outside: Scores) -> Rows:
    """How many of a few lie below each of many: counting is faster than searching for a place."""
    if len(inside) > _COUNTED:
        return np.searchsorted(inside, outside, "left")
    lower = np.zeros(len(outside), np.uint8)
    for score in inside:
        lower += (score < outside).view(np.uint8)
    return lower.astype(np.int64)


def _shares_above(lower: Rows, upper: Rows, few: int) -> NDArray[np.float64]:
    """Of each of the class's pictures, in rising order, the share of the others that lies below
    it; equal ones count half."""
    below, up_to = (np.bincount(places, minlength=few + 1).cumsum()[:few]
                    for places in (upper, lower))  # fmt: skip
    shares: NDArray[np.float64] = (below + up_to) / (2 * len(lower))
    return shares


def _deviations(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """So that their squares add up to the variance of the mean."""
    n = len(shares)
    apart: NDArray[np.float64] = (shares - shares.mean()) / math.sqrt(n * max(1, n - 1))
    return apart


def _in_intervals(predictions: Predictions, found: Sequence[_Seen]) -> tuple[Ranking, ...]:
    """All classes with their intervals; what is sought by halving is sought for all at once."""
    counted = [each for each in found if each.few and each.many]
    auc, few, many, worth = (
        np.array([getattr(each, name) for each in counted])
        for name in ("auc", "few", "many", "worth")
    )
    bounds = iter(zip(*_newcombe(auc, few * worth, many * worth), strict=True))
    every = []
    for name, each in zip(predictions.classes, found, strict=True):
        if not each.few or not each.many:
            every.append(Ranking(name, each.few, None, None))
            continue
        low, high = next(bounds)
        precision = _binomial(each.precision, each.few, len(predictions), each.worth)
        every.append(Ranking(name, each.few, _auc_interval(each, low, high), precision))
    return tuple(every)


def _auc_interval(seen: _Seen, lower: float, higher: float) -> Interval:
    """DeLong's; Newcombe's, from `lower` to `higher`, where that is too narrow."""
    auc, fewer = seen.auc, min(seen.few, seen.many)
    low, high = float(lower), float(higher)
    if seen.error > 0 and fewer > 1:
        near, far = _delong(auc, seen.error)
        if fewer * seen.worth < _FEW or auc > _HIGH:
            low, high = min(near, low), max(far, high)
        else:
            low, high = near, far
    return Interval(auc, low, high, seen.few + seen.many, _too_few(fewer))


def _delong(auc: float, error: float) -> tuple[float, float]:
    """On the logarithm of the odds."""
    odds, half = math.log(auc / (1 - auc)), _Z * error / (auc * (1 - auc))
    return _share(odds - half), _share(odds + half)


def _newcombe(auc: Many, few: Many, many: Many) -> tuple[Many, Many]:
    """From the numbers of pictures alone (Newcombe, 2006, his method 5): where nothing varies, as
    when every pair is in order, nothing can be learned from that."""

    def last(end: float) -> Many:
        """Towards an end, the last AUC that may well be measured as this one."""
        near, far = auc.copy(), np.full(len(auc), end)
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            within = np.abs(auc - middle) < _Z * np.sqrt(_usual_variance(middle, few, many))
            near, far = np.where(within, middle, near), np.where(within, far, middle)
        return near

    return last(0.0), last(1.0)


def _usual_variance(auc: Many, few: Many, many: Many) -> Many:
    """Hanley and McNeil's (1982), as if there were as many pictures of one kind as of the other."""
    each, gap = (few + many) / 2 - 1, 1 - auc
    variance: Many = (
        auc * gap * (1 + each * gap / (1 + gap) + each * auc / (1 + auc)) / (few * many)
    )
    return variance


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0


def _average_precision(inside: Scores, upper: Rows) -> float:
    """Precision at each threshold, by how much recall it adds; equal scores come together."""
    few = len(inside)
    first = np.flatnonzero(np.append(True, inside[1:] > inside[:-1]))  # of its kind, rising
    found = few - first
    others = len(upper) - np.bincount(upper, minlength=few + 1).cumsum()[first]
    added = np.diff(np.append(first, few))
    return float((added * found / (found + others)).sum() / few)


def _in_halves(inside: Scores, outside: Scores) -> float:
    """Average precision of each half of the pictures, on average: too high by twice as much as that
    of all, since what it is too high by falls with their number."""
    halves, chance = [], np.random.default_rng(0)
    first, second = (chance.permutation(len(each)) % 2 == 0 for each in (inside, outside))
    for mine, others in ((first, second), (~first, ~second)):
        some = inside[mine]
        halves.append(_average_precision(some, np.searchsorted(some, outside[others], "right")))
    return sum(halves) / 2


def _binomial(value: float, few: int, pictures: int, worth: float) -> Interval:
    """Wilson's, of a share that needn't be one of whole pictures."""
    square = _Z * _Z / (few * worth)
    centre = (value + square / 2) / (1 + square)
    half = math.sqrt(square * value * (1 - value) + square * square / 4) / (1 + square)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Interval(value, min(low, value), max(high, value), pictures, _too_few(few))


def _mean_auc(
    found: Sequence[Interval], influence: NDArray[np.float64], belonging: Rows | None
) -> Interval:
    """A picture is one of its own class and one that isn't of all others', so the classes' AUC
    aren't independent: what each picture does to all of them is added up first."""
    value = sum(each.value for each in found) / len(found)
    error = spread_of(influence / len(found), belonging)
    if error > 0:
        low, high = _delong(value, error)
    else:
        low, high = (sum(getattr(each, end) for each in found) / len(found)
                     for end in ("low", "high"))  # fmt: skip
    return Interval(value, low, high, found[0].n, _weakest(found))


def _mean_apart(found: Sequence[Interval]) -> Interval:
    """Built from the intervals of all, as `intervals.apart` is of two."""
    count = len(found)
    value = sum(each.value for each in found) / count
    below = math.hypot(*(each.value - each.low for each in found)) / count
    above = math.hypot(*(each.high - each.value for each in found)) / count
    return Interval(value, value - below, value + above, found[0].n, _weakest(found))


def _mean_precision(found: Sequence[Interval], seen: Sequence[_Seen]) -> Interval:
    mean = _mean_apart(found)
    flattered = sum(each.flattered for each in seen if each.few and each.many) / len(found)
    return replace(mean, low=max(0.0, mean.low - max(0.0, flattered)))


def _weakest(found: Sequence[Interval]) -> str:
    """The warning of the class of the fewest pictures."""
    warnings = [each.warning for each in found if each.warning]
    return min(warnings, key=lambda words: int(words.split()[1]), default="")


def _too_few(pictures: int) -> str:
    if pictures >= FEWEST_PICTURES:
        return ""
    return f"only {pictures} picture{'' if pictures == 1 else 's'} of a class"
