"""Whether a reported figure was reproduced: an interval against an interval, never an opinion."""

from __future__ import annotations

from enum import StrEnum

from tlcore.analysis.intervals import Interval, apart, wilson

TEST_PICTURES = 10_000
"""Of CIFAR's test set, on which the reports measured: their figures have an interval too."""

TOO_UNSURE = 0.05
"""An interval wider than this on either side, as a quick run's may be, agrees with anything."""


class Verdict(StrEnum):
    """What became of a figure or a claim."""

    REPRODUCED = "reproduced"
    REFUTED = "refuted"
    IN_PART = "not run here in full"
    NOT_RUN = "not run here"


def judge(reported: float, measured: Interval | None, *, full: bool, only: bool) -> Verdict:
    """Hold what was measured against what was reported.

    A figure counts as reached if the difference of the two can't be told from zero or is in the
    figure's favour. What a smaller run doesn't reach says nothing about the full one, so that
    refutes nothing; but where a report says "only so much", a smaller run that does better does.

    Args:
        reported: A share.
        measured: The same, measured here; None if it was not.
        full: The run was the whole recipe and not a part of it.
        only: The report gives the figure as a ceiling.

    >>> from tlcore.analysis.intervals import wilson
    >>> judge(0.2377, wilson(1400, 2000), full=False, only=True).value
    'refuted'
    >>> judge(0.95, wilson(1600, 2000), full=False, only=False).value
    'not run here in full'
    """
    if measured is None:
        return Verdict.NOT_RUN
    gap = apart(wilson(round(reported * TEST_PICTURES), TEST_PICTURES), measured)
    if gap.low > 0:
        return Verdict.REFUTED if only else Verdict.REPRODUCED
    if gap.high < 0:
        return Verdict.REFUTED if full else Verdict.IN_PART
    unsure = max(measured.high - measured.value, measured.value - measured.low) > TOO_UNSURE
    return Verdict.IN_PART if unsure else Verdict.REPRODUCED


def judge_gain(gain: Interval | None, *, at_least: float = 0.0) -> Verdict:
    """Hold a difference against a claim that there is one.

    >>> judge_gain(Interval(0.1, 0.05, 0.15, 1000)).value
    'reproduced'
    >>> judge_gain(Interval(0.1, 0.05, 0.15, 1000), at_least=0.4).value
    'refuted'
    """
    if gain is None:
        return Verdict.NOT_RUN
    if gain.low <= at_least <= gain.high:
        return Verdict.IN_PART
    return Verdict.REPRODUCED if gain.low > at_least else Verdict.REFUTED


def both(first: Verdict, second: Verdict) -> Verdict:
    """Of a claim with two halves: one refuted refutes it, one undecided leaves it so.

    >>> both(Verdict.REPRODUCED, Verdict.IN_PART).value
    'not run here in full'
    """
    worst = (Verdict.REFUTED, Verdict.NOT_RUN, Verdict.IN_PART, Verdict.REPRODUCED)
    return min(first, second, key=worst.index)
