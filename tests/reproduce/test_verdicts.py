import pytest

from tlcore.analysis.intervals import Interval, wilson
from tlcore.reproduce.verdicts import Verdict, both, judge, judge_gain


def accuracy(hits, n=10_000):
    return wilson(hits, n)


@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize("full", [False, True])
def test_what_can_t_be_told_from_the_figure_reproduces_it(full, only):
    assert judge(0.77, accuracy(7650), full=full, only=only) == Verdict.REPRODUCED


def test_better_than_reported_reproduces_a_figure_and_refutes_a_ceiling():
    assert judge(0.77, accuracy(8000), full=False, only=False) == Verdict.REPRODUCED
    assert judge(0.77, accuracy(8000), full=False, only=True) == Verdict.REFUTED


def test_staying_below_refutes_only_if_everything_was_done():
    assert judge(0.77, accuracy(7000), full=True, only=False) == Verdict.REFUTED
    assert judge(0.77, accuracy(7000), full=False, only=False) == Verdict.IN_PART
    assert judge(0.77, accuracy(7000), full=False, only=True) == Verdict.IN_PART


def test_an_interval_that_agrees_with_anything_reproduces_nothing():
    assert judge(0.77, Interval(0.7, 0.5, 0.9, 3), full=True, only=False) == Verdict.IN_PART


def test_what_was_not_measured_was_not_run():
    assert judge(0.77, None, full=False, only=False) == Verdict.NOT_RUN
    assert judge_gain(None) == Verdict.NOT_RUN


def test_a_gain_has_to_be_above_what_is_claimed_with_its_whole_interval():
    gain = Interval(0.45, 0.41, 0.49, 1000)
    assert judge_gain(gain) == Verdict.REPRODUCED
    assert judge_gain(gain, at_least=0.4) == Verdict.REPRODUCED
    assert judge_gain(gain, at_least=0.42) == Verdict.IN_PART
    assert judge_gain(gain, at_least=0.5) == Verdict.REFUTED


def test_a_claim_of_two_halves_stands_only_on_both():
    assert both(Verdict.REPRODUCED, Verdict.REPRODUCED) == Verdict.REPRODUCED
    for other in Verdict:
        assert both(Verdict.REFUTED, other) == both(other, Verdict.REFUTED) == Verdict.REFUTED
    assert both(Verdict.REPRODUCED, Verdict.IN_PART) == Verdict.IN_PART
    assert both(Verdict.NOT_RUN, Verdict.IN_PART) == Verdict.NOT_RUN
