"""Whom a network fails: the same scores, group by group, and the gaps between groups.

Selection rate, true and false positive rate ask about one class at a time: of a group's pictures,
how many are called so; of those that are so, how many are called so; of those that aren't, how
many are called so all the same. They and the gaps (the highest group less the lowest) are defined
as Fairlearn's `MetricFrame` defines them, and the tests hold them against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import CONFIDENCE, Interval, apart, wilson
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import TestReport

Count: TypeAlias = tuple[int, int]
"""Hits, and out of how many."""


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
class Gap:
    """From the lowest group to the highest.

    Attributes:
        lowest: The group that has the lowest value.
        highest: The group that has the highest.
        size: How far apart they are. The interval allows for their having been picked from among
            all groups (Bonferroni, over all pairs).
    """

    lowest: str
    highest: str
    size: Interval


@dataclass(frozen=True)
class GroupTable:
    """A test set, group by group.

    Attributes:
        column: What tells the groups apart.
        positive: The class that the rates ask about; empty if none was named.
        groups: One entry a group, in alphabetical order.
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
    unknown: int
    overall: Interval
    accuracy_gap: Gap | None
    selection_gap: Gap | None
    true_positive_gap: Gap | None
    false_positive_gap: Gap | None

    @property
    def worst(self) -> GroupScore:
        """The group with the lowest accuracy."""
        return min(self.groups, key=lambda group: group.accuracy.value)


@dataclass(frozen=True)
class WorstClass:
    """The class that fares worst, beside the one that fares best.

    Attributes:
        name: Of the class with the lowest recall.
        recall: Its recall.
        best: The class with the highest recall.
        best_recall: Its recall.
        gap: How far the worst lies below the best, as in `Gap`.
    """

    name: str
    recall: Interval
    best: str
    best_recall: Interval
    gap: Interval


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
        unknown=int((~known).sum()),
        overall=wilson(int(predictions.correct[known].sum()), int(known.sum())),
        accuracy_gap=_gap_of(counts, lambda count: count.right),
        selection_gap=_gap_of(counts, lambda count: count.selected),
        true_positive_gap=_gap_of(counts, lambda count: count.true_positive),
        false_positive_gap=_gap_of(counts, lambda count: count.false_positive),
    )


def worst_class(report: TestReport) -> WorstClass | None:
    """The class of the lowest recall beside that of the highest; None if there is but one."""
    hits = report.confusion.diagonal()
    counts = [
        (each.name, (int(hits[place]), each.support))
        for place, each in enumerate(report.classes)
        if each.support
    ]
    if (gap := _gap(counts)) is None:
        return None
    recalls = {name: wilson(*count) for name, count in counts}
    return WorstClass(gap.lowest, recalls[gap.lowest], gap.highest, recalls[gap.highest], gap.size)


@dataclass(frozen=True)
class _Counts:
    right: Count
    selected: Count | None
    true_positive: Count | None
    false_positive: Count | None


def _count(predictions: Predictions, inside: NDArray[np.bool_], positive: str) -> _Counts:
    right = (int(predictions.correct[inside].sum()), int(inside.sum()))
    if not positive:
        return _Counts(right, None, None, None)
    place = predictions.classes.index(positive)
    is_so, called = predictions.labels == place, predictions.predicted == place
    return _Counts(
        right,
        _share(called, inside),
        _share(called, inside & is_so),
        _share(called, inside & ~is_so),
    )


def _share(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Count:
    return int((hits & among).sum()), int(among.sum())


def _score(name: str, counts: _Counts) -> GroupScore:
    return GroupScore(
        name,
        counts.right[1],
        wilson(*counts.right),
        _rate(counts.selected),
        _rate(counts.true_positive),
        _rate(counts.false_positive),
    )


def _rate(count: Count | None) -> Interval | None:
    return wilson(*count) if count and count[1] else None


def _gap_of(counts: dict[str, _Counts], pick: Callable[[_Counts], Count | None]) -> Gap | None:
    picked = [(name, pick(each)) for name, each in counts.items()]
    return _gap([(name, count) for name, count in picked if count and count[1]])


def _gap(counts: Sequence[tuple[str, Count]]) -> Gap | None:
    """From the lowest share to the highest; the first of those that are equal."""
    if len(counts) < 2:
        return None
    low, low_count = min(counts, key=lambda each: each[1][0] / each[1][1])
    high, high_count = max(counts, key=lambda each: each[1][0] / each[1][1])
    pairs = len(counts) * (len(counts) - 1) // 2
    confidence = 1 - (1 - CONFIDENCE) / pairs
    size = apart(
        wilson(*low_count, confidence=confidence), wilson(*high_count, confidence=confidence)
    )
    return Gap(low, high, size)
