"""The reports' sentences, put to the test: each a function of what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeAlias

from tlcore.analysis.intervals import Interval, apart
from tlcore.analysis.learning import Point, advantage
from tlcore.analysis.wording import gain, percent, rate
from tlcore.reproduce.book import Measurement, mean
from tlcore.reproduce.verdicts import Verdict, both, judge_gain

Measured: TypeAlias = Mapping[str, Sequence[Measurement]]
"""What is known of each row, by its name."""

NEAR = 0.02
"""As near to its own best as counts as having converged."""

DEMO_LEAD = 0.4
DEMO_SECONDS = 30.0


@dataclass(frozen=True)
class Claim:
    """A sentence, and what became of it.

    Attributes:
        reports: Who said it, by letter; `lab` for the lab's own.
        sentence: As it was said.
        verdict: Computed.
        evidence: What was measured, in a sentence or two.
    """

    reports: str
    sentence: str
    verdict: Verdict
    evidence: str


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
        share = 1 - _seconds(frozen) / _seconds(full)
        cheaper = Verdict.REPRODUCED if share > 0 else Verdict.REFUTED
        told += (
            f" It took {_seconds(frozen):.0f} s instead of {_seconds(full):.0f} s: "
            f"{percent(share)} less, where the report has 68 %."
        )
    sentence = "Freezing the base raises accuracy and cuts the time"
    return Claim("D", sentence, both(judge_gain(better), cheaper), told)


def _input_size(measured: Measured) -> Claim:
    gained, told = _gain(measured["lite0-full-32"], measured["lite0-full"])
    sentence = "Input size matters most: resized pictures are learned far better than 32 px"
    return Claim("D", sentence, judge_gain(gained), told)


def _fewer_labels(measured: Measured) -> Claim:
    transfer, scratch = (curve(measured[f"cifar-{way}"]) for way in ("transfer", "scratch"))
    found = advantage(transfer, scratch)
    gained = found.gains[0][1] if found else None
    told = found.text if found else ""
    return Claim("A, B", "Transfer needs fewer labels", judge_gain(gained), told)


def _fewer_epochs(measured: Measured) -> Claim:
    """On the most labels that both have learned from."""
    transfer, scratch = measured["cifar-transfer"], measured["cifar-scratch"]
    amounts = {each.labels for each in transfer} & {each.labels for each in scratch}
    sentence = "Transfer converges in fewer epochs"
    if not amounts:
        return Claim("A, B", sentence, Verdict.NOT_RUN, "")
    most = max(amounts, key=lambda labels: labels or 0)
    fewer, more = (_epochs_of(each, most) for each in (transfer, scratch))
    verdict = Verdict.REPRODUCED if max(fewer) < min(more) else Verdict.REFUTED
    told = (
        f"With {most:,} labels a class, {_span(fewer)} instead of {_span(more)} epochs to come "
        f"within {percent(NEAR)} of its own best on the validation share."
    )
    return Claim("A, B", sentence, verdict, told)


def _mobilenet(measured: Measured) -> Claim:
    """The plain recipe decides; the suspects say what could have held it down."""
    sentence = "MobileNet reaches only 23.77 %"
    plain = mean(measured["e-mobilenet"])
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
    verdict = judge_gain(plain and _minus(plain, 0.2377))
    turned = {Verdict.REPRODUCED: Verdict.REFUTED, Verdict.REFUTED: Verdict.IN_PART}
    return Claim("E", sentence, turned.get(verdict, verdict), told)


def _resnet18(measured: Measured) -> Claim:
    gained, told = _gain(measured["resnet18-scratch"], measured["custom-scratch"])
    sentence = "A scratch CNN beats ResNet-18 (78.92 against 78.69 %)"
    if told:
        told += " Both without ImageNet weights, at 32 px."
    return Claim("E", sentence, judge_gain(gained), told)


def _two_phases(measured: Measured) -> Claim:
    gained, told = _gain(measured["mobilenetv2-first-phase"], measured["mobilenetv2-two-phase"])
    sentence = "A second phase with the last layers thawed raises accuracy (58.67 to 73.72 %)"
    return Claim("E", sentence, judge_gain(gained), told)


def _demo(measured: Measured) -> Claim:
    transfer = measured["demo-transfer"]
    gained, told = _gain(measured["demo-scratch"], transfer)
    quick = Verdict.NOT_RUN
    if transfer:
        seconds = max(each.seconds for each in transfer)
        quick = Verdict.REPRODUCED if seconds < DEMO_SECONDS else Verdict.REFUTED
        told += f" Transfer took {seconds:.0f} s at most."
    sentence = "With ten labels a class transfer beats scratch by 40 points, in under 30 s"
    return Claim("lab", sentence, both(judge_gain(gained, at_least=DEMO_LEAD), quick), told)


def _gap_closes(measured: Measured) -> Claim:
    transfer, scratch = (curve(measured[f"shapes-{way}"]) for way in ("transfer", "scratch"))
    found = advantage(transfer, scratch)
    sentence = "With all labels the gap closes"
    if found is None or len(found.gains) < 2:
        return Claim("lab", sentence, Verdict.NOT_RUN, "")
    (fewest, few), (most, many) = found.gains[0], found.gains[-1]
    told = (
        f"Transfer's lead: {gain(few)} with {fewest:,} labels a class, {gain(many)} with {most:,}."
    )
    return Claim("lab", sentence, judge_gain(apart(many, few)), told)


def _gain(
    before: Sequence[Measurement], after: Sequence[Measurement]
) -> tuple[Interval | None, str]:
    first, second = mean(before), mean(after)
    if first is None or second is None:
        return None, ""
    found = apart(first, second)
    return found, f"{rate(second)} against {rate(first)}: {gain(found)}."


def _minus(interval: Interval, share: float) -> Interval:
    value, low, high = (each - share for each in (interval.value, interval.low, interval.high))
    return Interval(value, low, high, interval.n)


def _seconds(measured: Sequence[Measurement]) -> float:
    return fmean(each.seconds for each in measured)


def _epochs_of(measured: Sequence[Measurement], labels: int | None) -> list[int]:
    return [epochs_to_converge(each.curve) for each in measured if each.labels == labels]


def _span(counts: Sequence[int]) -> str:
    fewest, most = min(counts), max(counts)
    return str(fewest) if fewest == most else f"{fewest} to {most}"


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
