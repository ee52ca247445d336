import numpy as np
import pytest
from scipy import stats

from tlcore.analysis import seeds
from tlcore.analysis.intervals import wilson
from tlcore.analysis.seeds import Runs, over_runs

FIRST, SECOND = (0.70, 0.74, 0.71, 0.72), (0.80, 0.79, 0.84)


def contrast(terms):
    """Of enough runs."""
    found = seeds.contrast(terms)
    assert found is not None
    return found


def next_run(runs):
    """Of enough runs."""
    found = seeds.next_run(runs)
    assert found is not None
    return found


def test_two_recipes_differ_as_welch_says():
    found = contrast([(1, Runs(SECOND)), (-1, Runs(FIRST))])
    theirs = stats.ttest_ind(SECOND, FIRST, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


def test_one_recipe_is_known_as_student_says_and_less_well_for_its_test_pictures():
    alone, judged = (contrast([(1, Runs(FIRST, sampling))]) for sampling in (0.0, 1e-4))
    theirs = stats.ttest_1samp(FIRST, 0).confidence_interval()
    assert (alone.low, alone.high) == pytest.approx((theirs.low, theirs.high))
    assert judged.low < alone.low


def test_one_more_run_lands_where_the_prediction_interval_says():
    chance = np.random.default_rng(3)
    drawn = chance.normal(0.7, 0.01, (2000, 4))
    held = 0
    for *runs, following in drawn:
        found = next_run(Runs(tuple(runs)))
        held += found.low <= following <= found.high
    assert held / len(drawn) >= 0.94


def test_too_few_seeds_say_nothing_of_a_recipe():
    few = Runs((0.7, 0.8))
    assert seeds.next_run(few) is None
    assert seeds.contrast([(1, few), (-1, Runs(FIRST))]) is None


def test_two_seeds_both_count_in_what_is_said_of_these_networks():
    found = over_runs([wilson(700, 1000), wilson(800, 1000)])
    assert found.value == pytest.approx(0.75)
    assert found.low == pytest.approx((wilson(700, 1000).low + wilson(800, 1000).low) / 2)


def test_the_interval_of_a_recipe_holds_its_accuracy_on_all_such_pictures():
    chance = np.random.default_rng(5)
    for n, spread in ((200, 0.002), (200, 0.02), (1000, 0.005), (10_000, 0.01)):
        held, trials, whole = 0, 300, 0.8 * 0.2 / n
        for _ in range(trials):
            shared = chance.normal(0, np.sqrt(0.65 * whole))
            own = chance.normal(0, np.hypot(spread, np.sqrt(0.35 * whole)), 3)
            found = over_runs([wilson(round(n * min(1, 0.8 + shared + x)), n) for x in own])
            held += found.low <= 0.8 <= found.high
        assert held / trials >= 0.91, (n, spread)
