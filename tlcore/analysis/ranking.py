"""How well a class's pictures are told from all others, whatever threshold is drawn: AUC and
average precision.

The area under the ROC curve (AUC) is the chance that a picture of the class gets a higher
probability of it than a picture of another: 0.5 is guessing. Its variance is DeLong's (DeLong,
DeLong, Clarke-Pearson, 1988), its interval lies on the logarithm of the odds, so it never leaves
0 to 1. Of fewer than fifty pictures, and above 0.95, that is too narrow: there it is Newcombe's
(2006), from the numbers of pictures alone, unless DeLong's is the wider one. Average
precision is the area under precision over recall; its interval is the binomial one
(Boyd, Eng, Page, 2013) in Wilson's form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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

Scores = NDArray[np.float32]


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
    every, influence = [], np.zeros(len(predictions))
    for place, name in enumerate(predictions.classes):
        own = predictions.labels == place
        scores = np.ascontiguousarray(predictions.probabilities[:, place])
        ranking, shares = _rank(name, scores, own, predictions.belonging)
        every.append(ranking)
        if shares is not None:
            influence += shares
    aucs = [each.auc for each in every if each.auc]
    precisions = [each.precision for each in every if each.precision]
    return Rankings(
        tuple(every),
        _mean_auc(aucs, influence, predictions.belonging) if aucs else None,
        _mean_apart(precisions) if precisions else None,
    )


def _rank(
    name: str, scores: Scores, own: NDArray[np.bool_], belonging: Rows | None
) -> tuple[Ranking, NDArray[np.float64] | None]:
    """A class, and how far each picture alone moves its AUC: their squares add up to DeLong's
    variance."""
    few = int(own.sum())
    many = len(own) - few
    if not few or not many:
        return Ranking(name, few, None, None), None
    inside = np.sort(scores[own])
    lower, upper = _places(inside, scores[~own])
    above = _shares_above(lower, upper, few)
    auc = float(above.mean())
    influence = np.empty(len(scores))
    influence[~own] = _deviations(1 - (lower + upper) / (2 * few))
    influence[own] = _deviations(above)[np.argsort(np.argsort(scores[own], kind="stable"))]
    error = spread_of(influence, belonging)
    alone = spread_of(influence, None)
    worth = 1.0 if error <= alone or not alone else (alone / error) ** 2
    return Ranking(
        name,
        few,
        _auc_interval(auc, error, few, many, worth),
        _binomial(_average_precision(inside, upper), few, len(scores), worth),
    ), influence


def _places(inside: Scores, outside: Scores) -> tuple[Rows, Rows]:
    """How many of the class's pictures lie below each other picture, and how many not above it."""
    lower = np.searchsorted(inside, outside, "left")
    upper = lower.copy()
    tied = np.flatnonzero(inside[np.minimum(lower, len(inside) - 1)] == outside)
    if len(tied):
        upper[tied] = np.searchsorted(inside, outside[tied], "right")
    return lower, upper


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


def _auc_interval(auc: float, error: float, few: int, many: int, worth: float) -> Interval:
    sound = error > 0 and min(few, many) > 1
    if not sound:
        low, high = _newcombe(auc, few * worth, many * worth)
    else:
        low, high = _delong(auc, error)
        if min(few, many) * worth < _FEW or auc > _HIGH:
            lower, higher = _newcombe(auc, few * worth, many * worth)
            low, high = min(low, lower), max(high, higher)
    return Interval(auc, low, high, few + many, _too_few(min(few, many)))


def _delong(auc: float, error: float) -> tuple[float, float]:
    """On the logarithm of the odds."""
    odds, half = math.log(auc / (1 - auc)), _Z * error / (auc * (1 - auc))
    return _share(odds - half), _share(odds + half)


def _newcombe(auc: float, few: float, many: float) -> tuple[float, float]:
    """From the numbers of pictures alone (Newcombe, 2006, his method 5): where nothing varies, as
    when every pair is in order, nothing can be learned from that."""

    def last(end: float) -> float:
        """Towards an end, the last AUC that may well be measured as this one."""
        near, far = auc, end
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            within = abs(auc - middle) < _Z * math.sqrt(_usual_variance(middle, few, many))
            near, far = (middle, far) if within else (near, middle)
        return near

    return last(0.0), last(1.0)


def _usual_variance(auc: float, few: float, many: float) -> float:
    """Hanley and McNeil's (1982), as if there were as many pictures of one kind as of the other."""
    each, gap = (few + many) / 2 - 1, 1 - auc
    return auc * gap * (1 + each * gap / (1 + gap) + each * auc / (1 + auc)) / (few * many)


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


def _weakest(found: Sequence[Interval]) -> str:
    """The warning of the class of the fewest pictures."""
    warnings = [each.warning for each in found if each.warning]
    return min(warnings, key=lambda words: int(words.split()[1]), default="")


def _too_few(pictures: int) -> str:
    if pictures >= FEWEST_PICTURES:
        return ""
    return f"only {pictures} picture{'' if pictures == 1 else 's'} of a class"
