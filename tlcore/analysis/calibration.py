"""Whether a network is as often right as it is sure, and what to do if it isn't.

A network that is 90 % sure should be right 9 times in 10. Temperature scaling (Guo et al., 2017)
divides all logits by one number, fitted on the validation pictures: it changes how sure the network
is and never what it says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import (
    CONFIDENCE,
    Interval,
    Rows,
    bootstrap_counts,
    few_groups,
    spread_of,
    wilson,
)
from tlcore.analysis.predictions import SMALLEST, Predictions
from tlcore.analysis.scores import BINS, place_in_bins
from tlcore.errors import DataError

COLDEST, HOTTEST = 0.05, 20.0
"""Between these a temperature is looked for."""
USUAL_SPREAD = 0.35
"""Of the logarithm of temperatures, around none at all: two networks of three lie between 0.7 and
1.4. A few validation pictures, all called rightly, can't pull one far from there."""
SURE_ENOUGH = 0.05
"""Whoever's interval ends below this is about as sure as it is right."""
FEWEST_FOR_ERROR = 300
"""With fewer pictures, the interval of a calibration error is too narrow."""

_ENOUGH = 1e-8
_NUMBERS = 2_000_000
"""Probabilities that a temperature is fitted on at most; of 1,000 classes, 2,000 pictures."""
_HANDFULS = 200
_MANY_COINS = 50.0


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
        raised: How much higher that is, picture by picture.
    """

    temperature: float
    pictures: int
    crosswise: bool
    scaled: Predictions
    before: Interval
    after: Interval
    loss_before: float
    loss_after: float
    raised: Interval

    @property
    def verdict(self) -> str:
        """What is left of the error, or whether it is any better, as the end of a sentence."""
        if self.raised.low > 0:
            return ": worse, so the network is best taken as it is"
        if self.raised.high >= 0:
            return "; whether that is any better, these pictures can't tell"
        if self.after.low == 0 < self.before.low:
            return ", and what is left of the error may be chance"
        return ""


def how_sure(predictions: Predictions, error: Interval) -> str:
    """Whether it is as sure as it is right, in words that never take few pictures for proof.

    It is surer, or less sure, if a network that is right as often as it says would hardly have been
    this far off on the whole (Spiegelhalter's reasoning, 1986, with exact tails).
    """
    fewer, more = _tails_of_mistakes(predictions)
    if more < (1 - CONFIDENCE) / 2:
        return "surer than it is right"
    if fewer < (1 - CONFIDENCE) / 2:
        return "less sure than it could be"
    if error.high <= SURE_ENOUGH and not error.warning:
        return "about as sure as it is right"
    return f"as sure as it is right, or not: {len(predictions):,} pictures can't tell"


def _tails_of_mistakes(predictions: Predictions) -> tuple[float, float]:
    """How likely as few mistakes, and as many, would be of a network that is right as often as it
    says: the distribution of a sum of unequal coins, by its normal form where they are many."""
    from scipy.special import ndtr

    odds = 1 - predictions.confidence.astype(np.float64)
    found, variance = int((~predictions.correct).sum()), float((odds * (1 - odds)).sum())
    if predictions.belonging is not None or variance > _MANY_COINS:
        surplus = odds - ~predictions.correct
        spread = math.sqrt(variance)
        if predictions.belonging is not None:
            spread = max(spread, spread_of(surplus - surplus.mean(), predictions.belonging))
        far = (found - odds.sum()) / max(spread, 1e-12)
        return float(ndtr(far + 0.5 / max(spread, 1))), float(ndtr(-far + 0.5 / max(spread, 1)))
    shares = np.zeros(found + 1)  # of 0, 1, ... mistakes; whatever is more isn't needed
    shares[0] = 1.0
    for odd in odds:
        shares[1:] = shares[1:] * (1 - odd) + shares[:-1] * odd
        shares[0] *= 1 - odd
    return float(shares.sum()), float(1 - shares[:-1].sum())


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

    Pictures that belong together are drawn together. Else, with more than a few hundred, not they
    are drawn but handfuls of them: of the same bin, all called rightly or all wrongly, and next to
    each other in confidence. Within one there is next to nothing to vary.
    """
    places = place_in_bins(predictions, bins)
    order, handfuls = _handfuls(predictions, places)
    if predictions.belonging is not None:
        order, handfuls = np.arange(len(predictions)), predictions.belonging
    surplus = (predictions.confidence.astype(np.float64) - predictions.correct)[order]
    counts = np.bincount(handfuls)
    sums = np.zeros((len(counts), bins))
    np.add.at(sums, (handfuls, places[order]), surplus)
    whole = predictions.belonging is not None  # groups are drawn whole, and handfuls by the picture
    times = np.ones(len(counts), dtype=np.int64) if whole else counts

    def measure(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        gaps: NDArray[np.float64] = np.abs(drawn @ (sums / times[:, None])).sum(axis=1)
        return gaps / (drawn @ (counts / times))

    drawn = bootstrap_counts(measure, times, draws=draws, seed=seed)
    low = max(0.0, min(drawn.value, 2 * drawn.value - drawn.high))
    if drawn.value <= _largest_by_chance(predictions, places, draws, seed):
        low = 0.0
    high = min(1.0, max(drawn.value, 2 * drawn.value - drawn.low))
    n = len(predictions)
    warning = "" if n >= FEWEST_FOR_ERROR else f"only {n} picture{'' if n == 1 else 's'}"
    if whole and predictions.belonging is not None:
        warning = warning or few_groups(predictions.belonging)
    return replace(drawn, low=low, high=high, n=n, warning=warning)


def fit_temperature(validation: Predictions) -> float:
    """The likeliest temperature: that of the lowest loss on the validation pictures, held near 1
    where these are few (a normal prior on its logarithm).

    Newton's steps find where the slope is zero, and whenever one would leave the bracket, the
    bracket is halved instead.

    >>> wrong_once = np.array([[0.99, 0.01]] * 400, dtype=np.float32)
    >>> table = Predictions(np.arange(400).astype(str), np.arange(400) % 4 // 3, wrong_once,
    ...                     ("x", "y"))
    >>> round(fit_temperature(table), 1)  # 3 of 4 are right, so 75 % is what it should say: 4.2
    3.8
    """
    if not len(validation):
        remedy = "Set a share of the training pictures aside: data.validation above 0."
        raise DataError("There are no validation pictures to fit a temperature on", remedy=remedy)
    every = -(-validation.probabilities.size // _NUMBERS)
    logits, labels = _logits(validation.probabilities[::every]), validation.labels[::every]
    prior = 1 / (len(validation) * USUAL_SPREAD**2)
    low, high, log_beta = -math.log(HOTTEST), -math.log(COLDEST), 0.0
    for _ in range(100):
        beta = math.exp(log_beta)
        slope, bend = _slope(logits, labels, beta)
        steep = slope * beta + prior * log_beta
        bending = bend * beta**2 + slope * beta + prior
        low, high = (low, log_beta) if steep > 0 else (log_beta, high)
        step = log_beta - steep / bending if bending > 0 else low
        after = step if low < step < high else (low + high) / 2
        if abs(after - log_beta) < _ENOUGH:
            break
        log_beta = after
    return math.exp(-log_beta)


def scale(predictions: Predictions, temperature: float) -> Predictions:
    """The same answers, given with another certainty."""
    scaled = _softmax(_logits(predictions.probabilities) / np.float32(temperature))
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
    if predictions.belonging is not None:
        surplus = sure - predictions.correct
        means = np.bincount(places, weights=surplus) / np.maximum(1, np.bincount(places))
        surplus = surplus - means[places]
        wider = [spread_of(np.where(places == one, surplus, 0.0), predictions.belonging)
                 for one in range(len(spread))]  # fmt: skip
        spread = np.maximum(spread, wider)
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
        raised=_mean_of(after.loss - before.loss, before.belonging),
    )


def _mean_of(values: NDArray[np.float64], belonging: Rows | None) -> Interval:
    """Of what may be any number, with Student's interval."""
    from scipy.special import stdtrit

    value, n = float(values.mean()), len(values)
    wider = math.sqrt(n / max(1, n - 1)) * float(stdtrit(max(1, n - 1), (1 + CONFIDENCE) / 2))
    half = wider * spread_of((values - value) / n, belonging)
    return Interval(value, value - half, value + half, n)


def _bin(low: float, high: float, n: int, hits: float, total: float) -> Bin:
    if not n:
        return Bin(low, high, 0, None, None)
    return Bin(low, high, n, float(total / n), wilson(int(hits), n))


def _logits(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Up to a number for each picture, which makes no difference."""
    logits: NDArray[np.float32] = np.maximum(probabilities, np.float32(SMALLEST))
    return np.log(logits, out=logits)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shares: NDArray[np.float32] = logits - logits.max(axis=1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _slope(
    logits: NDArray[np.float32], labels: NDArray[np.int64], beta: float
) -> tuple[float, float]:
    """First and second derivative of the mean loss by one over the temperature."""
    shares = _softmax(np.float32(beta) * logits)
    own = logits[np.arange(len(labels)), labels].astype(np.float64)
    shares *= logits
    means = shares.sum(axis=1, dtype=np.float64)
    squares = np.einsum("ij,ij->i", shares, logits, dtype=np.float64)
    return float((means - own).mean()), float((squares - means**2).mean())
