"""The reports' sentences, put to the test: each a function of what was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from tlcore.analysis.intervals import FEWEST_SEEDS, Interval, wilson
from tlcore.analysis.label_curves import Point, advantage
from tlcore.analysis.seeds import Runs, contrast, next_run
from tlcore.formatting import gain, in_percent, quantity, rate
from tlcore.studies.reproduce.book import Measurement, mean

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


Measured: TypeAlias = Mapping[str, Sequence[Measurement]]
"""What is known of each row, by its name."""

NEAR = 0.02
"""As near to its own best as counts as having converged."""

SMALLEST_SAVING = 0.1
"""Time or epochs saved below this share count as none."""

FAR_BETTER = 0.05
DEMO_LEAD = 0.4
DEMO_SECONDS = 30.0


@dataclass(frozen=True)
class Claim:
    """A sentence, and what became of it.

    Attributes:
        reports: Who said it, by letter; `lab` for the lab's own.
        sentence: As it was said, with what it takes to be so.
        verdict: Computed, of what it was tested on.
        evidence: What was measured, in a sentence or two.
        lesson: What to take from it, in a sentence.
        stand_in: What it was tested on, where that is not the report's own recipe; empty else.
    """

    reports: str
    sentence: str
    verdict: Verdict
    evidence: str
    lesson: str
    stand_in: str = ""


def put_to_the_test(measured: Measured) -> tuple[Claim, ...]:
    """Every claim, in the order of the page."""
    return tuple(test(measured) for test in _TESTS)


def curve(measured: Sequence[Measurement]) -> list[Point]:
    """Accuracy over labels a class."""
    amounts = sorted({each.labels for each in measured if each.labels is not None})
    found = [(n, mean([each for each in measured if each.labels == n])) for n in amounts]
    return [(n, interval) for n, interval in found if interval is not None]


def epochs_to_converge(accuracies: Sequence[float]) -> int:
    """After how many epochs a curve has come near its own best.

    >>> epochs_to_converge([0.3, 0.69, 0.7, 0.68]), epochs_to_converge([0.1, 0.2, 0.4])
    (2, 3)
    """
    best = max(accuracies)
    return next(n for n, value in enumerate(accuracies, start=1) if value >= best - NEAR)


def _freezing(measured: Measured) -> Claim:
    frozen, full = measured["lite0-frozen"], measured["lite0-full"]
    better, told = _gain(full, frozen)
    cheaper = Verdict.NOT_RUN
    if frozen and full:
        saved, saving = _saved([m.seconds for m in full], [m.seconds for m in frozen])
        cheaper = judge_gain(saved, more_than=SMALLEST_SAVING)
        told += f" Time saved: {saving}; the report has 68 %."
    return _claim(
        "D",
        "Freezing the base raises accuracy and cuts the time",
        both(better, cheaper),
        told,
        "With few pictures and few epochs a frozen base loses nothing and is trained far sooner: "
        "begin with it.",
        "Freezing the base doesn't always help, so try both.",
        "EfficientNet-Lite0 at 96 px on a part of CIFAR-10",
    )


def _input_size(measured: Measured) -> Claim:
    """Far better, and by more than what freezing brings: the report's other lever."""
    small, large, frozen = (
        measured[row] for row in ("lite0-full-32", "lite0-full", "lite0-frozen")
    )
    _, told = _gain(small, large)
    far = judge_gain(_difference(small, large), more_than=FAR_BETTER) if told else Verdict.NOT_RUN
    most = Verdict.UNDECIDED
    if small and large and frozen:
        sides = [(2.0, _runs(large)), (-1.0, _runs(small)), (-1.0, _runs(frozen))]
        ahead = contrast(sides)
        most = judge_gain(ahead)
        if ahead:
            told += f" More than freezing brings: {gain(ahead)}."
    return _claim(
        "D",
        f"Resized pictures are learned far better than 32 px (by more than {_points(FAR_BETTER)}), "
        "and that matters more than freezing",
        both(far, most) if told else Verdict.NOT_RUN,
        told,
        "Give a pre-trained network pictures of about the size that it was trained with.",
        "A larger input is no cure by itself: measure what it brings.",
        "EfficientNet-Lite0 on a part of CIFAR-10",
    )


def _fewer_labels(measured: Measured) -> Claim:
    transfer, scratch = (measured[f"cifar-{way}"] for way in ("transfer", "scratch"))
    found = advantage(curve(transfer), curve(scratch))
    verdict = Verdict.NOT_RUN
    if found:
        fewest = found.gains[0][0]
        verdict = judge_gain(_difference(_with(scratch, fewest), _with(transfer, fewest)))
    return _claim(
        "A, B",
        "Transfer needs fewer labels",
        verdict,
        found.text if found else "",
        "With few labels begin from pre-trained weights: what they bring along needn't be learned "
        "again.",
        "Pre-trained weights don't help with every task: measure it.",
    )


def _fewer_epochs(measured: Measured) -> Claim:
    """On the most labels that both have learned from."""
    transfer, scratch = measured["cifar-transfer"], measured["cifar-scratch"]
    amounts = {each.labels for each in transfer} & {each.labels for each in scratch}
    verdict, told = Verdict.NOT_RUN, ""
    if amounts:
        most = max(amounts, key=lambda labels: labels or 0)
        fewer, more = (_epochs_of(each, most) for each in (transfer, scratch))
        saved, saving = _saved(more, fewer)
        verdict = judge_gain(saved, more_than=SMALLEST_SAVING)
        told = (
            f"With {most:,} labels a class, {_span(fewer)} instead of {_span(more)} epochs to come "
            f"within {in_percent(NEAR)} of its own best on the validation share. Saved: {saving}."
        )
    return _claim(
        "A, B",
        "Transfer converges in fewer epochs",
        verdict,
        told,
        "A pre-trained network is near its best after few epochs: stop early and save the time.",
        "Pre-trained weights don't shorten every training: watch the validation curve.",
    )


def _mobilenet(measured: Measured) -> Claim:
    """One network that does better refutes a ceiling; no number of them can show one."""
    plain = measured["e-mobilenet"]
    suspects = {
        "as reported": "e-mobilenet",
        "input not rescaled": "mobilenet-raw",
        "input from 0 to 1": "mobilenet-zero-one",
        "BatchNorm frozen": "mobilenet-norm-frozen",
        "base frozen": "mobilenet-head-only",
        "without ImageNet weights": "mobilenet-scratch",
    }
    found = {name: mean(measured[row]) for name, row in suspects.items()}
    seen = {name: interval for name, interval in found.items() if interval}
    told = "; ".join(f"{name} {rate(interval)}" for name, interval in seen.items())
    if seen:
        lowest = min(seen, key=lambda name: seen[name].value)
        told += f". Lowest: {lowest}."
    verdict = Verdict.UNDECIDED if plain else Verdict.NOT_RUN
    if plain and all(each.low > 0.2377 + MARGIN for each in plain):
        verdict = Verdict.REFUTED
    return _claim(
        "E",
        "MobileNet can't do better than 23.77 %",
        verdict,
        told,
        "",
        "A low figure is seldom the network's fault: look for what was done to its input and its "
        "BatchNorm first. (What their whole recipe gives is not decided by 3 epochs of it.)",
    )


def _resnet18(measured: Measured) -> Claim:
    verdict, told = _gain(measured["resnet18-scratch"], measured["custom-scratch"])
    return _claim(
        "E",
        "A scratch CNN beats ResNet-18 (78.92 against 78.69 %)",
        verdict,
        told + (" Both without ImageNet weights, at 32 px." if told else ""),
        "Without pre-training and with small pictures, a small network can be the better one.",
        "Without pre-training, too, the larger network can be the better one.",
        "both for 4 epochs on a part of CIFAR-10",
    )


def _two_phases(measured: Measured) -> Claim:
    verdict, told = _gain(measured["mobilenetv2-first-phase"], measured["mobilenetv2-two-phase"])
    return _claim(
        "E",
        "A second phase with the last layers thawed raises accuracy (58.67 to 73.72 %)",
        verdict,
        told,
        "Once the head is trained, thawing the last layers at a low rate brings more.",
        "Thawing brings nothing by itself: its rate and length have to suit.",
        "MobileNetV2 at 96 px on a part of CIFAR-10",
    )


def _demo(measured: Measured) -> Claim:
    transfer, scratch = measured["demo-transfer"], measured["demo-scratch"]
    _, told = _gain(scratch, transfer)
    ahead = judge_gain(_difference(scratch, transfer), more_than=DEMO_LEAD)
    quick = Verdict.UNDECIDED
    if transfer:
        seconds = [each.seconds for each in transfer]
        coming = next_run(Runs(tuple(math.log(each) for each in seconds)))
        told += f" Transfer took {_span([round(each) for each in seconds])} s"
        if coming:
            low, high = math.exp(coming.low), math.exp(coming.high)
            told += f"; one more run would take {low:.0f} to {high:.0f} s"
            quick = turned(judge_gain(coming, more_than=math.log(DEMO_SECONDS)))
        told += "."
    return _claim(
        "lab",
        f"With ten labels a class transfer beats scratch by {_points(DEMO_LEAD)}, in under 30 s",
        both(ahead, quick) if transfer and scratch else Verdict.NOT_RUN,
        told,
        "With ten labels a class nearly everything that a network knows is what it brought along.",
        "The demo doesn't keep its promise on this machine.",
    )


def _gap_closes(measured: Measured) -> Claim:
    """Closed is what is left below the smallest gain that counts, not what has shrunk."""
    transfer, scratch = (measured[f"shapes-{way}"] for way in ("transfer", "scratch"))
    found = advantage(curve(transfer), curve(scratch))
    verdict, told = Verdict.NOT_RUN, ""
    if found and len(found.gains) > 1:
        (fewest, few), (most, many) = found.gains[0], found.gains[-1]
        left = _difference(_with(scratch, most), _with(transfer, most))
        verdict = turned(judge_gain(left))
        told = (
            f"Transfer's lead: {gain(few)} with {fewest:,} labels a class, "
            f"{gain(left or many)} with {most:,}."
        )
    return _claim(
        "lab",
        f"With all labels the gap closes (to less than {_points(SMALLEST_GAIN)})",
        verdict,
        told,
        "With enough labels, what was brought along can be learned anew.",
        "Labels narrow the gap and don't close it: what was brought along still helps.",
    )


def _claim(
    reports: str,
    sentence: str,
    verdict: Verdict,
    evidence: str,
    if_so: str,
    if_not: str,
    stand_in: str = "",
) -> Claim:
    """With the lesson of its verdict."""
    lessons = {
        Verdict.REPRODUCED: if_so,
        Verdict.REFUTED: if_not,
        Verdict.UNDECIDED: _NOT_YET,
        Verdict.NOT_RUN: "Nothing was measured here, so nothing follows.",
    }
    return Claim(reports, sentence, verdict, evidence, lessons[verdict], stand_in)


_NOT_YET = (
    f"Not known yet: it takes {FEWEST_SEEDS} seeds of each recipe, and a difference that they tell "
    "from chance."
)


def _gain(before: Sequence[Measurement], after: Sequence[Measurement]) -> tuple[Verdict, str]:
    first, second = mean(before), mean(after)
    if first is None or second is None:
        return Verdict.NOT_RUN, ""
    found = _difference(before, after)
    seeds = quantity(min(len(before), len(after)), "seed")
    how_much = f"{gain(found)}." if found else f"{seeds} a side can't tell recipes apart."
    return judge_gain(found), f"{rate(second)} against {rate(first)}: {how_much}"


def _difference(before: Sequence[Measurement], after: Sequence[Measurement]) -> Interval | None:
    """How much more accurate the second recipe is; None if there are too few seeds."""
    if not before or not after:
        return None
    return contrast([(1.0, _runs(after)), (-1.0, _runs(before))])


def _saved(before: Sequence[float], after: Sequence[float]) -> tuple[Interval | None, str]:
    """The share that the second saves, by the ratio of the two, and in words."""
    first, second = (Runs(tuple(math.log(each) for each in side)) for side in (before, after))
    ratio = contrast([(1.0, second), (-1.0, first)])
    share = 1 - math.exp(second.mean - first.mean)
    if ratio is None:
        return None, f"{in_percent(share)}, with {quantity(min(len(before), len(after)), 'seed')}"
    low, high = 1 - math.exp(ratio.high), 1 - math.exp(ratio.low)
    told = f"{in_percent(share)} [{100 * low:.0f}, {100 * high:.0f}]".replace("-", "−")
    return Interval(share, low, high, ratio.n), told


def _runs(measured: Sequence[Measurement]) -> Runs:
    return Runs.of([each.interval for each in measured])


def _with(measured: Sequence[Measurement], labels: int) -> list[Measurement]:
    return [each for each in measured if each.labels == labels]


def _epochs_of(measured: Sequence[Measurement], labels: int | None) -> list[int]:
    return [epochs_to_converge(each.curve) for each in measured if each.labels == labels]


def _span(counts: Sequence[int]) -> str:
    fewest, most = min(counts), max(counts)
    return str(fewest) if fewest == most else f"{fewest} to {most}"


def _points(share: float) -> str:
    return quantity(round(100 * share), "point")


_TESTS: tuple[Callable[[Measured], Claim], ...] = (
    _freezing,
    _input_size,
    _fewer_labels,
    _fewer_epochs,
    _mobilenet,
    _resnet18,
    _two_phases,
    _demo,
    _gap_closes,
)
