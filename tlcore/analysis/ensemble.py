"""Several networks that vote: the mean of their probabilities, and what that gains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.comparison import McNemar, changes, mcnemar
from tlcore.analysis.intervals import CONFIDENCE, Interval, paired_mean, share
from tlcore.analysis.predictions import Predictions
from tlcore.errors import DataError
from tlcore.formatting import gain, in_percent, quantity, rate

_NEARLY = 0.01


@dataclass(frozen=True, eq=False)
class Vote:
    """What members say together, on pictures that all of them were tested on.

    Attributes:
        together: The mean of their probabilities, in the order of the first member's pictures.
        members: Each one's own accuracy.
        accuracy: Theirs together.
        best: Which member is the most accurate on these pictures; the first of several.
        over_best: How much more accurate they are together than that one; the interval allows for
            its having been picked.
        test: McNemar's test of the same.
        over_mean: How much more accurate they are together than one of them is on average.
        split: Share of the pictures on which not all of them answer alike.
    """

    together: Predictions
    members: tuple[Interval, ...]
    accuracy: Interval
    best: int
    over_best: Interval
    test: McNemar
    over_mean: Interval
    split: float


def vote(tables: Sequence[Predictions]) -> Vote:
    """Let networks vote that were tested on the same pictures.

    >>> def said(*sure):
    ...     table = np.array([[share, 1 - share] for share in sure], dtype=np.float32)
    ...     return Predictions(np.array(["a", "b", "c"]), np.array([0, 0, 1]), table, ("x", "y"))
    >>> found = vote([said(0.9, 0.4, 0.1), said(0.4, 0.9, 0.1), said(0.9, 0.9, 0.7)])
    >>> [round(member.value, 2) for member in found.members], found.accuracy.value
    ([0.67, 0.67, 0.67], 1.0)

    Raises:
        DataError: There are fewer than two, or they weren't tested on the same pictures.
    """
    aligned = _aligned(tables)
    together = _mean(aligned)
    right = np.stack([table.correct for table in aligned])
    best = int(right.sum(axis=1).argmax())
    test = mcnemar(aligned[best], together)
    assert test is not None, "they have just been aligned"
    answers = np.stack([table.predicted for table in aligned])
    return Vote(
        together=together,
        members=tuple(share(row, together.belonging) for row in right),
        accuracy=share(together.correct, together.belonging),
        best=best,
        over_best=_over_best(together, right, best),
        test=test,
        over_mean=paired_mean(together.correct - right.mean(axis=0), together.belonging),
        split=float((answers != answers[0]).any(axis=0).mean()),
    )


def verdict(found: Vote) -> str:
    """Whether it is worth it, in words that stand on the interval."""
    members = len(found.members)
    gained, best = found.over_best, found.members[found.best]
    said = (
        f"Together {rate(found.accuracy)}, the best alone {rate(best)}: {gain(gained)}, "
        f"{gain(found.over_mean)} over the average member."
    )
    if gained.low > 0:
        worth = f"More than chance explains: voting helps here, at {members} times the computing."
    elif gained.high < 0:
        worth = "Voting does harm here: the best one alone is better."
    elif gained.high < _NEARLY:
        worth = f"Not worth {members} times the computing: they hardly differ from the best alone."
    else:
        worth = "Whether voting helps, these test pictures can't tell."
    return " ".join([said, worth, _why(found)])


def _why(found: Vote) -> str:
    """The test's figure only where it says the same as the interval."""
    test, told = found.test, found.over_best.low > 0 or found.over_best.high < 0
    figure = f" ({test.words})" if (test.p < 1 - CONFIDENCE) == told else ""
    return (
        f"They disagree on {in_percent(found.split)} of the pictures. Against the best alone the "
        f"vote fixes {quantity(test.fixed, 'picture')} and breaks {test.broken:,}{figure}."
    )


def _aligned(tables: Sequence[Predictions]) -> list[Predictions]:
    """The tables with their rows in the order of the first."""
    if len(tables) < 2:
        raise DataError("It takes at least two runs to vote")
    first = tables[0]
    orders = [changes(first, table) for table in tables]
    for number, order in enumerate(orders, 1):
        if order is None:
            raise DataError(
                f"Run {number} was not tested on the same pictures and classes as run 1",
                remedy="Let runs vote whose recipes agree in all that begins with data.",
            )
    return [
        _reordered(table, order.in_second)
        for table, order in zip(tables, orders, strict=True)
        if order is not None
    ]


def _reordered(table: Predictions, rows: NDArray[np.int64]) -> Predictions:
    groups = {name: column[rows] for name, column in table.groups.items()}
    return Predictions(
        table.ids[rows], table.labels[rows], table.probabilities[rows], table.classes, groups
    )


def _mean(aligned: Sequence[Predictions]) -> Predictions:
    first = aligned[0]
    # one after another, in double precision: ten tables of 10,000 x 100 needn't be stacked
    total = np.zeros(first.probabilities.shape)
    for table in aligned:
        total += table.probabilities
    mean = (total / len(aligned)).astype(np.float32)
    return Predictions(first.ids, first.labels, mean, first.classes, first.groups)


def _over_best(together: Predictions, right: NDArray[np.bool_], best: int) -> Interval:
    """How much better they are than the best of them. Which one that is was picked on these very
    pictures, so the interval reaches over all: whoever is better than the best is better than each,
    and no better than the one it is furthest from being sure to beat."""
    gains: NDArray[np.float64] = together.correct - right.astype(np.float64)
    members, groups = len(right), together.belonging
    each = [paired_mean(row, groups) for row in gains]
    stricter = 1 - (1 - CONFIDENCE) / members
    highs = [paired_mean(row, groups, confidence=stricter).high for row in gains]
    return replace(each[best], low=min(one.low for one in each), high=min(highs))
