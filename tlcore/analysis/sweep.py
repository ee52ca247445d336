"""What a sweep says: how good each setting is, how far its seeds spread, and whether the best of so
many is more than the luckiest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

from tlcore.analysis.comparison import mcnemar
from tlcore.analysis.decision import TURN
from tlcore.analysis.intervals import CONFIDENCE, FEWEST_SEEDS, Interval, picked
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.seeds import Runs, contrast, over_runs


@dataclass(frozen=True)
class Tried:
    """A run of a sweep that has come to its end.

    Attributes:
        setting: What was varied, but for the seed.
        accuracy: On the test pictures, with the interval that these give it.
        validation: Accuracy on the validation share, where there is one.
        said: Of the test pictures.
    """

    setting: str
    accuracy: Interval
    validation: float | None = None
    said: Predictions | None = None


@dataclass(frozen=True)
class Setting:
    """All runs that differ in their seed alone.

    Attributes:
        name: What was varied.
        runs: How many there are.
        accuracy: Their mean, with the recipe's interval from three seeds on; of fewer, with that
            of these networks.
        spread: Deviation from seed to seed; None of one run.
        chosen_by: The mean by which settings are compared before the test is looked at.
    """

    name: str
    runs: int
    accuracy: Interval
    spread: float | None
    chosen_by: float


@dataclass(frozen=True)
class Verdict:
    """Which setting is best, and how sure that is.

    Attributes:
        settings: The best first.
        by_validation: Whether the best was chosen by the validation share; else by the test
            pictures, and its interval allows for having been chosen by them.
        best: The interval of the best.
        rivals: Settings that the best has not been shown to beat.
        luck: How far above their mean the best of as many would lie if all were equally good.
    """

    settings: tuple[Setting, ...]
    by_validation: bool
    best: Interval
    rivals: tuple[str, ...]
    luck: float


def judge(tried: Sequence[Tried]) -> Verdict | None:
    """The verdict; None where fewer than two settings have come to an end.

    >>> from tlcore.analysis.intervals import wilson
    >>> found = judge([Tried(name, wilson(hits, 100)) for name, hits in (("a", 70), ("b", 72))])
    >>> found.settings[0].name, found.rivals, round(found.luck, 3)
    ('b', ('a',), 0.027)
    """
    groups: dict[str, list[Tried]] = {}
    for each in tried:
        groups.setdefault(each.setting, []).append(each)
    if len(groups) < 2:
        return None
    by_validation = all(each.validation is not None for each in tried)
    settings = [_setting(name, runs, by_validation) for name, runs in groups.items()]
    settings.sort(key=lambda setting: -setting.chosen_by)
    best = settings[0]
    first = groups[best.name][0].accuracy
    found = best.accuracy if by_validation else _allowed_for(groups[best.name], len(settings))
    rivals = [s.name for s in settings[1:] if not _beaten(groups, best.name, s.name)]
    return Verdict(tuple(settings), by_validation, found, tuple(rivals), _luck(settings, first))


def _setting(name: str, runs: Sequence[Tried], by_validation: bool) -> Setting:
    values = [run.accuracy.value for run in runs]
    several = len(runs) > 1
    accuracy = over_runs([run.accuracy for run in runs])
    judged = [run.validation if by_validation else run.accuracy.value for run in runs]
    chosen_by = fmean(value for value in judged if value is not None)
    return Setting(name, len(runs), accuracy, stdev(values) if several else None, chosen_by)


def _allowed_for(runs: Sequence[Tried], among: int) -> Interval:
    """The interval of what was chosen as the highest on the pictures that it is told of."""
    if len(runs) < FEWEST_SEEDS:
        return picked(over_runs([run.accuracy for run in runs]), among)
    return over_runs([run.accuracy for run in runs], confidence=1 - (1 - CONFIDENCE) / among)


def _beaten(groups: Mapping[str, Sequence[Tried]], best: str, other: str) -> bool:
    """Whether the best is shown to be better; the doubt is shared out among all that it is held
    against (Bonferroni)."""
    doubt = (1 - CONFIDENCE) / (len(groups) - 1)
    ours, theirs = (Runs.of([run.accuracy for run in groups[name]]) for name in (best, other))
    if (found := contrast([(1, ours), (-1, theirs)], confidence=1 - doubt)) is not None:
        return found.low > 0
    one, another = groups[best][0].said, groups[other][0].said
    test = mcnemar(another, one) if one is not None and another is not None else None
    if test is None:
        return groups[best][0].accuracy.low > groups[other][0].accuracy.high
    return test.p < doubt and test.fixed > test.broken


def _luck(settings: Sequence[Setting], first: Interval) -> float:
    """The expected highest of as many draws (Blom), times what chance does to one of them."""
    count = len(settings)
    highest = NormalDist().inv_cdf((count - 0.375) / (count + 0.25))
    spreads = [setting.spread for setting in settings if setting.spread is not None]
    rate = fmean(setting.accuracy.value for setting in settings)
    sampled = (rate * (1 - rate) / (first.worth or first.n)) ** 0.5
    return float(highest * max([sampled, *spreads]))


def _beats_all(settings: Sequence[Setting]) -> str:
    """Of recipes from three seeds a side on, and before that of these very networks."""
    if min(setting.runs for setting in settings) < FEWEST_SEEDS:
        return f"Each of the other networks has been shown to be worse. {TURN}"
    return "Each of the others has been shown to be worse."


def in_words(found: Verdict) -> str:
    """What to make of it, for a student.

    >>> from tlcore.analysis.intervals import wilson
    >>> print(in_words(judge([Tried(n, wilson(h, 100)) for n, h in (("a", 70), ("b", 72))])))
    ... # doctest: +ELLIPSIS
    b is best here, with 72.0 % on the test pictures ... The best may be luck: 1 other setting ...
    """
    best, interval = found.settings[0], found.best
    told = [
        f"{best.name} is best here, with {interval.value:.1%} on the test pictures "
        f"(95 %: {100 * interval.low:.1f} to {interval.high:.1%})."
    ]
    count = len(found.rivals)
    if count:
        others = "1 other setting has" if count == 1 else f"{count} other settings have"
        told += [
            f"The best may be luck: {others} not been shown to be worse.",
            f"Of {len(found.settings)} equally good ones the best would lie "
            f"{100 * found.luck:.1f} points above their mean by chance alone.",
        ]
    else:
        told.append(_beats_all(found.settings))
    told.append(
        "It was chosen by the validation pictures, so the test pictures are fair to it."
        if found.by_validation
        else "It was chosen by the test pictures themselves, which its interval allows for."
    )
    return " ".join(told).replace("%", " %").replace("  ", " ")
