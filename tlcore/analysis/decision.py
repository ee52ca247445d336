"""What may be said of two runs, or of two recipes: one function decides, wherever it is said.

A network is what one recipe gave with one seed. With fewer than three seeds a side, a difference is
told of these two networks, and another seed may turn it round, unless seeds have moved recipes that
learn so by far too little. From three a side on it is told of
the recipes: Welch's interval over their runs, with the test pictures' own variance added. Where
several are held against the first, they pay for one another, step by step (Holm, 1979).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.comparison import McNemar, changes, difference, mcnemar
from tlcore.analysis.intervals import CONFIDENCE, FEWEST_SEEDS, Interval, spread_of
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.seeds import Runs, contrast
from tlcore.formatting import gain, quantity
from tlcore.recipe import Recipe

SPREADS = Path(__file__).with_name("seed_spreads.json")
"""Made by `python -m tlcore reproduce`: how far seeds moved the lab's own recipes."""


@dataclass(frozen=True)
class Decision:
    """One side against another, and whether that is more than chance explains.

    Attributes:
        gained: How much more accurate the second is.
        seeds: How many runs either side had.
        of_recipes: It is about the recipes, and not only about the first network of each.
        told: More than chance explains.
        test: McNemar's, of two networks.
        ways: How they learned; the lab has measured what seeds do to that.
        same: Both are one recipe, and nothing but the seed differs.
    """

    gained: Interval
    seeds: tuple[int, int]
    of_recipes: bool
    told: bool
    test: McNemar | None
    ways: tuple[str, ...] = ()
    same: bool = False

    @property
    def winner(self) -> int:
        """1 if the second is told to be better, -1 if the first is, 0 if neither."""
        return (1 if self.gained.value > 0 else -1) if self.told else 0

    @property
    def text(self) -> str:
        """All of it in sentences. No name of a run or class is in them."""
        return " ".join((f"{gain(self.gained)} of accuracy.", self.verdict))

    @property
    def verdict(self) -> str:
        """The same without the figure."""
        if self.same:
            return f"{self._counts()}Nothing but the seed differs: this is what a seed makes."
        if self.of_recipes:
            return self._of_recipes()
        if self.test and not self.test.fixed and not self.test.broken:
            return "They call every picture alike, rightly or wrongly."
        if not self.told:
            return f"{self._counts()}The choice of test pictures alone may do that."
        return f"{self._counts()}{DIFFER} {self._turn()}"

    def _of_recipes(self) -> str:
        first, second = self.seeds
        count = f"{first} and {second} runs" if first != second else f"{first} runs of each"
        what = RECIPES_DIFFER if self.told else "Seeds and test pictures alone may do that."
        return f"Over {count}: {what[0].lower()}{what[1:]}"

    def _counts(self) -> str:
        """What the second fixed and broke; the test's figure only where it says the same."""
        if self.test is None:
            return ""
        fixed = quantity(self.test.fixed, "picture")
        found = (
            f"It got {fixed} right that the other got wrong, and {self.test.broken:,} the other "
            "way round"
        )
        agrees = (self.test.p < 1 - CONFIDENCE) == self.told
        return f"{found} ({self.test.words}). " if agrees else f"{found}. "

    def _turn(self) -> str:
        known = spreads_of(self.ways)
        if not known:
            return TURN
        least, most = (f"{100 * each:.1f}" for each in (min(known), max(known)))
        span = least if least == most else f"{least} to {most}"
        spread = (
            "Runs of such recipes that differ in nothing but the seed were spread by "
            f"{span} points here (standard deviation)"
        )
        if turns(self.gained.value, self.ways):
            return f"{TURN} {spread}."
        return f"{spread}: {STAYS}"


DIFFER = "These two networks differ by more than the choice of test pictures explains."
TURN = "Another seed may turn it round: that takes three runs of each recipe."
STAYS = "two other seeds would hardly turn it round."
RECIPES_DIFFER = "The recipes differ by more than seeds and test pictures explain."


def decide(
    first: Sequence[Predictions],
    second: Sequence[Predictions],
    *,
    comparisons: int = 1,
    ways: Sequence[str] = (),
    same: bool = False,
) -> Decision | None:
    """Hold one side against another; None unless both saw the same test pictures.

    Args:
        first: What the networks of one recipe say, a seed each; the first of them is the run that
            is looked at.
        second: The same of another.
        comparisons: How many such decisions are made at once.
        ways: How they learned: `head`, `thawed` or `scratch`.
        same: Both are one recipe.
    """
    confidence = 1 - (1 - CONFIDENCE) / max(1, comparisons)
    networks = difference(first[0], second[0], confidence=confidence)
    if networks is None:
        return None
    seeds = len(first), len(second)
    if min(seeds) >= FEWEST_SEEDS and not same:
        recipes = _of_recipes(first, second, confidence)
        if recipes is not None:
            return Decision(recipes, seeds, True, _excludes_zero(recipes), None, tuple(ways))
    test = mcnemar(first[0], second[0])
    told = _excludes_zero(networks) and not same
    return Decision(networks, seeds, False, told, test, tuple(ways), same)


def step_down(each: Sequence[Callable[[int], Decision | None]]) -> tuple[Decision | None, ...]:
    """Several decisions at once (Holm, 1979): what is told pays for all, and what isn't is looked
    at again, paying only for what is left.

    Args:
        each: Gives a decision that pays for so many; None where there is none to be had.
    """
    found = [decide_at(max(1, len(each))) for decide_at in each]
    made, told = sum(one is not None for one in found), -1
    while told < (now := sum(one is not None and one.told for one in found)) < made:
        told = now
        found = [
            one if one is None or one.told else decide_at(made - told)
            for one, decide_at in zip(found, each, strict=True)
        ]
    return tuple(found)


def way_of(recipe: Recipe) -> str:
    """How a recipe learns: from `scratch`, its `head` alone, or with blocks that are `thawed`.

    >>> way_of(Recipe())
    'head'
    """
    if recipe.model.weights == "none":
        return "scratch"
    return "head" if recipe.schedule.preset == "head-only" else "thawed"


@cache
def _spreads() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads(SPREADS.read_text(encoding="utf-8"))
    return found


def spreads_of(ways: Sequence[str]) -> tuple[float, ...]:
    """Standard deviations over seeds that the lab has measured for recipes that learn so."""
    return tuple(spread for way in ways for spread in _spreads().get(way, {}).values())


def turns(gained: float, ways: Sequence[str]) -> bool:
    """Whether two other seeds may well turn a difference of two networks round: whether 0 lies in
    the prediction interval (95 %) of the next such difference, on the same pictures.

    Of each side the largest spread counts that was measured for its way. These stand on three runs,
    so the interval is Student's of as few. Where nothing was measured, they may.
    """
    from scipy.special import stdtrit

    sides = tuple(ways) * 2 if len(ways) == 1 else tuple(ways)
    known = [spreads_of([way]) for way in sides]
    if not known or not all(known):
        return True
    spread = math.sqrt(2 * sum(max(each) ** 2 for each in known))
    reach = float(stdtrit(FEWEST_SEEDS - 1, (1 + CONFIDENCE) / 2)) * spread
    return abs(gained) <= reach


def _of_recipes(
    first: Sequence[Predictions], second: Sequence[Predictions], confidence: float
) -> Interval | None:
    """Welch's interval; the pictures' variance is that of what each gained on average."""
    before, after = (_right(first[0], side) for side in (first, second))
    if before is None or after is None:
        return None
    gained = after.mean(axis=0) - before.mean(axis=0)
    n = len(gained)
    sides = [(1.0, _runs(after)), (-1.0, _runs(before))]
    error = spread_of((gained - gained.mean()) / n, first[0].belonging)
    return contrast(sides, sampling=error**2 * n / max(1, n - 1), confidence=confidence)


def _runs(right: NDArray[np.float64]) -> Runs:
    return Runs(tuple(right.mean(axis=1).tolist()), pictures=right.shape[1])


def _right(pictures: Predictions, side: Sequence[Predictions]) -> NDArray[np.float64] | None:
    """Runs x pictures: who is right where; None if one saw other pictures."""
    rows = []
    for each in side:
        found = changes(pictures, each)
        if found is None:
            return None
        rows.append(each.correct[found.in_second].astype(np.float64))
    return np.stack(rows)


def _excludes_zero(found: Interval) -> bool:
    return found.low > 0 or found.high < 0
