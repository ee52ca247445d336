"""Whether a network is as often right as it is sure, and what to do if it isn't.

A network that is 90 % sure should be right 9 times in 10. Temperature scaling (Guo et al., 2017)
divides all logits by one number, fitted on the validation pictures: it changes how sure the network
is and never what it says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import CONFIDENCE, Interval, Rows, bootstrap_counts, wilson
from tlcore.analysis.predictions import SMALLEST, Predictions
from tlcore.analysis.scores import BINS, place_in_bins
from tlcore.errors import DataError

COLDEST, HOTTEST = 0.05, 20.0
"""Between these a temperature is looked for: if all validation pictures are called rightly, no
temperature is too low."""

_ENOUGH = 1e-10
_HANDFULS = 200


@dataclass(frozen=True)
class Bin:
    """Pictures of like confidence.

    Attributes:
        low: The least confidence, exclusive.
        high: The most, inclusive.
        n: How many pictures.
        confidence: Their mean confidence; None where there are no pictures.
        accuracy: The share that is called rightly; None where there are no pictures.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: Interval | None


@dataclass(frozen=True)
class Recalibration:
    """What temperature scaling changed on the test pictures.

    Attributes:
        temperature: Above 1 the network was too sure, below 1 not sure enough.
        pictures: How many pictures it was fitted on.
        crosswise: Whether these were test pictures, each half of them for the other half.
        scaled: What the network says of the test pictures at this temperature.
        before: Expected calibration error as the network is.
        after: The same at this temperature.
        loss_before: Mean cross-entropy as the network is, in nats.
        loss_after: The same at this temperature.
    """

    temperature: float
    pictures: int
    crosswise: bool
    scaled: Predictions
    before: Interval
    after: Interval
    loss_before: float
    loss_after: float


def reliability(predictions: Predictions, *, bins: int = BINS) -> tuple[Bin, ...]:
    """Confidence beside accuracy, in bins of equal width; empty bins too."""
    places = place_in_bins(predictions, bins)
    counts = np.bincount(places, minlength=bins)
    hits = np.bincount(places, weights=predictions.correct, minlength=bins)
    sums = np.bincount(places, weights=predictions.confidence, minlength=bins)
    return tuple(
        _bin(place / bins, (place + 1) / bins, int(counts[place]), hits[place], sums[place])
        for place in range(bins)
    )


def error_interval(
    predictions: Predictions, *, bins: int = BINS, draws: int = 1000, seed: int = 0
) -> Interval:
    """Expected calibration error with its bootstrap interval.

    Chance alone opens gaps, so the error of a few pictures is too large on average, and that of a
    resample is larger still, by as much again. So the interval is the basic one, which is the
    resamples' mirrored at the measured value. It never leaves that value out, and reaches down to
    0 wherever a network that is right as often as it is sure might have measured as much.

    With more than a few hundred pictures, not they are drawn but handfuls of them: of the same
    bin, all called rightly or all wrongly, and next to each other in confidence. Within one there
    is next to nothing to vary.
    """
    places = place_in_bins(predictions, bins)
    order, handfuls = _handfuls(predictions, places)
    surplus = (predictions.confidence.astype(np.float64) - predictions.correct)[order]
    counts = np.bincount(handfuls)
    means = np.zeros((len(counts), bins))
    means[handfuls, places[order]] = (np.bincount(handfuls, weights=surplus) / counts)[handfuls]

    def measure(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        gaps: NDArray[np.float64] = np.abs(drawn @ means).sum(axis=1)
        return gaps / len(predictions)

    drawn = bootstrap_counts(measure, counts, draws=draws, seed=seed)
    low = max(0.0, min(drawn.value, 2 * drawn.value - drawn.high))
    if drawn.value <= _largest_by_chance(predictions, places, draws, seed):
        low = 0.0
    high = min(1.0, max(drawn.value, 2 * drawn.value - drawn.low))
    return replace(drawn, low=low, high=high)


def fit_temperature(validation: Predictions) -> float:
    """The temperature at which the validation pictures' loss is lowest.

    In one over the temperature the loss is convex, so its slope has one zero: Newton's steps find
    it, and whenever one would leave the bracket, the bracket is halved instead.

    >>> wrong_once = np.array([[0.99, 0.01]] * 4, dtype=np.float32)
    >>> table = Predictions(np.array(list("abcd")), np.array([0, 0, 0, 1]), wrong_once, ("x", "y"))
    >>> round(fit_temperature(table), 2)  # 3 of 4 are right, so 75 % is what it should say
    4.18
    """
    if not len(validation):
        remedy = "Set a share of the training pictures aside: data.validation above 0."
        raise DataError("There are no validation pictures to fit a temperature on", remedy=remedy)
    logits, labels = _logits(validation), validation.labels
    low, high, beta = 1 / HOTTEST, 1 / COLDEST, 1.0
    for _ in range(100):
        slope, bend = _slope(logits, labels, beta)
        low, high = (low, beta) if slope > 0 else (beta, high)
        step = beta - slope / bend if bend > 0 else low
        after = step if low < step < high else (low + high) / 2
        if abs(after - beta) < _ENOUGH:
            break
        beta = after
    return float(1 / beta)


def scale(predictions: Predictions, temperature: float) -> Predictions:
    """The same answers, given with another certainty."""
    scaled = _softmax(_logits(predictions) / temperature).astype(np.float32)
    return replace(predictions, probabilities=scaled)


def recalibrate(validation: Predictions, test: Predictions) -> Recalibration:
    """Fit a temperature on one table, and see on the other what it changes."""
    temperature = fit_temperature(validation)
    return _changed(test, scale(test, temperature), temperature, len(validation), crosswise=False)


def recalibrate_crosswise(test: Predictions, *, seed: int = 0) -> Recalibration:
    """The same where no validation pictures were kept: each half of the test pictures sets the
    temperature for the other half, so none is judged by one it helped to set."""
    order = np.random.default_rng(seed).permutation(len(test))
    halves = np.sort(order[: len(test) // 2]), np.sort(order[len(test) // 2 :])
    temperatures = [fit_temperature(_rows(test, half)) for half in halves]
    scaled = test.probabilities.copy()
    for half, temperature in zip(halves, reversed(temperatures), strict=True):
        scaled[half] = scale(_rows(test, half), temperature).probabilities
    mean = float(np.exp(np.mean(np.log(temperatures))))
    after = replace(test, probabilities=scaled)
    return _changed(test, after, mean, len(halves[0]), crosswise=True)


def recalibrate_at_best(test: Predictions, validation: Predictions | None) -> Recalibration | None:
    """On the validation pictures, or crosswise where they were not kept; None of a lone picture."""
    if validation is not None and len(validation):
        return recalibrate(validation, test)
    return recalibrate_crosswise(test) if len(test) > 1 else None


def _largest_by_chance(predictions: Predictions, places: Rows, draws: int, seed: int) -> float:
    """The error that a calibrated network of the same confidences exceeds once in 40 times."""
    sure = predictions.confidence.astype(np.float64)
    spread = np.sqrt(np.bincount(places, weights=sure * (1 - sure)))
    gaps = np.random.default_rng(seed).normal(size=(draws, len(spread))) * spread
    errors = np.abs(gaps).sum(axis=1) / len(predictions)
    return float(np.quantile(errors, (1 + CONFIDENCE) / 2))


def _handfuls(predictions: Predictions, places: Rows) -> tuple[Rows, Rows]:
    """An order of the pictures, and the handful that each of them then is in."""
    cells = 2 * places + predictions.correct
    order = np.lexsort((predictions.confidence, cells))
    cells = cells[order]
    begins = np.append(True, cells[1:] != cells[:-1])
    since = np.arange(len(cells)) - np.maximum.accumulate(begins * np.arange(len(cells)))
    size = -(-len(cells) // _HANDFULS)
    return order, np.cumsum(begins | (since % size == 0)) - 1


def _rows(predictions: Predictions, rows: Rows) -> Predictions:
    return Predictions(
        predictions.ids[rows],
        predictions.labels[rows],
        predictions.probabilities[rows],
        predictions.classes,
    )


def _changed(
    before: Predictions, after: Predictions, temperature: float, pictures: int, *, crosswise: bool
) -> Recalibration:
    return Recalibration(
        temperature=temperature,
        pictures=pictures,
        crosswise=crosswise,
        scaled=after,
        before=error_interval(before),
        after=error_interval(after),
        loss_before=float(before.loss.mean()),
        loss_after=float(after.loss.mean()),
    )


def _bin(low: float, high: float, n: int, hits: float, total: float) -> Bin:
    if not n:
        return Bin(low, high, 0, None, None)
    return Bin(low, high, n, float(total / n), wilson(int(hits), n))


def _logits(predictions: Predictions) -> NDArray[np.float64]:
    """Up to a number for each picture, which makes no difference."""
    return np.log(np.maximum(predictions.probabilities.astype(np.float64), SMALLEST))


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _slope(
    logits: NDArray[np.float64], labels: NDArray[np.int64], beta: float
) -> tuple[float, float]:
    """First and second derivative of the mean loss by one over the temperature."""
    shares = _softmax(beta * logits)
    means = (shares * logits).sum(axis=1)
    squares = (shares * logits**2).sum(axis=1)
    own = logits[np.arange(len(labels)), labels]
    return float((means - own).mean()), float((squares - means**2).mean())
