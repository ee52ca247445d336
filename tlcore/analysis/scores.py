"""From predictions to a report: how good, how sure, and for which classes.

Counting is plain numpy; the tests hold it against scikit-learn.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import (
    CONFIDENCE,
    FEWEST_PICTURES,
    Interval,
    share,
    spread_of,
    wilson,
)
from tlcore.analysis.predictions import SMALLEST, Predictions
from tlcore.errors import DataError

BINS = 15
FEWEST_OF_A_CLASS = 5
"""With fewer pictures of a class than this, no interval of macro F1 is known to hold the truth."""
FEWEST_MISTAKES = 20
"""With fewer mistakes, an interval of the mean loss may well leave the truth out."""
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


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
    classes = _score_classes(predictions, confusion)
    present = [each for each in classes if each.support]
    return TestReport(
        n=len(predictions),
        loss=float(predictions.loss.mean()),
        accuracy=share(predictions.correct, predictions.belonging),
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


def loss_interval(predictions: Predictions) -> Interval:
    """Mean cross-entropy, in nats. A few mistakes make up most of it, so its distribution leans:
    Hall's (1992) transformation of Student's interval leans with it. Of too few mistakes no
    interval is known that holds the truth, and it is warned of."""
    losses, n = predictions.loss, len(predictions)
    value, mistakes = float(losses.mean()), int((~predictions.correct).sum())
    few = f"only {mistakes} mistake{'' if mistakes == 1 else 's'}"
    warning = few if mistakes < FEWEST_MISTAKES else ""
    apart = losses - value
    spread = float(losses.std())
    if n < 2 or spread == 0:
        return Interval(value, 0.0, max(value, -math.log(SMALLEST)), n, warning or few)
    error = spread_of(apart / n, predictions.belonging) * math.sqrt(n / (n - 1))
    lean = float((apart**3).mean()) / spread**3 / math.sqrt(n)
    low, high = (value - error * _leant(end, lean) for end in (_Z, -_Z))
    return Interval(value, max(0.0, min(low, value)), max(high, value), n, warning)


def _leant(end: float, lean: float) -> float:
    """Hall's transformation, backwards."""
    if abs(lean) < 1e-9:
        return end
    return float((np.cbrt(1 + lean * (end - lean / 6)) - 1) / (lean / 3))


def balanced_accuracy(predictions: Predictions) -> Interval:
    """The mean of the classes' recalls: what accuracy would be if all were equally common."""
    confusion = count_confusion(predictions)
    recalls = [
        each.recall_interval
        for each in _score_classes(predictions, confusion)
        if each.recall_interval
    ]
    count, rarest = len(recalls), min(each.n for each in recalls)
    value = float(np.mean([each.value for each in recalls]))
    below = math.hypot(*(each.value - each.low for each in recalls)) / count
    above = math.hypot(*(each.high - each.value for each in recalls)) / count
    n = len(predictions)
    return Interval(value, value - below, value + above, n, _too_rare(rarest, n))


@dataclass(frozen=True)
class Baseline:
    """What whoever never looks at a picture gets.

    Attributes:
        guessing: The accuracy of picking a class by chance.
        commonest: The accuracy of always saying the commonest class.
        uneven: Whether the latter is much more, so that accuracy alone deceives.
        only: The one class that the network says of every picture; empty if it says several.
    """

    guessing: float
    commonest: float
    uneven: bool
    only: str


def baseline(predictions: Predictions) -> Baseline:
    """What to hold accuracy against."""
    support = np.bincount(predictions.labels, minlength=len(predictions.classes))
    guessing, commonest = 1 / len(support), float(support.max() / support.sum())
    said = np.unique(predictions.predicted)
    only = predictions.classes[int(said[0])] if len(said) == 1 else ""
    return Baseline(guessing, commonest, commonest > 1.5 * guessing, only)


def describe_baseline(predictions: Predictions) -> str:
    """What accuracy has to be held against, in a sentence or two.

    >>> labels = np.repeat([0, 1], [9, 1])
    >>> sure = np.tile(np.array([[0.9, 0.1]], dtype=np.float32), (10, 1))
    >>> describe_baseline(Predictions(np.arange(10).astype(str), labels, sure, ("cat", "dog")))
    'always saying cat would give 90 %. It says cat of every picture: it tells nothing apart.'
    """
    found = baseline(predictions)
    guess = f"guessing would give {100 * found.guessing:.{_digits(found.guessing)}f} %"
    if found.uneven:
        counts = np.bincount(predictions.labels, minlength=len(predictions.classes))
        name = predictions.classes[int(counts.argmax())]
        guess = f"always saying {name} would give {100 * found.commonest:.0f} %"
    if found.only:
        return f"{guess}. It says {found.only} of every picture: it tells nothing apart."
    return f"{guess}."


def _digits(share: float) -> int:
    return 0 if share >= 0.01 else 1


def f1_interval(predictions: Predictions) -> Interval:
    """Macro F1 by the delta method (Takahashi and others, 2022): how far each picture alone moves
    it. Never narrower than the classes' own intervals allow, which tell where nothing varies."""
    confusion = count_confusion(predictions)
    present = np.flatnonzero(confusion.sum(axis=1))
    found = [each for each in class_f1_intervals(predictions) if each]
    value = float(np.mean([each.value for each in found]))
    half = _Z * spread_of(_moves_of_f1(predictions, confusion, present), predictions.belonging)
    below = math.hypot(*(each.value - each.low for each in found)) / len(found)
    above = math.hypot(*(each.high - each.value for each in found)) / len(found)
    low, high = max(0.0, value - max(half, below)), min(1.0, value + max(half, above))
    rarest = int(confusion.sum(axis=1)[present].min())
    return Interval(value, low, high, len(predictions), _too_rare(rarest, len(predictions)))


def class_f1_intervals(predictions: Predictions) -> tuple[Interval | None, ...]:
    """F1 of each class; None where there is no test picture of it.

    F1 = 2J / (1 + J), where J is a plain rate: of the pictures that are of the class or are called
    so, the share that are both. So Wilson's interval of J gives that of F1 (Lam, Gopal and Qian,
    2023).
    """
    confusion = count_confusion(predictions)
    hits = confusion.diagonal()
    either = confusion.sum(axis=0) + confusion.sum(axis=1) - hits
    return tuple(
        _f1_of(_jaccard(predictions, place, int(hits[place]), int(either[place])))
        if confusion[place].any()
        else None
        for place in range(len(confusion))
    )


def _jaccard(predictions: Predictions, place: int, hits: int, either: int) -> Interval:
    if predictions.belonging is None:
        return wilson(hits, either)
    rows = (predictions.labels == place) | (predictions.predicted == place)
    return share(predictions.correct[rows], predictions.belonging[rows])


def _f1_of(jaccard: Interval) -> Interval:
    value, low, high = (2 * j / (1 + j) for j in (jaccard.value, jaccard.low, jaccard.high))
    return Interval(value, low, high, jaccard.n, jaccard.warning)


def _moves_of_f1(
    predictions: Predictions, confusion: NDArray[np.int64], present: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How far each picture alone moves the mean over the classes that are present."""
    pictures = confusion.sum(axis=0) + confusion.sum(axis=1)
    a_hit = np.zeros(len(confusion))
    a_hit[present] = 2 / pictures[present] / len(present)
    a_call = a_hit * confusion.diagonal() / np.maximum(pictures, 1)
    labels, called = predictions.labels, predictions.predicted
    moves: NDArray[np.float64] = (
        predictions.correct * a_hit[labels] - a_call[labels] - a_call[called]
    )
    return moves


def _too_rare(rarest: int, n: int) -> str:
    if rarest < FEWEST_OF_A_CLASS:
        return f"only {rarest} picture{'' if rarest == 1 else 's'} of a class"
    return "" if n >= FEWEST_PICTURES else f"only {n} pictures"


def _score_classes(
    predictions: Predictions, confusion: NDArray[np.int64]
) -> tuple[ClassScore, ...]:
    hits, actual, called = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    return tuple(
        _score_class(
            name,
            int(hits[i]),
            int(called[i]),
            _recall(predictions, i, int(hits[i]), int(actual[i])),
        )
        if actual[i]
        else ClassScore(name, 0, None, None, None, None)
        for i, name in enumerate(predictions.classes)
    )


def _recall(predictions: Predictions, place: int, hits: int, actual: int) -> Interval:
    if predictions.belonging is None:
        return wilson(hits, actual)
    rows = predictions.labels == place
    return share(predictions.correct[rows], predictions.belonging[rows])


def _score_class(name: str, hits: int, called: int, recall: Interval) -> ClassScore:
    return ClassScore(
        name=name,
        support=recall.n,
        precision=hits / called if called else 0.0,
        recall=recall.value,
        f1=2 * hits / (recall.n + called),
        recall_interval=recall,
    )


def _mean(values: list[float | None]) -> float:
    return float(np.mean([value for value in values if value is not None]))
