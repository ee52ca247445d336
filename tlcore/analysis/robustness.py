"""What a network keeps of its accuracy when pictures get worse.

The same test pictures are seen clean and in every corruption. Whether a picture is called rightly
in one corruption says much about the next one, so a mean over corruptions is resampled picture by
picture: many corruptions of few pictures are still few pictures.

>>> fog = Case("fog", 1)
>>> found = Robustness("p", np.array([True, True, False]), {fog: np.array([True, False, False])})
>>> round(mean_accuracy(found).value, 2), round(relative(found).value, 2)
(0.33, 0.5)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import (
    CONFIDENCE,
    Interval,
    Rows,
    bootstrap_counts,
    by_groups,
    paired,
    share,
    wilson,
)
from tlcore.formatting import gain, quantity, rate

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "noise": ("gaussian-noise", "shot-noise", "impulse-noise"),
    "blur": ("defocus-blur", "glass-blur", "motion-blur", "zoom-blur"),
    "weather": ("snow", "frost", "fog", "brightness"),
    "digital": ("contrast", "elastic", "pixelate", "jpeg"),
}
"""The common corruptions of Hendrycks and Dietterich (2019), by family."""

CORRUPTIONS = tuple(name for names in FAMILIES.values() for name in names)
SEVERITIES = (1, 2, 3, 4, 5)

Hits: TypeAlias = NDArray[np.bool_]
"""Of each picture, whether it was called rightly."""


class Case(NamedTuple):
    """A corruption at a severity."""

    corruption: str
    severity: int

    @property
    def family(self) -> str:
        """The family of the corruption.

        >>> Case("fog", 3).family
        'weather'
        """
        return next(family for family, names in FAMILIES.items() if self.corruption in names)


@dataclass(frozen=True, eq=False)
class Robustness:
    """What a network called rightly, clean and corrupted.

    Attributes:
        pictures: Stands for the pictures and their order: only where it is the same can two
            networks be compared.
        clean: Of each picture, whether it was called rightly as it is.
        corrupted: The same for each corruption and severity that was tried.
        belonging: A number for each picture, the same for those that belong together; None where
            every picture stands for itself.
    """

    pictures: str
    clean: Hits
    corrupted: Mapping[Case, Hits]
    belonging: Rows | None = None

    @property
    def severities(self) -> tuple[int, ...]:
        """Those that were tried, in rising order."""
        return tuple(sorted({case.severity for case in self.corrupted}))

    def only(self, cases: Iterable[Case]) -> Robustness:
        """The same for these cases alone."""
        kept = {case: self.corrupted[case] for case in cases}
        return Robustness(self.pictures, self.clean, kept, self.belonging)


@dataclass(frozen=True)
class Row:
    """How a network fares in one corruption at one severity."""

    case: Case
    accuracy: Interval


def table(found: Robustness) -> tuple[Row, ...]:
    """A row for each case, in the order of the families, severities rising."""
    order = {name: place for place, name in enumerate(CORRUPTIONS)}
    cases = sorted(found.corrupted, key=lambda case: (order[case.corruption], case.severity))
    return tuple(Row(case, accuracy_of(found.corrupted[case], found.belonging)) for case in cases)


def accuracy_of(hits: Hits, belonging: Rows | None = None) -> Interval:
    """A share of pictures that may belong together."""
    return share(hits, belonging)


def mean_accuracy(found: Robustness) -> Interval:
    """Mean corruption accuracy: the mean over all cases, resampled picture by picture."""
    counts, cases = _counts(found), len(found.corrupted)
    shares = np.arange(cases + 1) / cases
    n = len(found.clean)
    interval = bootstrap_counts(
        lambda drawn: drawn @ shares / n, np.bincount(counts, minlength=cases + 1)
    )
    return by_groups(_never_sure(interval, n), counts / cases, found.belonging)


def relative(found: Robustness) -> Interval | None:
    """Mean corruption accuracy as a share of the accuracy on the clean pictures; None where that
    is 0."""
    if not found.clean.any():
        return None
    cases = len(found.corrupted)
    kinds = np.bincount(_counts(found) + (cases + 1) * found.clean, minlength=2 * (cases + 1))
    shares = np.tile(np.arange(cases + 1) / cases, 2)
    clean = np.repeat([0.0, 1.0], cases + 1)
    kept = bootstrap_counts(lambda drawn: drawn @ shares / np.maximum(drawn @ clean, 1.0), kinds)
    return by_groups(kept, _counts(found) / cases - kept.value * found.clean, found.belonging)


def by_severity(found: Robustness) -> dict[int, Interval]:
    """Mean accuracy over all corruptions, at each severity."""
    return {
        severity: mean_accuracy(found.only(_where(found, severity=severity)))
        for severity in found.severities
    }


def by_family(found: Robustness) -> dict[str, Interval]:
    """Mean accuracy over all corruptions and severities of each family that was tried."""
    return {
        family: mean_accuracy(found.only(cases))
        for family in FAMILIES
        if (cases := _where(found, family=family))
    }


def by_family_and_severity(found: Robustness) -> dict[str, dict[int, Interval]]:
    """The same for each severity on its own."""
    return {
        family: by_severity(found.only(cases))
        for family in FAMILIES
        if (cases := _where(found, family=family))
    }


def difference(
    first: Robustness, second: Robustness, *, confidence: float = CONFIDENCE
) -> Interval | None:
    """How much higher the second network's mean corruption accuracy is, over the cases that both
    were tried in; None unless both saw the same pictures in one case at least."""
    cases = [case for case in first.corrupted if case in second.corrupted]
    if not cases or first.pictures != second.pictures:
        return None
    return _difference(first.only(cases), second.only(cases), confidence)


def describe(found: Robustness) -> str:
    """What came out, in a sentence or two."""
    corruptions = len({case.corruption for case in found.corrupted})
    text = (
        f"Right of {rate(mean_accuracy(found))} of corrupted pictures, on average over "
        f"{quantity(corruptions, 'corruption')} at {_severities(found)}, and of "
        f"{rate(accuracy_of(found.clean, found.belonging))} of the same "
        f"{quantity(len(found.clean), 'picture')} as they are"
    )
    if kept := relative(found):
        text += f": it keeps {rate(kept)} of its accuracy"
    return f"{text}. {_hardest(found)}".strip()


def describe_difference(gap: Interval, name: str, other: str) -> str:
    """How much better one network bears corruption than another, in a sentence.

    >>> gap = Interval(0.08, 0.05, 0.11, 500)
    >>> describe_difference(gap, "LP-FT", "full")
    'LP-FT bears corruption better than full: +8 points [+5, +11].'
    """
    if gap.low > 0 or gap.high < 0:
        how = "better" if gap.value > 0 else "worse"
        return f"{name} bears corruption {how} than {other}: {gain(gap)}."
    return f"Whether {name} bears corruption better than {other} can't be told: {gain(gap)}."


def _hardest(found: Robustness) -> str:
    """Which family hurts most, if that can be told from the next one (Bonferroni, over all pairs of
    families, because the worst was picked for being it)."""
    means = sorted(by_family(found).items(), key=lambda item: item[1].value)
    if len(means) < 2:
        return ""
    (worst, accuracy), (next_worst, _) = means[:2]
    pairs = len(tuple(combinations(means, 2)))
    gap = _gap_between(found, worst, next_worst, 1 - (1 - CONFIDENCE) / pairs)
    if gap.low <= 0:
        return f"Whether {worst} or {next_worst} hurts it most can't be told."
    return f"{worst.capitalize()} hurts it most: {rate(accuracy)}."


def _gap_between(found: Robustness, worst: str, other: str, confidence: float) -> Interval:
    """How much better it fares in the other family, on the same pictures."""
    n = len(found.clean)
    lower, higher = (
        np.mean([found.corrupted[case] for case in _where(found, family=family)], axis=0)
        for family in (worst, other)
    )
    gaps, kinds = np.unique(higher - lower, return_counts=True)
    gap = bootstrap_counts(lambda drawn: drawn @ gaps / n, kinds, confidence=confidence)
    return by_groups(gap, higher - lower, found.belonging, least=-1.0)


def _difference(first: Robustness, second: Robustness, confidence: float) -> Interval:
    cases, n = len(first.corrupted), len(first.clean)
    more = _counts(second) - _counts(first) + cases
    gaps = np.arange(-cases, cases + 1) / cases
    kinds = np.bincount(more, minlength=2 * cases + 1)
    found = bootstrap_counts(lambda drawn: drawn @ gaps / n, kinds, confidence=confidence)
    if found.low < found.high:
        return by_groups(found, (more - cases) / cases, first.belonging, least=-1.0)
    net = round(found.value * n)  # nothing to resample; see `_never_sure`
    return paired(max(0, net), max(0, -net), n, confidence=confidence)


def _counts(found: Robustness) -> NDArray[np.int64]:
    """In how many cases each picture is called rightly."""
    counts: NDArray[np.int64] = np.sum([*found.corrupted.values()], axis=0, dtype=np.int64)
    return counts


def _where(
    found: Robustness, *, family: str | None = None, severity: int | None = None
) -> list[Case]:
    return [
        case
        for case in found.corrupted
        if family in (None, case.family) and severity in (None, case.severity)
    ]


def _never_sure(interval: Interval, n: int) -> Interval:
    """Where every picture fares alike there is nothing to resample, which doesn't mean that nothing
    is left to chance: Wilson's interval takes over, as if each picture had been seen once."""
    if interval.low < interval.high or not n:
        return interval
    return wilson(round(interval.value * n), n)


def _severities(found: Robustness) -> str:
    """Those that were tried, in words."""
    *others, last = map(str, found.severities)
    return f"severities {', '.join(others)} and {last}" if others else f"severity {last}"
