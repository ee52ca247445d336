"""Whom a network fails: the same scores, group by group, and the gaps between groups.

Which group is lowest is partly luck, and of few pictures mostly. So what is said of two groups is
said of the pair that is surest to be apart, among groups that are large enough to judge and with
all pairs looked at, and only if one test of all of them says that they differ.

Selection rate, true and false positive rate ask about one class at a time: of a group's pictures,
how many are called so; of those that are so, how many are called so; of those that aren't, how
many are called so all the same. They and the gaps (the highest group less the lowest) are defined
as Fairlearn's `MetricFrame` defines them, and the tests hold them against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import (
    CONFIDENCE,
    FEWEST_PICTURES,
    Interval,
    apart,
    at,
    picked,
    share,
)
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import TestReport

Bounds: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The lower and the upper one of how far each of several rates lies above each other one."""

_EXPECTED = 5.0
"""Of hits and misses in each group, for the chi-square distribution to be near enough."""
_DEALS, _CARDS = 999, 200_000
"""Hits are dealt out so often, and to so many groups in all, but 199 times at least."""


@dataclass(frozen=True)
class GroupScore:
    """How a group fares. The rates are None unless a class was asked about, and where the group
    has no picture to tell by.

    Attributes:
        name: The group.
        n: Its pictures.
        accuracy: The share of them that is called rightly.
        selection_rate: The share called the class that was asked about.
        true_positive_rate: Of its pictures of that class, the share called so.
        false_positive_rate: Of its other pictures, the share called so.
    """

    name: str
    n: int
    accuracy: Interval
    selection_rate: Interval | None = None
    true_positive_rate: Interval | None = None
    false_positive_rate: Interval | None = None


@dataclass(frozen=True)
class Pair:
    """Two groups, and how much higher the second lies; the interval holds for all pairs at once."""

    lower: str
    higher: str
    size: Interval


@dataclass(frozen=True)
class Gap:
    """From the lowest group to the highest.

    Attributes:
        lowest: The group that has the lowest value.
        highest: The group that has the highest.
        size: How far apart they are. The interval is that of the true distance from the lowest to
            the highest, whichever these are: it looks at all pairs at once (Bonferroni).
        clearest: Of the groups that are large enough to judge, the two that are told apart best.
        p: How likely such differences are if these groups were alike.
    """

    lowest: str
    highest: str
    size: Interval
    clearest: Pair
    p: float

    @property
    def told(self) -> bool:
        """Whether the groups differ by more than chance explains."""
        return self.p < 1 - CONFIDENCE

    @property
    def told_apart(self) -> bool:
        """Whether the clearest two do."""
        return self.told and self.clearest.size.low > 0


@dataclass(frozen=True)
class GroupTable:
    """A test set, group by group.

    Attributes:
        column: What tells the groups apart.
        positive: The class that the rates ask about; empty if none was named.
        groups: One entry a group, in alphabetical order.
        small: Groups of too few pictures to judge; empty where all are.
        unknown: Pictures of which the group isn't known; they are left out.
        overall: Accuracy on all pictures whose group is known.
        accuracy_gap: Between groups, as are the next three; None where fewer than two can be told.
        selection_gap: Fairlearn calls it the demographic parity difference.
        true_positive_gap: Fairlearn calls it the equal opportunity difference.
        false_positive_gap: Of the false positive rates.
    """

    column: str
    positive: str
    groups: tuple[GroupScore, ...]
    small: tuple[str, ...]
    unknown: int
    overall: Interval
    accuracy_gap: Gap | None
    selection_gap: Gap | None
    true_positive_gap: Gap | None
    false_positive_gap: Gap | None

    @property
    def worst(self) -> GroupScore:
        """The group with the lowest accuracy, of those large enough to judge."""
        judged = [group for group in self.groups if group.name not in self.small]
        return min(judged, key=lambda group: group.accuracy.value)


@dataclass(frozen=True)
class WorstClass:
    """The class that fares worst, beside the one that fares best.

    Attributes:
        name: Of the class with the lowest recall.
        recall: Its recall; the interval allows for its having been picked.
        best: The class with the highest recall.
        best_recall: Its recall, likewise.
        gap: How far the worst lies below the best, as in `Gap`.
        told: Whether the classes differ by more than chance explains.
    """

    name: str
    recall: Interval
    best: str
    best_recall: Interval
    gap: Interval
    told: bool


def score_groups(
    predictions: Predictions, column: str, values: NDArray[np.str_], *, positive: str = ""
) -> GroupTable | None:
    """The scores of each group; None if no picture's group is known.

    Args:
        predictions: What the network said.
        column: What tells the groups apart, in a word.
        values: The group of each picture; empty text where it isn't known.
        positive: The class that selection rate, TPR and FPR ask about; empty for none.
    """
    counts = {
        str(name): _count(predictions, values == name, positive)
        for name in np.unique(values)
        if name
    }
    if not counts:
        return None
    known = values != ""
    return GroupTable(
        column=column,
        positive=positive,
        groups=tuple(_score(name, count) for name, count in counts.items()),
        small=_small({name: count.right for name, count in counts.items()}),
        unknown=int((~known).sum()),
        overall=_rate(predictions, predictions.correct, known),
        accuracy_gap=_gap_of(counts, lambda count: count.right),
        selection_gap=_gap_of(counts, lambda count: count.selected),
        true_positive_gap=_gap_of(counts, lambda count: count.true_positive),
        false_positive_gap=_gap_of(counts, lambda count: count.false_positive),
    )


def worst_class(report: TestReport) -> WorstClass | None:
    """The class of the lowest recall beside that of the highest; None if there is but one."""
    recalls = {each.name: each.recall_interval for each in report.classes if each.recall_interval}
    if (gap := _gap(recalls)) is None:
        return None
    worst, best = (picked(recalls[name], len(recalls)) for name in (gap.lowest, gap.highest))
    return WorstClass(gap.lowest, worst, gap.highest, best, gap.size, gap.told)


@dataclass(frozen=True)
class _Rates:
    right: Interval
    selected: Interval | None
    true_positive: Interval | None
    false_positive: Interval | None


def _count(predictions: Predictions, inside: NDArray[np.bool_], positive: str) -> _Rates:
    right = _rate(predictions, predictions.correct, inside)
    if not positive:
        return _Rates(right, None, None, None)
    place = predictions.classes.index(positive)
    is_so, called = predictions.labels == place, predictions.predicted == place
    return _Rates(
        right,
        _rate(predictions, called, inside),
        _rate(predictions, called, inside & is_so) if (inside & is_so).any() else None,
        _rate(predictions, called, inside & ~is_so) if (inside & ~is_so).any() else None,
    )


def _rate(predictions: Predictions, hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Interval:
    belonging = predictions.belonging
    return share(hits[among], None if belonging is None else belonging[among])


def _score(name: str, rates: _Rates) -> GroupScore:
    return GroupScore(
        name, rates.right.n, rates.right, rates.selected, rates.true_positive, rates.false_positive
    )


def _gap_of(counts: Mapping[str, _Rates], pick: Callable[[_Rates], Interval | None]) -> Gap | None:
    return _gap({name: rate for name, each in counts.items() if (rate := pick(each))})


def _small(rates: Mapping[str, Interval]) -> tuple[str, ...]:
    """Those of too few pictures to judge beside the others; none where fewer than two are left."""
    few = tuple(name for name, rate in rates.items() if rate.n < FEWEST_PICTURES)
    return few if len(rates) - len(few) > 1 else ()


def _gap(rates: Mapping[str, Interval]) -> Gap | None:
    """From the lowest rate to the highest; the first of those that are equal."""
    if len(rates) < 2:
        return None
    lowest = min(rates, key=lambda name: rates[name].value)
    highest = max(rates, key=lambda name: rates[name].value)
    small = _small(rates)
    judged = {name: rate for name, rate in rates.items() if name not in small}
    lows, highs = bounds = _between(rates)
    size = apart(rates[lowest], rates[highest])
    return Gap(
        lowest,
        highest,
        replace(size, low=max(0.0, float(lows.max())), high=float(highs.max())),
        _clearest(judged, bounds if len(judged) == len(rates) else _between(judged)),
        chance_of([*judged.values()]),
    )


def _clearest(rates: Mapping[str, Interval], bounds: Bounds) -> Pair:
    """The pair that is surest to be apart, whoever lies lowest by luck."""
    names, (lows, highs) = list(rates), bounds
    lower, higher = divmod(int(lows.argmax()), len(names))
    size = apart(rates[names[lower]], rates[names[higher]])
    low, high = float(lows[lower, higher]), float(highs[lower, higher])
    return Pair(names[lower], names[higher], replace(size, low=low, high=high))


def _between(rates: Mapping[str, Interval]) -> Bounds:
    """The lower and the upper bound of how much higher each (column) lies than each other (row),
    as in `intervals.apart`, at a confidence that holds for all pairs at once."""
    pairs = len(rates) * (len(rates) - 1) // 2
    stricter = [at(rate, 1 - (1 - CONFIDENCE) / pairs) for rate in rates.values()]
    value, low, high = (
        np.array([getattr(each, end) for each in stricter]) for end in ("value", "low", "high")
    )
    more = value[None] - value[:, None]
    lows = more - np.hypot((value - low)[None], (high - value)[:, None])
    highs = more + np.hypot((high - value)[None], (value - low)[:, None])
    np.fill_diagonal(lows, -1.0)
    np.fill_diagonal(highs, -1.0)
    return lows, highs


def chance_of(rates: Sequence[Interval]) -> float:
    """How likely such differences are if all were alike: the chi-square test, of as many pictures
    as they are worth. Where few are expected of a kind, hits are dealt out again instead.

    >>> from tlcore.analysis.intervals import wilson
    >>> round(chance_of([wilson(90, 100), wilson(80, 100)]), 4)
    0.0477
    """
    from scipy.special import chdtrc

    sizes = np.array([rate.worth or rate.n for rate in rates])
    hits = np.array([rate.value for rate in rates]) * sizes
    usual = float(hits.sum() / sizes.sum())
    if usual in (0.0, 1.0):
        return 1.0
    found = float(_chi_square(hits, sizes, usual))
    if min(usual, 1 - usual) * sizes.min() >= _EXPECTED or any(rate.worth for rate in rates):
        return float(chdtrc(len(rates) - 1, found))
    whole, total = np.array([rate.n for rate in rates]), round(float(hits.sum()))
    deals = max(199, min(_DEALS, _CARDS // len(rates)))
    dealt = np.random.default_rng(0).multivariate_hypergeometric(
        whole, total, deals, method="marginals"
    )
    as_far = _chi_square(dealt, whole, usual) >= found * (1 - 1e-9)
    return float((1 + as_far.sum()) / (1 + deals))


def _chi_square(hits: NDArray[Any], sizes: NDArray[Any], usual: float) -> NDArray[np.float64]:
    expected = sizes * usual
    squares: NDArray[np.float64] = ((hits - expected) ** 2 / (expected * (1 - usual))).sum(axis=-1)
    return squares
