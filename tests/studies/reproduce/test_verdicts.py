import numpy as np
from scipy import stats

from tlcore.analysis.intervals import Interval, wilson
from tlcore.studies.reproduce.claims import (
    MARGIN,
    TEST_PICTURES,
    Verdict,
    both,
    judge,
    judge_gain,
    turned,
)

TRIALS = 300


def accuracy(hits, n=10_000):
    return wilson(hits, n)


def runs_of(chance, mean, *, spread, seeds, n):
    """Runs of one recipe: their seeds move them apart, their test pictures together."""
    pictures = chance.normal(0, np.sqrt(0.65 * mean * (1 - mean) / n))
    own = np.sqrt(0.35 * mean * (1 - mean) / n)
    values = mean + pictures + chance.normal(0, spread, seeds) + chance.normal(0, own, seeds)
    return [wilson(round(float(v) * n), n) for v in values.clip(0, 1)]


def shares(gap, *, spread, seeds=3, n=10_000):
    """How often each verdict falls, if the report's recipe is in truth better by a gap."""
    chance = np.random.default_rng(7)
    found = []
    for _ in range(TRIALS):
        [reported] = runs_of(chance, 0.75 + gap, spread=spread, seeds=1, n=TEST_PICTURES)
        measured = runs_of(chance, 0.75, spread=spread, seeds=seeds, n=n)
        found.append(judge(reported.value, measured, full=True).verdict)
    return {verdict: found.count(verdict) / TRIALS for verdict in Verdict}


def at_most_one_in_twenty(share):
    """Allowing for the chance in so many trials, one-sided at 99 %."""
    return share <= stats.binom.ppf(0.99, TRIALS, 0.05) / TRIALS


def test_the_same_recipe_is_refuted_once_in_twenty_at_most_and_another_reproduced_no_oftener():
    for spread in (0.003, 0.01, 0.02):
        for n in (2000, 10_000):
            assert at_most_one_in_twenty(shares(0, spread=spread, n=n)[Verdict.REFUTED])
            apart = shares(MARGIN, spread=spread, n=n)
            assert at_most_one_in_twenty(apart[Verdict.REPRODUCED])


def test_the_rules_can_decide():
    assert shares(0, spread=0.003)[Verdict.REPRODUCED] > 0.6
    assert shares(0.1, spread=0.01)[Verdict.REFUTED] > 0.6


def test_fewer_than_three_seeds_leave_a_figure_undecided():
    for count in (1, 2):
        found = judge(0.77, [accuracy(7700)] * count, full=True)
        assert found.verdict == Verdict.UNDECIDED
        assert "another seed may" in found.lesson


def test_a_part_of_a_recipe_decides_nothing_whatever_it_gives():
    for hits in (2000, 7700, 9900):
        assert judge(0.77, [accuracy(hits)] * 3, full=False).verdict == Verdict.NOT_DECIDED


def test_more_than_reported_is_not_the_figure_either():
    found = judge(0.70, [accuracy(hits) for hits in (7710, 7690, 7730)], full=True)
    assert found.verdict == Verdict.REFUTED
    assert "gives more here than reported" in found.lesson


def test_what_was_not_measured_was_not_run():
    assert judge(0.77, [], full=False).verdict == Verdict.NOT_RUN


def test_a_gain_has_to_be_above_what_is_claimed_with_its_whole_interval():
    gain = Interval(0.45, 0.41, 0.49, 1000)
    assert judge_gain(gain) == Verdict.REPRODUCED
    assert judge_gain(gain, more_than=0.4) == Verdict.REPRODUCED
    assert judge_gain(gain, more_than=0.42) == Verdict.UNDECIDED
    assert judge_gain(gain, more_than=0.5) == Verdict.REFUTED
    assert judge_gain(None) == Verdict.UNDECIDED


def test_a_gain_too_small_to_count_is_none():
    assert judge_gain(Interval(0.003, 0.001, 0.005, 3)) == Verdict.REFUTED
    assert judge_gain(Interval(0.010, 0.004, 0.016, 3)) == Verdict.UNDECIDED


def test_the_opposite_of_a_claim_has_the_opposite_verdict():
    assert turned(Verdict.REPRODUCED) == Verdict.REFUTED
    assert turned(Verdict.UNDECIDED) == Verdict.UNDECIDED


def test_a_claim_of_two_halves_stands_only_on_both():
    assert both(Verdict.REPRODUCED, Verdict.REPRODUCED) == Verdict.REPRODUCED
    for other in Verdict:
        assert both(Verdict.REFUTED, other) == both(other, Verdict.REFUTED) == Verdict.REFUTED
    assert both(Verdict.REPRODUCED, Verdict.UNDECIDED) == Verdict.UNDECIDED
    assert both(Verdict.NOT_RUN, Verdict.UNDECIDED) == Verdict.NOT_RUN
