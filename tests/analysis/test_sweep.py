"""Of many settings one is always best; whether that says anything is said with it."""

from collections.abc import Sequence

import numpy as np
import pytest

from tlcore.analysis.intervals import wilson
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.sweep import Tried, Verdict, judge


def said(right):
    """Predictions of two classes that are right where it is told."""
    labels = np.zeros(len(right), np.int64)
    sure = np.where(right, 0.9, 0.1).astype(np.float32)
    ids = np.array([f"{number}.png" for number in range(len(right))])
    return Predictions(ids, labels, np.stack([sure, 1 - sure], axis=1), ("a", "b"))


def tried(setting, right, validation=None):
    return Tried(setting, wilson(int(right.sum()), len(right)), validation, said(right))


def _judged(tried: Sequence[Tried]) -> Verdict:
    found = judge(tried)
    assert found
    return found


def test_the_best_of_many_equal_ones_is_called_luck_at_most_as_often_as_promised():
    """Twelve networks of the same worth, 200 times: a winner is declared in few of them."""
    dice = np.random.default_rng(0)
    alone, above = 0, []
    for _ in range(200):
        runs = [tried(f"rate {n}", dice.random(400) < 0.7) for n in range(12)]
        found = _judged(runs)
        alone += len(found.rivals) == 0
        above.append(max(run.accuracy.value for run in runs) - 0.7 - found.luck)
        assert found.best.low <= found.settings[0].accuracy.value <= found.best.high
    assert alone <= 10
    assert abs(np.mean(above)) < 0.004  # the luck that is told is the luck that there is


def test_what_was_chosen_by_the_test_pictures_has_a_wider_interval_that_holds():
    dice, held = np.random.default_rng(1), 0
    for _ in range(200):
        found = _judged([tried(str(n), dice.random(200) < 0.6) for n in range(10)])
        held += found.best.low <= 0.6 <= found.best.high
    assert held >= 190


def test_a_difference_that_is_there_is_found():
    dice = np.random.default_rng(2)
    found = _judged([tried("low", dice.random(2000) < 0.6), tried("high", dice.random(2000) < 0.8)])
    assert found.settings[0].name == "high"
    assert found.rivals == ()


def test_the_validation_share_chooses_where_every_run_has_one():
    right = np.arange(100) < 70
    runs = [tried("a", right, 0.9), tried("b", np.arange(100) < 75, 0.8)]
    found = _judged(runs)
    assert found.by_validation
    assert found.settings[0].name == "a"
    assert found.best == runs[0].accuracy


@pytest.mark.parametrize("seeds", [2, 3])
def test_seeds_of_a_setting_are_its_spread(seeds):
    dice = np.random.default_rng(3)
    runs = [
        tried(name, dice.random(500) < rate)
        for name, rate in (("low", 0.5), ("high", 0.8))
        for _ in range(seeds)
    ]
    found = _judged(runs)
    best = found.settings[0]
    assert (best.name, best.runs) == ("high", seeds)
    assert best.spread == pytest.approx(np.std([r.accuracy.value for r in runs[seeds:]], ddof=1))
    assert found.best.low < best.accuracy.low
    assert found.rivals == ()


def test_one_setting_is_no_sweep():
    assert judge([]) is None
    assert judge([tried("a", np.ones(9, bool))] * 2) is None
