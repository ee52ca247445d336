"""What the lab promises is so, in a few cells of the grid; and the grid tells if it isn't."""

import numpy as np

from bench import coverage
from tlcore.analysis import groups
from tlcore.analysis.intervals import Interval, wilson


def cell(what, where):
    [found] = [each for each in coverage.cells() if each.what == what and each.where == where]
    return found


def holds(what, where, trials=60):
    return coverage.measure(cell(what, where), trials).holds


def test_the_worst_of_a_hundred_classes_pays_for_its_having_been_picked(monkeypatch):
    promise = "worst class", "1,000 pictures, 10 classes, 10.0% right"
    assert holds(*promise)
    monkeypatch.setattr(groups, "picked", lambda rate, among: rate)
    assert not holds(*promise)


def test_macro_f1_of_many_classes_is_held_by_its_interval(monkeypatch):
    promise = "macro F1", "1,000 pictures, 10 classes, 99.9% right"
    assert holds(*promise)
    monkeypatch.setattr(coverage, "f1_interval", resampled_f1)
    assert not holds(*promise)


def resampled_f1(predictions):
    """By resampling pictures, as it once was."""
    k, n = len(predictions.classes), len(predictions)
    scores = []
    for rows in np.random.default_rng(0).integers(0, n, (60, n)):
        table = np.zeros((k, k))
        np.add.at(table, (predictions.labels[rows], predictions.predicted[rows]), 1)
        scores.append(np.mean(2 * table.diagonal() / np.maximum(table.sum(0) + table.sum(1), 1)))
    low, high = np.quantile(scores, [0.025, 0.975])
    return Interval(float(np.mean(scores)), float(low), float(high), n)


def test_tiny_groups_hide_no_gap(monkeypatch):
    promise = (
        "a gap is called chance",
        "500 against 500 pictures, 15 points apart, and 3 groups of 3",
    )
    assert holds(*promise)
    monkeypatch.setattr(groups, "FEWEST_PICTURES", 0)
    monkeypatch.setattr(groups, "_clearest", from_lowest_to_highest)
    assert not holds(*promise)


def from_lowest_to_highest(rates, bounds):
    """The pair that lies apart the furthest by its values, as it once was."""
    names, (lows, highs) = list(rates), bounds
    low = min(range(len(names)), key=lambda place: rates[names[place]].value)
    high = max(range(len(names)), key=lambda place: rates[names[place]].value)
    size = Interval(0, float(lows[low, high]), float(highs[low, high]), 6)
    return groups.Pair(names[low], names[high], size)


def test_promised_thresholds_are_kept(monkeypatch):
    start = "90% wanted, 200 "
    [promise] = [each for each in coverage.cells()
                 if each.what.startswith("promised") and each.where.startswith(start)]  # fmt: skip
    assert coverage.measure(promise, 60).holds
    monkeypatch.setattr(coverage, "threshold_for", lowest_that_gave_it)
    assert not coverage.measure(promise, 60).holds


def lowest_that_gave_it(validation, wanted):
    """The least confidence from which on so many were right there, as it once was."""
    order = np.argsort(-validation.confidence)
    right = validation.correct[order].cumsum() / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(right >= wanted)
    return float(validation.confidence[order][enough[-1]]) if len(enough) else None


def test_pictures_that_belong_together_are_worth_less(monkeypatch):
    promise = (
        "accuracy, pictures that belong together", "1,000 pictures in groups of 10, likeness 0.6"
    )  # fmt: skip
    assert holds(*promise)
    monkeypatch.setattr(coverage, "share", lambda hits, _: wilson(int(hits.sum()), len(hits)))
    assert not holds(*promise)
