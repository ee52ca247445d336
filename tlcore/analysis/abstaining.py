"""Rather no answer than a wrong one: a network that answers only where it is sure enough.

A threshold of confidence is chosen on validation pictures, for an accuracy that somebody wants of
its answers; what it does on test pictures, which had no say in the choice, is what to expect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tlcore.analysis.intervals import Interval, wilson
from tlcore.analysis.predictions import Predictions

THRESHOLDS = tuple(step / 20 for step in range(20))

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Abstention:
    """A network that answers only where it is sure enough.

    Attributes:
        threshold: The least confidence at which it answers.
        coverage: Share of pictures that it answers.
        accuracy: Share of its answers that are right; None if it never answers.
    """

    threshold: float
    coverage: Interval
    accuracy: Interval | None


@dataclass(frozen=True)
class Promise:
    """A threshold for a wanted accuracy, and whether it keeps what it promised.

    Attributes:
        wanted: Share of its answers that should be right.
        chosen: On the validation pictures, which the threshold was chosen on.
        kept: On the test pictures.
    """

    wanted: float
    chosen: Abstention
    kept: Abstention

    @property
    def threshold(self) -> float:
        """The least confidence at which it answers."""
        return self.chosen.threshold

    @property
    def holds(self) -> bool:
        """Whether the test pictures leave room for the wanted accuracy."""
        found = self.kept.accuracy
        return found is not None and found.high >= self.wanted


def abstain(predictions: Predictions, threshold: float) -> Abstention:
    """How often it answers, and how often rightly, if it answers only from this confidence on."""
    answered = predictions.confidence >= threshold
    right = int(predictions.correct[answered].sum())
    count = int(answered.sum())
    accuracy = wilson(right, count) if count else None
    return Abstention(threshold, wilson(count, len(predictions)), accuracy)


def abstention_curve(
    predictions: Predictions, thresholds: Sequence[float] = THRESHOLDS
) -> tuple[Abstention, ...]:
    """Coverage and accuracy at every threshold."""
    return tuple(abstain(predictions, threshold) for threshold in thresholds)


def threshold_for(validation: Predictions, wanted: float) -> float | None:
    """The least confidence from which on answers are as often right as wanted, so that as many as
    possible are given; None if that is nowhere so.

    >>> given = np.array([[0.9, 0.1], [0.8, 0.2], [0.75, 0.25], [0.6, 0.4]], dtype=np.float32)
    >>> table = Predictions(np.array(list("abcd")), np.array([0, 0, 0, 1]), given, ("x", "y"))
    >>> threshold_for(table, 0.99), threshold_for(table, 0.75) == float(given[3, 0])
    (0.75, True)
    """
    if not len(validation):
        return None
    surest_first = np.argsort(-validation.confidence, kind="stable")
    sure = validation.confidence[surest_first]
    right = validation.correct[surest_first].cumsum() / np.arange(1, len(sure) + 1)
    last_of_its_kind = np.append(sure[1:] < sure[:-1], True)
    enough = np.flatnonzero(last_of_its_kind & (right >= wanted - _ROUNDING))
    return float(sure[enough[-1]]) if len(enough) else None


def promise(validation: Predictions, test: Predictions, wanted: float) -> Promise | None:
    """Choose a threshold on one table, and see on the other what it does; None if no threshold
    gives what is wanted."""
    threshold = threshold_for(validation, wanted)
    if threshold is None:
        return None
    return Promise(wanted, abstain(validation, threshold), abstain(test, threshold))
