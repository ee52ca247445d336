"""From predictions to a report: how good, how sure, and for which classes.

Counting is plain numpy; the tests hold it against scikit-learn.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import (
    Interval,
    Measure,
    Rows,
    bootstrap_counts,
    bootstrap_each,
    wilson,
)
from tlcore.analysis.predictions import Predictions
from tlcore.errors import DataError

BINS = 15


@dataclass(frozen=True)
class ClassScore:
    """How one class fares; every score is None where the test set has no picture of it.

    Attributes:
        name: The class.
        support: Its pictures in the test set.
        precision: Of the pictures called this, the share that are; 0 if none was called this.
        recall: Of the pictures of this, the share called so.
        f1: Their harmonic mean.
        recall_interval: Where the recall plausibly lies.
    """

    name: str
    support: int
    precision: float | None
    recall: float | None
    f1: float | None
    recall_interval: Interval | None


@dataclass(frozen=True, eq=False)
class TestReport:
    """What the test set says of a network.

    Attributes:
        n: Test pictures.
        loss: Mean cross-entropy, in nats.
        accuracy: Share of pictures called rightly, with its interval.
        precision: Mean over the classes that have test pictures (macro), as are the next two.
        recall: Macro recall.
        f1: Macro F1.
        classes: One entry a class, in the order of the data set.
        confusion: Pictures by true class (row) and predicted class (column).
        calibration_error: Expected calibration error, over 15 bins of equal width.
        absent: Classes without a test picture, which the macro scores leave out.
    """

    __test__ = False  # pytest takes a class of this name for a test

    n: int
    loss: float
    accuracy: Interval
    precision: float
    recall: float
    f1: float
    classes: tuple[ClassScore, ...]
    confusion: NDArray[np.int64]
    calibration_error: float
    absent: tuple[str, ...]

    def as_fields(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "confusion": self.confusion.tolist()}


def score(predictions: Predictions) -> TestReport:
    """Everything that is reported of a test set.

    >>> report = score(Predictions(
    ...     ids=np.array(["a", "b"]), labels=np.array([0, 1]), classes=("cat", "dog"),
    ...     probabilities=np.array([[0.9, 0.1], [0.6, 0.4]], dtype=np.float32),
    ... ))
    >>> report.accuracy.value, round(report.f1, 3), report.confusion.tolist()
    (0.5, 0.333, [[1, 0], [1, 0]])
    """
    if not len(predictions):
        raise DataError("There are no test pictures, so there is nothing to report.")
    confusion = count_confusion(predictions)
    classes = _score_classes(predictions.classes, confusion)
    present = [each for each in classes if each.support]
    return TestReport(
        n=len(predictions),
        loss=float(predictions.loss.mean()),
        accuracy=wilson(int(predictions.correct.sum()), len(predictions)),
        precision=_mean([each.precision for each in present]),
        recall=_mean([each.recall for each in present]),
        f1=_mean([each.f1 for each in present]),
        classes=classes,
        confusion=confusion,
        calibration_error=calibration_error(predictions),
        absent=tuple(each.name for each in classes if not each.support),
    )


def count_confusion(predictions: Predictions) -> NDArray[np.int64]:
    """Pictures by true class (row) and predicted class (column)."""
    k = len(predictions.classes)
    cells = predictions.labels * k + predictions.predicted
    return np.bincount(cells, minlength=k * k).reshape(k, k)


def calibration_error(predictions: Predictions, bins: int = BINS) -> float:
    """How far confidence is from accuracy, on average over bins of like confidence."""
    surplus = predictions.confidence.astype(np.float64) - predictions.correct
    gaps = np.bincount(place_in_bins(predictions, bins), weights=surplus, minlength=bins)
    return float(np.abs(gaps).sum() / len(predictions))


def place_in_bins(predictions: Predictions, bins: int = BINS) -> NDArray[np.int64]:
    """Which of the bins of equal width each picture's confidence falls into."""
    places = np.ceil(predictions.confidence * bins).astype(np.int64) - 1
    return places.clip(0, bins - 1)


def f1_interval(predictions: Predictions, *, draws: int = 1000, seed: int = 0) -> Interval:
    """Macro F1 with its bootstrap interval.

    A resample's F1 follows from its confusion matrix, so cells are drawn and not pictures: the
    same distribution, in a fiftieth of the time for ten classes.
    """
    confusion = count_confusion(predictions)
    present = np.flatnonzero(confusion.sum(axis=1))
    f1_of, counts = _f1_by_cells(confusion)

    def measure(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        means: NDArray[np.float64] = f1_of(drawn)[:, present].mean(axis=1)
        return means

    return bootstrap_counts(measure, counts, draws=draws, seed=seed)


def class_f1_intervals(
    predictions: Predictions, *, draws: int = 1000, seed: int = 0
) -> tuple[Interval | None, ...]:
    """F1 of each class with its bootstrap interval; None where there is no test picture of it."""
    confusion = count_confusion(predictions)
    every = bootstrap_each(*_f1_by_cells(confusion), draws=draws, seed=seed)
    present = confusion.sum(axis=1) > 0
    return tuple(f if here else None for f, here in zip(every, present, strict=True))


def _f1_by_cells(confusion: NDArray[np.int64]) -> tuple[Measure, Rows]:
    """How F1 of each class follows from pictures by cell; and how many there are, of those cells
    that have any."""
    actual, called = np.nonzero(confusion)
    cells = np.eye(len(confusion))
    either = cells[actual] + cells[called]
    both = cells[actual] * (actual == called)[:, None]

    def measure(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        f1: NDArray[np.float64] = 2 * (drawn @ both) / np.maximum(drawn @ either, 1)
        return f1

    return measure, confusion[actual, called]


def _score_classes(names: tuple[str, ...], confusion: NDArray[np.int64]) -> tuple[ClassScore, ...]:
    hits, actual, called = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    return tuple(
        _score_class(name, int(hits[i]), int(actual[i]), int(called[i]))
        for i, name in enumerate(names)
    )


def _score_class(name: str, hits: int, actual: int, called: int) -> ClassScore:
    if not actual:
        return ClassScore(name, 0, None, None, None, None)
    return ClassScore(
        name=name,
        support=actual,
        precision=hits / called if called else 0.0,
        recall=hits / actual,
        f1=2 * hits / (actual + called),
        recall_interval=wilson(hits, actual),
    )


def _mean(values: list[float | None]) -> float:
    return float(np.mean([value for value in values if value is not None]))
