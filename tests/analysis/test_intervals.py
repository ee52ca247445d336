import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tlcore.analysis.intervals import (
    apart,
    bootstrap_counts,
    bounded,
    over_seeds,
    paired,
    paired_mean,
    picked,
    share,
    wilson,
)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 40), (40, 40), (3, 7), (937, 1000)])
def test_wilson_agrees_with_scipy_where_neither_hits_nor_mistakes_are_few(hits, n, confidence):
    expected = stats.binomtest(hits, n).proportion_ci(confidence, method="wilson")
    ours = wilson(hits, n, confidence=confidence)
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_few_mistakes_or_hits_reach_as_far_as_a_poisson_count_of_them():
    for mistakes in (1, 2, 3):
        expected = stats.chi2.ppf(0.05, 2 * mistakes) / 2 / 1000
        assert wilson(mistakes, 1000).low == pytest.approx(expected)
        assert wilson(1000 - mistakes, 1000).high == pytest.approx(1 - expected)


def test_a_rate_holds_the_truth_wherever_it_lies():
    for n in (30, 100, 1000):
        hits = np.arange(n + 1)
        found = [wilson(int(each), n) for each in hits]
        for truth in (0.5, 0.9, 0.98, 0.99, 0.995, 0.999):
            held = np.array([each.low <= truth <= each.high for each in found])
            assert stats.binom.pmf(hits, n, truth)[held].sum() > 0.925, (n, truth)


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


KINDS = np.array([400, 250, 350])
"""Pictures that are worth nothing, a half and one."""


def mean_worth(drawn):
    return drawn @ np.array([0.0, 0.5, 1.0]) / KINDS.sum()


def test_the_same_seed_gives_the_same_bootstrap_and_another_seed_another():
    first = bootstrap_counts(mean_worth, KINDS, seed=1)
    assert first == bootstrap_counts(mean_worth, KINDS, seed=1)
    assert first != bootstrap_counts(mean_worth, KINDS, seed=2)


def test_the_bootstrap_of_a_mean_agrees_with_theory():
    values = np.repeat([0.0, 0.5, 1.0], KINDS)
    ours = bootstrap_counts(mean_worth, KINDS, draws=4000)
    error = values.std() / 1000**0.5
    theory = (values.mean() - 1.96 * error, values.mean() + 1.96 * error)
    assert (ours.low, ours.high) == pytest.approx(theory, abs=0.1 * error)
    assert ours.value == values.mean()


def test_the_bootstrap_hands_out_no_more_numbers_at_once_than_fit_a_chunk():
    sizes = []

    def count(drawn):
        sizes.append(drawn.size)
        return drawn.mean(axis=1)

    bootstrap_counts(count, np.ones(30_000, dtype=np.int64), draws=100)
    assert max(sizes) <= 1_000_000
    assert sum(sizes) == 30_000 * 101


@pytest.mark.parametrize(("hits", "n", "among"), [(0, 20, 1), (7, 20, 10), (20, 20, 100)])
def test_a_rate_that_was_picked_has_clopper_and_pearsons_interval_shared_among_all(hits, n, among):
    ours = picked(wilson(hits, n), among)
    low, high = proportion_confint(hits, n, alpha=0.05 / among, method="beta")
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-9)
    assert ours.value == hits / n


def grouped(groups, size, likeness, seed=0, rate=0.8):
    """Right or wrong, and the group of each: some groups have one answer for all their pictures."""
    chance = np.random.default_rng(seed)
    belonging = np.repeat(np.arange(groups), size)
    alike = chance.random(groups)[belonging] < likeness
    same, own = (chance.random(groups) < rate)[belonging], chance.random(groups * size) < rate
    return np.where(alike, same, own), belonging


def test_grouped_pictures_are_worth_as_many_as_their_clustered_variance_says():
    right, belonging = grouped(60, 8, 0.6)
    ours = share(right, belonging)
    fit = OLS(right.astype(float), np.ones(len(right))).fit(
        cov_type="cluster", cov_kwds={"groups": belonging, "use_correction": True}
    )
    wider = stats.t.ppf(0.975, 59) / stats.norm.ppf(0.975)
    variance = float(fit.bse[0]) ** 2 * (len(right) - 1) / len(right) * wider**2
    expected = ours.value * (1 - ours.value) / variance
    assert ours.worth == pytest.approx(expected, rel=0.01)
    assert 60 < ours.worth < 240 < ours.n == 480


def test_pictures_that_stand_alone_are_worth_themselves_but_for_student():
    right, _ = grouped(400, 1, 0)
    alone, by_group = share(right), share(right, np.arange(400))
    assert (by_group.low, by_group.high) == pytest.approx((alone.low, alone.high), abs=1e-3)


def test_groups_that_are_all_right_count_as_one_picture_each():
    found = share(np.ones(50, dtype=bool), np.arange(50) // 10)
    assert found.worth == pytest.approx(5)
    assert found.low == pytest.approx(wilson(5, 5).low)


def test_gains_of_grouped_pictures_are_less_certain_and_never_of_no_width():
    gains, belonging = grouped(40, 10, 0.8)
    alone, by_group = paired_mean(1.0 * gains), paired_mean(1.0 * gains, belonging)
    assert by_group.high - by_group.low > 1.5 * (alone.high - alone.low)
    nothing = paired_mean(np.zeros(400), belonging)
    assert nothing.high - nothing.low > 3 * (paired_mean(np.zeros(400)).high)


def test_a_bounded_mean_of_rights_and_wrongs_is_agresti_and_coulls_rate():
    ours = bounded(np.repeat([1.0, 0.0], [17, 13]))
    low, high = proportion_confint(17, 30, method="agresti_coull")
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-9)


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


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (0, 20, 0, 30), (7, 10, 3, 10), (5, 5, 0, 9)])
def test_a_difference_on_different_pictures_agrees_with_statsmodels(counts):
    hits2, n2, hits1, n1 = counts
    expected = confint_proportions_2indep(hits2, n2, hits1, n1, method="newcomb")
    ours = apart(wilson(hits1, n1), wilson(hits2, n2))
    assert ours.value == pytest.approx(hits2 / n2 - hits1 / n1)
    assert (ours.low, ours.high) == pytest.approx(expected, abs=1e-9)


def test_a_difference_of_few_and_many_pictures_warns_of_the_few():
    assert apart(wilson(900, 1000), wilson(7, 10)).warning == "only 10 pictures"
    assert apart(wilson(7, 10), wilson(900, 1000)).warning == "only 10 pictures"
