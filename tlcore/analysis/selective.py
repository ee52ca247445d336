"""Rather no answer than a wrong one: a network that answers only where it is sure enough.

A threshold of confidence is chosen on validation pictures, for an accuracy that somebody wants of
its answers: not the one that happened to give it there, which falls short elsewhere about as often
as not, but one whose lower bound gives it (learn then test: Angelopoulos and others, 2021). What it
does on test pictures, which had no say in the choice, is what to expect.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import CONFIDENCE, Interval, Rows, share
from tlcore.analysis.predictions import Predictions

THRESHOLDS = tuple(step / 20 for step in range(20))

_STEPS = 40
"""Thresholds that are tried: every fortieth of the validation pictures."""
_STARTS = 4


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
    def verdict(self) -> Literal["kept", "broken", "open"]:
        """What the test pictures say of it: kept if even the lower bound is as wanted, broken if
        not even the upper one is."""
        found = self.kept.accuracy
        if found is None or found.low < self.wanted <= found.high:
            return "open"
        return "kept" if found.low >= self.wanted else "broken"


def abstain(predictions: Predictions, threshold: float) -> Abstention:
    """How often it answers, and how often rightly, if it answers only from this confidence on."""
    answered = predictions.confidence >= threshold
    belonging = predictions.belonging
    accuracy = None
    if answered.any():
        inside = None if belonging is None else belonging[answered]
        accuracy = share(predictions.correct[answered], inside)
    return Abstention(threshold, share(answered, belonging), accuracy)


def abstention_curve(
    predictions: Predictions, thresholds: Sequence[float] = THRESHOLDS
) -> tuple[Abstention, ...]:
    """Coverage and accuracy at every threshold."""
    return tuple(abstain(predictions, threshold) for threshold in thresholds)


def threshold_for(validation: Predictions, wanted: float) -> float | None:
    """The least confidence from which on answers are right as often as wanted, surely: at most one
    such promise in twenty is not kept. None if nothing can be promised.

    From each of a few starts, thresholds are tried in falling order until one fails; that each
    start has its share of the doubt keeps the whole promise. Which pictures a threshold lets
    through follows from confidence alone, so that it is read off them costs nothing.

    >>> given = np.tile(np.array([[0.9, 0.1]], dtype=np.float32), (100, 1))
    >>> labels = (np.arange(100) < 1).astype(np.int64)
    >>> table = Predictions(np.arange(100).astype(str), labels, given, ("x", "y"))
    >>> threshold_for(table, 0.9) == float(given[0, 0]), threshold_for(table, 0.98)
    (True, None)
    """
    if not len(validation):
        return None
    surest_first = np.argsort(-validation.confidence, kind="stable")
    sure = validation.confidence[surest_first]
    last_of_its_kind = np.flatnonzero(np.append(sure[1:] < sure[:-1], True))
    steps = np.linspace(0, len(sure) - 1, _STEPS + 1)[1:].round().astype(np.int64)
    ends = np.unique(last_of_its_kind[np.searchsorted(last_of_its_kind, steps)])
    passed = _promised(validation, surest_first, ends, wanted)
    least = math.log((1 - CONFIDENCE) / _STARTS) / math.log(wanted) if wanted < 1 else len(sure)
    able = np.flatnonzero(ends + 1 >= least)  # with fewer answers nothing can be promised
    if not len(able):
        return None
    starts = np.unique(able[(np.arange(_STARTS) * len(able)) // _STARTS])
    last = -1
    for start in starts[passed[starts]]:
        failed = np.flatnonzero(~passed[start:])
        last = max(last, int(start + failed[0] - 1) if len(failed) else len(ends) - 1)
    return float(sure[ends[last]]) if last >= 0 else None


def _promised(
    validation: Predictions, surest_first: Rows, ends: Rows, wanted: float
) -> NDArray[np.bool_]:
    """Of each threshold, whether so many right answers would be rare if fewer than wanted were."""
    from scipy.special import betainc

    if wanted >= 1:
        return np.zeros(len(ends), dtype=bool)
    answered = ends + 1.0
    right = validation.correct[surest_first].cumsum()[ends].astype(np.float64)
    worth = _worths(validation, surest_first, ends)
    doubt = (1 - CONFIDENCE) / _STARTS
    share_right = right / answered
    p = np.where(right > 0, betainc(np.maximum(share_right * worth, 1e-9),
                                    (1 - share_right) * worth + 1, wanted), 1.0)  # fmt: skip
    small: NDArray[np.bool_] = p <= doubt
    return small


def _worths(validation: Predictions, surest_first: Rows, ends: Rows) -> NDArray[np.float64]:
    """As how many independent pictures those that are answered count."""
    if validation.belonging is None:
        return (ends + 1).astype(np.float64)
    correct, belonging = validation.correct[surest_first], validation.belonging[surest_first]
    return np.array([share(correct[: end + 1], belonging[: end + 1]).worth for end in ends])


def promise(validation: Predictions, test: Predictions, wanted: float) -> Promise | None:
    """Choose a threshold on one table, and see on the other what it does; None if the first can't
    promise any."""
    threshold = threshold_for(validation, wanted)
    if threshold is None:
        return None
    return Promise(wanted, abstain(validation, threshold), abstain(test, threshold))
