import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from tlcore.analysis.intervals import apart, bootstrap, over_seeds, paired, wilson


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 40), (40, 40), (3, 7), (937, 1000)])
def test_wilson_agrees_with_scipy(hits, n, confidence):
    expected = stats.binomtest(hits, n).proportion_ci(confidence, method="wilson")
    ours = wilson(hits, n, confidence=confidence)
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (5, 5), (2, 5)])
def test_a_rate_lies_inside_its_interval_and_the_interval_inside_0_to_1(hits, n):
    ours = wilson(hits, n)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_a_rate_of_nothing_is_refused(hits, n):
    with pytest.raises(ValueError, match="0 <= hits <= n"):
        wilson(hits, n)


def test_few_pictures_are_warned_of_and_many_are_not():
    assert wilson(1, 1).warning == "only 1 picture"
    assert wilson(20, 29).warning == "only 29 pictures"
    assert wilson(20, 30).warning == ""


def test_wilson_holds_the_truth_about_95_times_in_100():
    rates = np.random.default_rng(0).binomial(50, 0.9, 2000)
    held = [wilson(int(hits), 50).low <= 0.9 <= wilson(int(hits), 50).high for hits in rates]
    assert 0.93 < np.mean(held) < 0.98


def test_the_paired_interval_is_the_closed_formula():
    # 12.5 and 2.5 of 102: 10/102 +- 1.95996 * sqrt(15 - 100/102) / 102
    ours = paired(gains=12, losses=2, n=100)
    half = 1.959964 * (15 - 100 / 102) ** 0.5 / 102
    assert (ours.low, ours.high) == pytest.approx((10 / 102 - half, 10 / 102 + half), abs=1e-6)


def test_swapping_the_two_classifiers_turns_the_difference_around():
    there, back = paired(9, 4, 60), paired(4, 9, 60)
    assert (back.value, back.low, back.high) == (-there.value, -there.high, -there.low)


def test_classifiers_that_never_differ_still_get_an_interval_of_some_width():
    ours = paired(0, 0, 50)
    assert ours.value == 0
    assert ours.low < 0 < ours.high


def test_a_difference_that_does_not_fit_the_pictures_is_refused():
    with pytest.raises(ValueError, match="don't fit 3 pictures"):
        paired(2, 2, 3)


def test_the_same_seed_gives_the_same_bootstrap_and_another_seed_another():
    values = np.random.default_rng(0).normal(size=200)

    def mean(rows):
        return values[rows].mean(axis=1)

    assert bootstrap(mean, 200, seed=1) == bootstrap(mean, 200, seed=1)
    assert bootstrap(mean, 200, seed=1) != bootstrap(mean, 200, seed=2)


def test_the_bootstrap_of_a_mean_agrees_with_theory():
    values = np.random.default_rng(0).normal(size=1000)
    ours = bootstrap(lambda rows: values[rows].mean(axis=1), 1000, draws=4000)
    error = values.std() / 1000**0.5
    theory = (values.mean() - 1.96 * error, values.mean() + 1.96 * error)
    assert (ours.low, ours.high) == pytest.approx(theory, abs=0.1 * error)
    assert ours.value == values.mean()


def test_the_bootstrap_hands_out_no_more_rows_at_once_than_fit_a_chunk():
    sizes = []

    def count(rows):
        sizes.append(rows.size)
        return rows.mean(axis=1)

    bootstrap(count, 30_000, draws=100)
    assert max(sizes) <= 1_000_000
    assert sum(sizes) == 30_000 * 101


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_over_seeds_agrees_with_scipy(confidence):
    values = [0.71, 0.69, 0.74, 0.70, 0.72]
    ours = over_seeds(values, confidence=confidence)
    expected = stats.t.interval(confidence, 4, np.mean(values), stats.sem(values))
    assert (ours.low, ours.high) == pytest.approx(expected, abs=1e-12)


def test_two_seeds_are_warned_of_and_one_is_refused():
    assert over_seeds([0.7, 0.8]).warning == "only 2 runs"
    with pytest.raises(ValueError, match="needs two seeds"):
        over_seeds([0.7])


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (0, 20, 0, 30), (9, 10, 3, 10), (5, 5, 0, 9)])
def test_a_difference_on_different_pictures_agrees_with_statsmodels(counts):
    hits2, n2, hits1, n1 = counts
    expected = confint_proportions_2indep(hits2, n2, hits1, n1, method="newcomb")
    ours = apart(wilson(hits1, n1), wilson(hits2, n2))
    assert ours.value == pytest.approx(hits2 / n2 - hits1 / n1)
    assert (ours.low, ours.high) == pytest.approx(expected, abs=1e-9)


def test_a_difference_of_few_and_many_pictures_warns_of_the_few():
    assert apart(wilson(900, 1000), wilson(7, 10)).warning == "only 10 pictures"
    assert apart(wilson(7, 10), wilson(900, 1000)).warning == "only 10 pictures"
