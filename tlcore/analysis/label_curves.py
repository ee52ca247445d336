"""Accuracy over labels a class: how many labels transfer saves, and where its advantage ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from tlcore.analysis.intervals import CONFIDENCE, FEWEST_PICTURES, Interval, apart
from tlcore.formatting import gain

_ONE_SEED = "One seed a point: others may move all this."
DRAWS = 1000
WORTH_SAYING = 1.5

Point: TypeAlias = tuple[int, Interval]
"""Labels a class, and the accuracy that was reached with them."""


@dataclass(frozen=True)
class Advantage:
    """One way of learning against another, label by label.

    Attributes:
        gains: At each number of labels that both were tried with: how much more accurate the first
            is. The intervals hold for all of these numbers at once (Bonferroni).
        ends_at: The fewest labels from which on the first is no longer measurably better; None if
            it is to the last.
        saving: How many times as many labels the second needs for what the first reaches with the
            fewest; None if it doesn't get there.
        between: The same at the ends of its 95 % interval; the upper one may be infinite.
        text: All that in a sentence or two.
    """

    gains: tuple[Point, ...]
    ends_at: int | None
    saving: float | None
    between: tuple[float, float]
    text: str


def advantage(
    transfer: Sequence[Point],
    scratch: Sequence[Point],
    *,
    names: tuple[str, str] = ("Transfer", "training from scratch"),
) -> Advantage | None:
    """Where the first is better than the second; None if they share no number of labels.

    >>> from tlcore.analysis.intervals import wilson
    >>> transfer = [(10, wilson(800, 1000)), (100, wilson(900, 1000))]
    >>> scratch = [(10, wilson(300, 1000)), (100, wilson(890, 1000))]
    >>> found = advantage(transfer, scratch)
    >>> found.ends_at, round(found.saving)
    (100, 7)
    """
    second = dict(scratch)
    shared = [each for each in sorted(transfer, key=_labels) if each[0] in second]
    gains = tuple(
        (labels, _of_all(apart(second[labels], accuracy), len(shared)))
        for labels, accuracy in shared
    )
    if not gains:
        return None
    ends_at = _end(gains)
    fewest, reached = min(transfer, key=_labels)
    needed = labels_to_reach(scratch, reached.value)
    saving = needed / fewest if needed else None
    between = _between(transfer, scratch)
    text = _in_words(gains, ends_at, between if saving else None, names)
    return Advantage(gains, ends_at, saving, between, text)


def _of_all(gain: Interval, among: int) -> Interval:
    """An interval that holds together with others."""
    normal, doubt = NormalDist(), (1 - CONFIDENCE) / 2
    times = normal.inv_cdf(1 - doubt / among) / normal.inv_cdf(1 - doubt)
    low, high = (gain.value + times * (end - gain.value) for end in (gain.low, gain.high))
    return replace(gain, low=low, high=high)


def _between(transfer: Sequence[Point], scratch: Sequence[Point]) -> tuple[float, float]:
    """The interval of the saving: every accuracy drawn anew, as far off as its own interval says.
    What is not reached counts as infinitely many labels."""
    chance, drawn = np.random.default_rng(0), []
    fewest, reached = min(transfer, key=_labels)
    for _ in range(DRAWS):
        curve = [(labels, _moved(found, chance)) for labels, found in scratch]
        needed = labels_to_reach(curve, _moved(reached, chance).value)
        drawn.append(needed / fewest if needed else math.inf)
    low, high = np.quantile(drawn, [0.025, 0.975], method="nearest")
    return float(low), float(high)


def _moved(found: Interval, chance: np.random.Generator) -> Interval:
    spread = (found.high - found.low) / (2 * 1.96)
    return replace(found, value=float(chance.normal(found.value, spread)))


def labels_to_reach(curve: Sequence[Point], accuracy: float) -> float | None:
    """How many labels a class reach an accuracy, read off between the points on a logarithmic
    axis; None beyond them.

    >>> from tlcore.analysis.intervals import wilson
    >>> labels_to_reach([(10, wilson(20, 100)), (1000, wilson(80, 100))], 0.5)
    100.0
    """
    points = sorted(curve, key=_labels)
    if points and points[0][1].value >= accuracy:
        return float(points[0][0])
    for (few, low), (many, high) in pairwise(points):
        if low.value < accuracy <= high.value:
            share = (accuracy - low.value) / (high.value - low.value)
            return float(round(few * math.exp(share * math.log(many / few)), 6))
    return None


def _labels(point: Point) -> int:
    return point[0]


def _end(gains: Sequence[Point]) -> int | None:
    """The first of the last gains whose intervals all reach down to 0."""
    ended = None
    for labels, size in reversed(gains):
        if size.low > 0:
            break
        ended = labels
    return ended


def _in_words(
    gains: Sequence[Point],
    ends_at: int | None,
    between: tuple[float, float] | None,
    names: tuple[str, str],
) -> str:
    first, second = names
    labels, size = gains[0]
    text = f"{first} against {second}, with {labels:,} labels a class: {gain(size)}. "
    if ends_at == labels:
        text += "No advantage can be told from chance at any number of labels tried."
    elif ends_at is None:
        text += f"The advantage lasts to the {gains[-1][0]:,} labels that were tried at most."
    else:
        text += f"From {ends_at:,} labels a class on, no advantage can be told from chance."
    if between is not None and between[0] >= WORTH_SAYING:
        low, high = between
        most = f" to {high:.0f}" if math.isfinite(high) else " or more"
        text += f" {second.capitalize()} needs {low:.0f}{most} times as many labels for that."
    return f"{text} {_ONE_SEED}" if size.n >= FEWEST_PICTURES else text
