"""Two networks on the same pictures: who is right where the other is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import CONFIDENCE, Interval, Rows, paired_mean
from tlcore.analysis.predictions import Predictions
from tlcore.formatting import chance


def difference(
    first: Predictions, second: Predictions, *, confidence: float = CONFIDENCE
) -> Interval | None:
    """How much more accurate the second is; None unless both saw the same test pictures.

    On the same pictures, those that both get right say nothing about the difference, so it is
    known far better than the two accuracies are.

    >>> def predict(called):
    ...     sure = np.eye(2, dtype=np.float32)[called]
    ...     return Predictions(np.array(["a", "b", "c"]), np.array([0, 1, 1]), sure, ("x", "y"))
    >>> round(difference(predict([0, 0, 0]), predict([0, 1, 1])).value, 2)
    0.67
    """
    ours, theirs = np.argsort(first.pictures), np.argsort(second.pictures)
    if not _same_pictures(first, second, ours, theirs):
        return None
    before, after = first.correct[ours], second.correct[theirs]
    gains: NDArray[np.float64] = after - before.astype(np.float64)
    belonging = None if first.belonging is None else first.belonging[ours]
    return paired_mean(gains, belonging, confidence=confidence)


def _same_pictures(
    first: Predictions,
    second: Predictions,
    ours: Rows,
    theirs: Rows,
) -> bool:
    return (
        0 < len(first) == len(second)
        and first.classes == second.classes
        and bool((first.pictures[ours] == second.pictures[theirs]).all())
        and bool((first.labels[ours] == second.labels[theirs]).all())
    )


@dataclass(frozen=True, eq=False)
class Changes:
    """Picture by picture, what the second network changed.

    Attributes:
        fixed: Rows of the first table that only the second calls rightly, the surest first.
        broken: Rows that only the first calls rightly, the same way.
        both_wrong: Rows that neither does.
        in_second: For every row of the first table, the same picture's row in the second.
    """

    fixed: Rows
    broken: Rows
    both_wrong: Rows
    in_second: Rows


@dataclass(frozen=True)
class McNemar:
    """Whether two networks differ by more than chance, on the pictures where they do.

    Attributes:
        fixed: Pictures that only the second calls rightly.
        broken: Pictures that only the first does.
        p: How likely a split more uneven is if each were a toss of a coin, and half of how likely
            just this one (mid-p): so it agrees with the interval of the difference.
        by_groups: Whether whole groups of pictures were tossed, since those of one belong together.
    """

    fixed: int
    broken: int
    p: float
    by_groups: bool = False

    @property
    def words(self) -> str:
        """The test and its figure.

        >>> McNemar(12, 2, 0.0129).words, McNemar(12, 2, 0.41, by_groups=True).words
        ('McNemar, mid-p 0.013', 'McNemar by groups, p 0.41')
        """
        return f"McNemar{' by groups, p' if self.by_groups else ', mid-p'} {chance(self.p)}"


def changes(first: Predictions, second: Predictions) -> Changes | None:
    """What the second fixed and broke; None unless both saw the same test pictures."""
    ours, theirs = np.argsort(first.pictures), np.argsort(second.pictures)
    if not _same_pictures(first, second, ours, theirs):
        return None
    in_second = np.empty_like(theirs)
    in_second[ours] = theirs
    before, after = first.correct, second.correct[in_second]
    sure = second.confidence[in_second]
    fixed, broken, both_wrong = (
        rows[np.argsort(-sure[rows], kind="stable")]
        for rows in map(np.flatnonzero, (after & ~before, before & ~after, ~before & ~after))
    )
    return Changes(fixed, broken, both_wrong, in_second)


def alike(first: Predictions, second: Predictions) -> tuple[Predictions, Predictions] | None:
    """What both say of the pictures that both were tested on with the same label; None if their
    classes differ or they share no such picture.

    Labels that were put right between the two must not keep them from being compared.
    """
    if first.classes != second.classes:
        return None
    _, ours, theirs = np.intersect1d(
        first.pictures, second.pictures, assume_unique=True, return_indices=True
    )
    same = first.labels[ours] == second.labels[theirs]
    if not same.any():
        return None
    return _taken(first, ours[same]), _taken(second, theirs[same])


def _taken(table: Predictions, rows: Rows) -> Predictions:
    groups = {name: column[rows] for name, column in table.groups.items()}
    return Predictions(
        table.ids[rows], table.labels[rows], table.probabilities[rows], table.classes, groups
    )


def mcnemar(first: Predictions, second: Predictions) -> McNemar | None:
    """The mid-p test (Fagerland, Lydersen and Laake, 2013), or of pictures that belong together the
    one by groups (Durkalski and others, 2003); None unless both saw the same test pictures."""
    found = changes(first, second)
    if found is None:
        return None
    fixed, broken = len(found.fixed), len(found.broken)
    if first.belonging is not None:
        gains: NDArray[np.float64] = second.correct[found.in_second] - first.correct.astype(float)
        return McNemar(fixed, broken, _groups_test(gains, first.belonging), by_groups=True)
    return McNemar(fixed, broken, _coin_test(min(fixed, broken), fixed + broken))


def _groups_test(gains: NDArray[np.float64], belonging: Rows) -> float:
    """Whether what groups gained comes to nothing: Student's, over groups in which any was."""
    from scipy.special import stdtr

    sums = np.bincount(belonging, weights=gains)
    sums = sums[np.bincount(belonging, weights=np.abs(gains)) > 0]
    squares, count = float((sums**2).sum()), len(sums)
    if count < 2 or squares == 0:
        return 1.0
    return float(2 * stdtr(count - 1, -abs(float(sums.sum())) / math.sqrt(squares)))


def _coin_test(fewer: int, tosses: int) -> float:
    """Both tails of a fair coin, in whole numbers, so that 10,000 tosses are no trouble; of the
    outcome itself, half counts.

    >>> _coin_test(2, 14)
    0.00738525390625
    """
    if tosses == 0:
        return 1.0
    ways, total = 1, 1
    for heads in range(fewer):
        ways = ways * (tosses - heads) // (heads + 1)
        total += ways
    return min(1.0, (2 * total - ways) / (1 << tosses))
