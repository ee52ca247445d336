"""Whether a reported figure or claim was reproduced: by rules that stand before the measuring.

Two promises, which the tests simulate: of recipes that are in truth the same, at most one in twenty
is called refuted; of recipes that are in truth a margin or more apart, at most one in twenty is
called reproduced. Whatever lies between is undecided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tlcore.analysis.intervals import FEWEST_SEEDS, Interval, wilson
from tlcore.analysis.seeds import Runs, next_run
from tlcore.analysis.wording import in_percent, quantity, rate

TEST_PICTURES = 10_000
"""Of CIFAR's test set, on which the reports measured: their figures are one run's, with an interval
of their own."""

MARGIN = 0.03
"""As far apart as two accuracies may be and still count as the same figure."""

SMALLEST_GAIN = 0.01
"""A gain of accuracy below this counts as none."""


class Verdict(StrEnum):
    """What became of a figure or a claim."""

    REPRODUCED = "reproduced"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    NOT_DECIDED = "not decided by a stand-in or a cut-down run"
    NOT_RUN = "not run here"


@dataclass(frozen=True)
class Judgement:
    """A verdict on a figure.

    Attributes:
        verdict: Computed.
        lesson: What to take from it, in a sentence.
        next_run: Where one more run would land, on pictures of its own; None if it can't be said.
    """

    verdict: Verdict
    lesson: str
    next_run: Interval | None = None


def judge(reported: float, measured: Sequence[Interval], *, full: bool) -> Judgement:
    """Hold runs of a recipe against the figure that a report gives for it.

    Args:
        reported: A share.
        measured: The same, of each run here.
        full: The runs were the whole recipe and not a part of it or a stand-in.

    >>> from tlcore.analysis.intervals import wilson
    >>> same = [wilson(hits, 10_000) for hits in (7710, 7690, 7730)]
    >>> judge(0.77, same, full=True).verdict.value, judge(0.70, same, full=True).verdict.value
    ('reproduced', 'refuted')
    >>> judge(0.77, same[:1], full=True).verdict.value
    'undecided'
    """
    if not measured:
        return Judgement(Verdict.NOT_RUN, "Nothing was measured here, so nothing follows.")
    runs = Runs.of(measured)
    if not full:
        return Judgement(Verdict.NOT_DECIDED, _IN_PART, next_run(runs))
    theirs = Runs.of([wilson(round(reported * TEST_PICTURES), TEST_PICTURES)]).sampling
    expected = next_run(runs, sampling=theirs)
    surely = next_run(runs, sampling=theirs, confidence=0.9)
    if expected is None or surely is None:
        return Judgement(Verdict.UNDECIDED, _one_throw(len(measured)))
    if surely.low > reported - MARGIN and surely.high < reported + MARGIN:
        return Judgement(Verdict.REPRODUCED, _SAME, expected)
    outside = not expected.low <= reported <= expected.high
    if outside and abs(runs.mean - reported) > MARGIN:
        return Judgement(Verdict.REFUTED, _other(runs.mean > reported, expected), expected)
    return Judgement(Verdict.UNDECIDED, _EITHER, expected)


def judge_gain(gain: Interval | None, *, more_than: float = SMALLEST_GAIN) -> Verdict:
    """Hold a difference against a claim that it is more than so much; None is undecided.

    >>> judge_gain(Interval(0.1, 0.05, 0.15, 3)).value
    'reproduced'
    >>> judge_gain(Interval(0.1, 0.05, 0.15, 3), more_than=0.4).value
    'refuted'
    """
    if gain is None or gain.low <= more_than <= gain.high:
        return Verdict.UNDECIDED
    return Verdict.REPRODUCED if gain.low > more_than else Verdict.REFUTED


def turned(verdict: Verdict) -> Verdict:
    """Of the opposite claim."""
    other = {Verdict.REPRODUCED: Verdict.REFUTED, Verdict.REFUTED: Verdict.REPRODUCED}
    return other.get(verdict, verdict)


def both(first: Verdict, second: Verdict) -> Verdict:
    """Of a claim with two halves: one refuted refutes it, one undecided leaves it so.

    >>> both(Verdict.REPRODUCED, Verdict.UNDECIDED).value
    'undecided'
    """
    worst = (
        Verdict.REFUTED,
        Verdict.NOT_RUN,
        Verdict.NOT_DECIDED,
        Verdict.UNDECIDED,
        Verdict.REPRODUCED,
    )
    return min(first, second, key=worst.index)


_IN_PART = (
    "Fewer pictures and fewer epochs teach less, and a stand-in is another network: this says what "
    "two cores reach, and nothing of the report's figure."
)
_SAME = (
    "Whoever runs this recipe gets the reported accuracy, to within "
    f"{in_percent(MARGIN)[:-2]} points."
)
_EITHER = (
    "Seeds and test pictures leave too much room: it may be the same figure or another, and more "
    "seeds would tell."
)


def _one_throw(count: int) -> str:
    return (
        f"{quantity(count, 'run').capitalize()} can't speak for a recipe, because another seed may "
        f"give another figure: it takes {FEWEST_SEEDS} seeds."
    )


def _other(more: bool, expected: Interval) -> str:
    return (
        f"The recipe as described gives {'more' if more else 'less'} here than reported; one more "
        f"run would give {rate(expected)}. Something that the report leaves out differs."
    )
