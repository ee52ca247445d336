"""Which pictures are called wrongly, in the order in which they are worth looking at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import Interval, Rows, picked, wilson
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import count_confusion

By: TypeAlias = Literal["loss", "confidence", "margin"]
"""Loss: how little was left for the truth. Confidence: how sure of the wrong class. Margin: how
far the wrong class lies above the right one, so the narrow ones come last."""


@dataclass(frozen=True)
class ConfusedPair:
    """A class that is taken for another.

    Attributes:
        actual: The true class, as a place in `classes`.
        called: The class it is taken for.
        count: How many pictures.
        share: Of the true class's pictures; the interval allows for its having been picked as one
            of the commonest.
    """

    actual: int
    called: int
    count: int
    share: Interval


def rank_mistakes(predictions: Predictions, *, by: By = "loss") -> Rows:
    """Row numbers of the mistakes, the worst first.

    >>> sure_and_unsure = np.array([[0.4, 0.6], [0.1, 0.9], [0.8, 0.2]], dtype=np.float32)
    >>> table = Predictions(np.array(["a", "b", "c"]), np.array([0, 0, 0]), sure_and_unsure,
    ...                     ("cat", "dog"))
    >>> rank_mistakes(table).tolist()
    [1, 0]
    """
    rows = np.flatnonzero(~predictions.correct)
    return rows[np.argsort(-_badness(predictions, rows, by), kind="stable")]


def confused_pairs(predictions: Predictions, *, top: int = 10) -> tuple[ConfusedPair, ...]:
    """The commonest mistakes: which class is taken for which, the commonest first."""
    confusion = count_confusion(predictions)
    support = confusion.sum(axis=1)
    wrong = confusion * (1 - np.eye(len(confusion), dtype=np.int64))
    commonest = np.argsort(-wrong.ravel(), kind="stable")[:top]
    among = len(wrong) * (len(wrong) - 1)
    places = [(int(cell) // len(wrong), int(cell) % len(wrong)) for cell in commonest]
    return tuple(
        ConfusedPair(
            a, c, int(wrong[a, c]), picked(wilson(int(wrong[a, c]), int(support[a])), among)
        )
        for a, c in places
        if wrong[a, c]
    )


def pictures_in_cell(predictions: Predictions, actual: int, called: int) -> Rows:
    """Row numbers of a cell of the confusion matrix, the surest first."""
    inside = (predictions.labels == actual) & (predictions.predicted == called)
    rows = np.flatnonzero(inside)
    return rows[np.argsort(-predictions.confidence[rows], kind="stable")]


def _badness(predictions: Predictions, rows: Rows, by: By) -> NDArray[np.float64]:
    sure = predictions.confidence[rows].astype(np.float64)
    if by == "confidence":
        return sure
    if by == "margin":
        return sure - predictions.probabilities[rows, predictions.labels[rows]]
    return predictions.loss[rows]
