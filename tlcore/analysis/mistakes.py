"""Which pictures are called wrongly, in the order in which they are worth looking at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import Interval, Rows, picked, wilson
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import count_confusion
from tlcore.data.cifar import CIFAR100
from tlcore.errors import DataError


def superclasses_of(classes: tuple[str, ...]) -> Mapping[str, str] | None:
    """Class to superclass, if these are the classes of CIFAR-100; None for any other.

    >>> superclasses_of(("cat", "dog")) is None
    True
    """
    known = {fine: coarse for coarse, names in CIFAR100.items() for fine in names}
    return known if set(classes) == set(known) else None


def fold(predictions: Predictions, superclasses: Mapping[str, str]) -> Predictions:
    """The same pictures by superclass: the probabilities of its classes are added up.

    >>> animals = {"cat": "pet", "dog": "pet", "cow": "farm animal"}
    >>> table = Predictions(np.array(["a"]), np.array([0]),
    ...                     np.array([[0.3, 0.3, 0.4]], np.float32), ("cat", "dog", "cow"))
    >>> folded = fold(table, animals)
    >>> folded.classes, folded.correct.tolist()
    (('pet', 'farm animal'), [True])
    """
    if missing := [name for name in predictions.classes if name not in superclasses]:
        raise DataError(f"{missing[0]!r} has no superclass", where="superclasses")
    coarse = tuple(dict.fromkeys(superclasses[name] for name in superclasses))
    places = np.array([coarse.index(superclasses[name]) for name in predictions.classes])
    members = (places[:, None] == np.arange(len(coarse))).astype(np.float32)
    fine = np.array(predictions.classes)[predictions.labels]
    return Predictions(
        ids=predictions.ids,
        labels=places[predictions.labels],
        probabilities=predictions.probabilities @ members,
        classes=coarse,
        groups={**predictions.groups, "fine": fine},
    )


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
