"""Labels that look wrong, found by confident learning.

The rule is that of Northcutt, Jiang and Chuang (2021): a class is confident of a picture if it
gives it more than it gives, on average, to the pictures that bear its label. A picture of which
another class is confident, and its own isn't or is less so, looks as if it had been given the wrong
label. It needs predictions of pictures that weren't trained on, such as those of a test set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.predictions import Predictions

By: TypeAlias = Literal["margin", "self-confidence"]
"""Margin: the label's probability less the highest of all others. Self-confidence: the label's
probability alone."""


@dataclass(frozen=True)
class Suspect:
    """A picture whose label looks wrong.

    Attributes:
        row: Of the predictions.
        given: The label, as a place in `classes`.
        likely: The class that is confident of it.
        quality: Of the label, 0 to 1: the lower, the likelier it is wrong.
    """

    row: int
    given: int
    likely: int
    quality: float


def find_suspects(predictions: Predictions, *, by: By = "margin") -> tuple[Suspect, ...]:
    """Pictures whose labels are probably wrong, the likeliest first.

    >>> sure = np.array([[.9, .1], [.8, .2], [.1, .9], [.2, .8], [.05, .95]], np.float32)
    >>> table = Predictions(np.array(list("abcde")), np.array([0, 0, 1, 1, 0]), sure, ("x", "y"))
    >>> [(suspect.row, suspect.likely) for suspect in find_suspects(table)]
    [(4, 1)]
    """
    likely = confident_class(predictions)
    doubted = (likely >= 0) & (likely != predictions.labels) & ~predictions.correct
    rows = np.flatnonzero(doubted)
    quality = _quality(predictions, by)[rows]
    order = np.argsort(quality, kind="stable")
    return tuple(
        Suspect(int(row), int(predictions.labels[row]), int(likely[row]), float(worth))
        for row, worth in zip(rows[order], quality[order], strict=True)
    )


def may_doubt(predictions: Predictions) -> bool:
    """Whether the network is right often enough to doubt labels by it: more often than not."""
    return len(predictions) > 0 and float(predictions.correct.mean()) > 0.5


def confident_class(predictions: Predictions) -> NDArray[np.int64]:
    """The likeliest of the classes that are confident of each picture; -1 where none is."""
    probabilities = predictions.probabilities.astype(np.float64)
    confident = probabilities >= thresholds(predictions) - 1e-6
    likeliest = np.where(confident, probabilities, -1).argmax(axis=1)
    return np.where(confident.any(axis=1), likeliest, -1)


def thresholds(predictions: Predictions) -> NDArray[np.float64]:
    """What each class gives, on average, to the pictures that bear its label; out of reach for a
    class without pictures."""
    k = len(predictions.classes)
    own = predictions.probabilities[np.arange(len(predictions)), predictions.labels]
    counts = np.bincount(predictions.labels, minlength=k)
    sums = np.bincount(predictions.labels, weights=own, minlength=k)
    return np.where(counts > 0, sums / np.maximum(counts, 1), 2.0)


def _quality(predictions: Predictions, by: By) -> NDArray[np.float64]:
    rows = np.arange(len(predictions))
    own = predictions.probabilities[rows, predictions.labels].astype(np.float64)
    if by == "self-confidence":
        return own
    others = predictions.probabilities.copy()
    others[rows, predictions.labels] = -1
    quality: NDArray[np.float64] = (own - others.max(axis=1) + 1) / 2
    return quality
