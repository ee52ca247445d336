"""How often what the lab promises is so: `python bench/coverage.py` writes
docs/measured/COVERAGE.md.

Made-up test sets whose truth is known are measured by the lab's own functions, again and again. A
cell holds if the share of intervals that hold the truth is 0.93 at least, or of false alarms 0.05
at most, but for the chance of so many trials (one-sided, 97.5 %); or if the lab warns there of
what it says. Of so many cells some fall out by chance: those are made up anew, four times as often
and from other seeds, and that alone counts. Large tables are made up less often, and not at all
where ten trials would be too many.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/coverage.py`

from bench.made_up import runs, side
from tlcore.analysis.auc import rank_classes
from tlcore.analysis.calibration import error_interval, fit_temperature, how_sure, scale
from tlcore.analysis.curve_reading import read_curves
from tlcore.analysis.decision import decide
from tlcore.analysis.ensemble import vote
from tlcore.analysis.groups import WorstClass, score_groups, worst_class
from tlcore.analysis.intervals import Interval, share, wilson
from tlcore.analysis.mistakes import confused_pairs
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import (
    balanced_accuracy,
    calibration_error,
    class_f1_intervals,
    f1_interval,
    loss_interval,
    score,
)
from tlcore.analysis.seeds import over_runs
from tlcore.analysis.selective import threshold_for

OUT = Path(__file__).resolve().parent.parent / "docs" / "measured" / "COVERAGE.md"
COVER, FALSE = 0.93, 0.05
MANY = 100_000
FEWEST = 10
AGAIN = 4
"""Times as many trials of what fell out at first."""

Rows = NDArray[np.int64]
Trial = Callable[[int], tuple[bool, bool]]
"""From a seed: whether it went as it should not, or held the truth; and whether the lab warned."""


@dataclass(frozen=True)
class Cell:
    """One statistic in one setting.

    Attributes:
        what: The statistic.
        where: The setting, in words.
        kind: Whether the share that is counted is of intervals that hold, or of false alarms.
        trial: One made-up test set.
        cost: How many times fewer trials it can afford.
    """

    what: str
    where: str
    kind: str
    trial: Trial
    cost: int = 1


@dataclass(frozen=True)
class Found:
    """What came out of a cell: the share, of those that were not warned of, and how many were."""

    cell: Cell
    share: float
    trials: int
    warned: float

    @property
    def holds(self) -> bool:
        """Whether it keeps what it promises, but for the chance of so many trials."""
        if self.warned > 0.5:
            return True
        goal = COVER if self.cell.kind == "holds" else FALSE
        slack = 1.96 * math.sqrt(goal * (1 - goal) / self.trials)
        return (
            self.share >= goal - slack if self.cell.kind == "holds" else self.share <= goal + slack
        )


def measure(cell: Cell, trials: int) -> Found:
    """Make it up so many times; what falls out is made up anew."""
    [found] = measure_all([cell], trials)
    return found


def measure_all(cells: Sequence[Cell], trials: int) -> list[Found]:
    """The same of several that look at the same made-up tables."""
    found = _made_up(cells, trials, 0)
    for place, each in enumerate(found):
        if not each.holds:
            [found[place]] = _made_up([each.cell], AGAIN * trials, trials)
    return found


def _made_up(cells: Sequence[Cell], trials: int, first: int) -> list[Found]:
    """Seed by seed, so that a table that several cells look at is made up once."""
    every: list[list[tuple[bool, bool]]] = [[] for _ in cells]
    for seed in range(trials):
        for cell, seen in zip(cells, every, strict=True):
            if seed < trials // cell.cost:
                seen.append(cell.trial(first + seed))
    return [_found(cell, seen) for cell, seen in zip(cells, every, strict=True)]


def _found(cell: Cell, every: Sequence[tuple[bool, bool]]) -> Found:
    counted = [held for held, warned in every if not warned]
    rate = float(np.mean(counted)) if counted else math.nan
    return Found(cell, rate, len(counted), 1 - len(counted) / len(every))


def cells() -> Iterator[Cell]:
    """The grid; those that look at the same tables one after another."""
    yield from _rates()
    yield from _by_groups()
    yield from _classes()
    yield from _areas()
    yield from _means_of_areas()
    yield from _certainty()
    yield from _temperatures()
    yield from _groups()
    yield from _seeds()
    yield from _votes()
    yield from _curves()


def _holds(found: Interval, truth: float) -> bool:
    return found.low - 1e-12 <= truth <= found.high + 1e-12


def _rates() -> Iterator[Cell]:
    for n in (20, 100, 1000, 10_000):
        for p in (0.1, 0.5, 0.9, 0.999):

            def trial(seed: int, n: int = n, p: float = p) -> tuple[bool, bool]:
                found = wilson(int(np.random.default_rng(seed).binomial(n, p)), n)
                return _holds(found, p), bool(found.warning)

            yield Cell("accuracy", f"{n:,} pictures, {p:.1%} right", "holds", trial)


def _by_groups() -> Iterator[Cell]:
    for size, likeness in ((2, 0.9), (5, 0.3), (10, 0.3), (10, 0.6), (30, 0.5)):

        def trial(seed: int, size: int = size, likeness: float = likeness) -> tuple[bool, bool]:
            chance = np.random.default_rng(seed)
            belonging = np.arange(1000) // size
            right = chance.random(1000) < 0.85
            same = (chance.random(1000) < 0.85)[belonging]
            own = chance.random(1000) < math.sqrt(likeness)
            found = share(np.where(own, same, right), belonging)
            return _holds(found, 0.85), bool(found.warning)

        where = f"1,000 pictures in groups of {size}, likeness {likeness}"
        yield Cell("accuracy, pictures that belong together", where, "holds", trial)


@lru_cache(maxsize=1)
def draw(n: int, k: int, accuracy: float, seed: int, *, long_tail: bool = False) -> Predictions:
    """A network that is right of every class alike, and errs evenly."""
    chance = np.random.default_rng(seed)
    shares = np.geomspace(1, 0.03, k) if long_tail else np.ones(k)
    labels = chance.choice(k, n, p=shares / shares.sum())
    wrong = (labels + chance.integers(1, k, n)) % k
    called = np.where(chance.random(n) < accuracy, labels, wrong)
    said = np.full((n, k), 0.1 / max(1, k - 1), dtype=np.float32)
    said[np.arange(n), called] = 0.9
    return Predictions(np.arange(n).astype(str), labels, said, tuple(map(str, range(k))))


def _true_f1(k: int, accuracy: float, long_tail: bool) -> NDArray[np.float64]:
    """Of each class, of endlessly many pictures."""
    shares = np.geomspace(1, 0.03, k) if long_tail else np.ones(k)
    shares = shares / shares.sum()
    called = shares * accuracy + (1 - shares) * (1 - accuracy) / (k - 1)
    found: NDArray[np.float64] = 2 * shares * accuracy / (shares + called)
    return found


@lru_cache(maxsize=1)
def _worst(n: int, k: int, accuracy: float, seed: int, long_tail: bool) -> WorstClass | None:
    return worst_class(score(draw(n, k, accuracy, seed, long_tail=long_tail)))


def _classes() -> Iterator[Cell]:
    grid = [
        (20, 2, 0.7), (200, 10, 0.8), (1000, 10, 0.1), (1000, 10, 0.999), (1000, 100, 0.3),
        (1010, 101, 0.86), (10_000, 10, 0.95), (10_000, 100, 0.8), (10_000, 1000, 0.75),
    ]  # fmt: skip
    for n, k, accuracy in grid:
        for tail in (False, True):
            where = f"{n:,} pictures, {k:,} classes{', long-tailed' if tail else ''}"
            yield from _of_classes(n, k, accuracy, tail, f"{where}, {accuracy:.1%} right")


def _of_classes(n: int, k: int, accuracy: float, tail: bool, where: str) -> Iterator[Cell]:
    truths, cost = _true_f1(k, accuracy, tail), 1 + n * k // 1_000_000
    truth = float(truths.mean())

    def f1(seed: int) -> tuple[bool, bool]:
        found = f1_interval(draw(n, k, accuracy, seed, long_tail=tail))
        return _holds(found, truth), bool(found.warning)

    def class_f1(seed: int) -> tuple[bool, bool]:
        found = class_f1_intervals(draw(n, k, accuracy, seed, long_tail=tail))[seed % k]
        return found is None or _holds(found, truths[seed % k]), not found or bool(found.warning)

    def balanced(seed: int) -> tuple[bool, bool]:
        found = balanced_accuracy(draw(n, k, accuracy, seed, long_tail=tail))
        return _holds(found, accuracy), bool(found.warning)

    def worst(seed: int) -> tuple[bool, bool]:
        found = _worst(n, k, accuracy, seed, tail)
        return found is None or _holds(found.recall, accuracy), False

    def told(seed: int) -> tuple[bool, bool]:
        found = _worst(n, k, accuracy, seed, tail)
        return found is not None and found.told, False

    def commonest(seed: int) -> tuple[bool, bool]:
        pairs = confused_pairs(draw(n, k, accuracy, seed, long_tail=tail), top=1)
        return not pairs or _holds(pairs[0].share, (1 - accuracy) / (k - 1)), False

    yield Cell("macro F1", where, "holds", f1, cost)
    yield Cell("F1 of a class", where, "holds", class_f1, cost)
    yield Cell("balanced accuracy", where, "holds", balanced, cost)
    yield Cell("worst class", where, "holds", worst, cost)
    yield Cell("classes that are alike are told apart", where, "false", told, cost)
    yield Cell("commonest confusion", where, "holds", commonest, cost)


def _areas() -> Iterator[Cell]:
    for apart in (0.5, 2.0, 3.0, 4.0):
        for few, many in ((5, 95), (10, 990), (30, 270), (100, 900)):

            def trial(
                seed: int, apart: float = apart, few: int = few, many: int = many
            ) -> tuple[bool, bool]:
                labels = np.repeat([1, 0], [few, many])
                drawn = np.random.default_rng(seed).normal(size=few + many) + apart * labels
                sure = (1 / (1 + np.exp(-drawn))).astype(np.float32)
                table = Predictions(np.arange(few + many).astype(str), labels,
                                    np.stack([1 - sure, sure], 1), ("no", "yes"))  # fmt: skip
                found = rank_classes(table).classes[1].auc
                assert found is not None
                truth = 0.5 * (1 + math.erf(apart / 2))
                return _holds(found, truth), False

            yield Cell("AUC", f"{few} and {many}, {apart} apart", "holds", trial)


@lru_cache(maxsize=2)
def sure_of(n: int, temperature: float, seed: int, *, skill: float = 2.0) -> Predictions:
    """A network of ten classes that is as often right as it is sure, if its temperature is 1."""
    chance = np.random.default_rng(seed)
    raised = np.exp(skill * chance.normal(size=(n, 10)))
    truth = raised / raised.sum(axis=1, keepdims=True)
    labels = (truth.cumsum(axis=1) > chance.random((n, 1)) * 0.999999).argmax(axis=1)
    raised = raised ** (1 / temperature)
    said = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return Predictions(np.arange(n).astype(str), labels, said, tuple("abcdefghij"))


def _means_of_areas() -> Iterator[Cell]:
    for skill in (0.7, 2.0, 12.0):
        many = rank_classes(sure_of(MANY, 1.0, 99_999, skill=skill))
        assert many.auc
        assert many.precision
        for n in (200, 1000, 5000):

            def area(
                seed: int, n: int = n, skill: float = skill, truth: float = many.auc.value
            ) -> tuple[bool, bool]:
                found = rank_classes(sure_of(n, 1.0, seed, skill=skill)).auc
                assert found
                return _holds(found, truth), bool(found.warning)

            def precision(
                seed: int, n: int = n, skill: float = skill, truth: float = many.precision.value
            ) -> tuple[bool, bool]:
                found = rank_classes(sure_of(n, 1.0, seed, skill=skill)).precision
                assert found
                return _holds(found, truth), bool(found.warning)

            where = f"{n:,} pictures, 10 classes, AUC {many.auc.value:.2f}"
            yield Cell("macro AUC", where, "holds", area)
            yield Cell("macro average precision", where, "holds", precision)


def _temperatures() -> Iterator[Cell]:
    for temperature, skill in ((1.0, 12.0), (0.4, 12.0), (0.5, 2.0)):
        many = sure_of(5000, temperature, 99_999, skill=skill)
        before = float(many.loss.mean())
        for n in (10, 20, 50, 200, 1000):

            def spoiled(
                seed: int, n: int = n, temperature: float = temperature, skill: float = skill,
                many: Predictions = many, before: float = before,
            ) -> tuple[bool, bool]:  # fmt: skip
                fitted = fit_temperature(sure_of(n, temperature, seed, skill=skill))
                return float(scale(many, fitted).loss.mean()) > 1.2 * before, False

            sure = "as sure as right" if temperature == 1.0 else "too sure"
            where = f"{n:,} validation pictures, {many.correct.mean():.0%} right, {sure}"
            yield Cell("a temperature makes the loss a fifth larger", where, "false", spoiled)


def _certainty() -> Iterator[Cell]:
    for temperature, skill in ((1.0, 2.0), (0.5, 2.0), (1.0, 12.0), (0.4, 12.0)):
        many = sure_of(MANY, temperature, 99_999, skill=skill)
        error, loss = calibration_error(many), float(many.loss.mean())
        for n in (20, 100, 300, 1000, 5000):
            where = f"{n:,} pictures, {many.correct.mean():.0%} right, {100 * error:.1f} points off"
            yield from _of_certainty(n, temperature, skill, error, loss, where)
    for wanted, n, skill in (
        (0.9, 50, 12.0),
        (0.9, 200, 4.0),
        (0.9, 1000, 4.0),
        (0.99, 1000, 12.0),
    ):
        many = sure_of(MANY, 1.0, 99_999, skill=skill)

        def broken(
            seed: int, n: int = n, wanted: float = wanted, skill: float = skill,
            many: Predictions = many,
        ) -> tuple[bool, bool]:  # fmt: skip
            threshold = threshold_for(sure_of(n, 1.0, seed, skill=skill), wanted)
            if threshold is None:
                return False, False
            return bool(many.correct[many.confidence >= threshold].mean() < wanted), False

        where = f"{wanted:.0%} wanted, {n:,} validation pictures, {many.correct.mean():.0%} right"
        yield Cell("promised thresholds that fall short", where, "false", broken)


def _of_certainty(
    n: int, temperature: float, skill: float, error: float, loss: float, where: str
) -> Iterator[Cell]:
    @lru_cache(maxsize=1)
    def measured(seed: int) -> Interval:
        return error_interval(sure_of(n, temperature, seed, skill=skill), draws=400)

    def off(seed: int) -> tuple[bool, bool]:
        found = measured(seed)
        return _holds(found, error), bool(found.warning)

    def said(seed: int) -> tuple[bool, bool]:
        words = how_sure(sure_of(n, temperature, seed, skill=skill), measured(seed))
        wrong = words.startswith("about") if error > 0.05 else words.startswith(("surer", "less"))
        return wrong, False

    def mean_loss(seed: int) -> tuple[bool, bool]:
        found = loss_interval(sure_of(n, temperature, seed, skill=skill))
        return _holds(found, loss), bool(found.warning)

    yield Cell("calibration error", where, "holds", off, 2)
    if error > 0.05 or temperature == 1.0:
        what = "about as sure as it is right" if error > 0.05 else "surer, or less sure"
        yield Cell(f"said wrongly: {what}", where, "false", said, 2)
    yield Cell("loss", where, "holds", mean_loss)


def _groups() -> Iterator[Cell]:
    for groups, n in ((2, 200), (5, 1000), (10, 1000), (100, 10_000)):

        def alike(seed: int, groups: int = groups, n: int = n) -> tuple[bool, bool]:
            names = np.random.default_rng([seed, 1]).integers(0, groups, n).astype(str)
            found = score_groups(draw(n, 4, 0.8, seed), "group", names)
            return bool(found and found.accuracy_gap and found.accuracy_gap.told), False

        where = f"{groups} groups that are alike, {n:,} pictures"
        yield Cell("groups that are alike are told apart", where, "false", alike)
    for tiny in (0, 1, 3, 10):

        def hidden(seed: int, tiny: int = tiny) -> tuple[bool, bool]:
            sizes = [500, 500, *[3] * tiny]
            rates = np.repeat([0.9, 0.75, *[0.85] * tiny], sizes)
            names = np.repeat(np.arange(len(sizes)), sizes).astype(str)
            right = np.random.default_rng(seed).random(len(rates)) < rates
            said = np.tile(np.array([0.9, 0.1], np.float32), (len(rates), 1))
            table = Predictions(np.arange(len(rates)).astype(str), np.where(right, 0, 1), said,
                                ("x", "y"))  # fmt: skip
            found = score_groups(table, "group", names)
            return not (found and found.accuracy_gap and found.accuracy_gap.told_apart), False

        where = f"500 against 500 pictures, 15 points apart, and {tiny} groups of 3"
        yield Cell("a gap is called chance", where, "false", hidden)


def _seeds() -> Iterator[Cell]:
    """A run is not a recipe: what is said of recipes, from three seeds a side on."""
    for seeds, spread in ((3, 0.002), (3, 0.01), (3, 0.03), (5, 0.01), (5, 0.03)):
        for n in (1000, 10_000):

            def mean(
                seed: int, seeds: int = seeds, spread: float = spread, n: int = n
            ) -> tuple[bool, bool]:
                found = over_runs(runs(np.random.default_rng(seed), 0.8, seeds, n, spread))
                return _holds(found, 0.8), bool(found.warning)

            where = f"{seeds} seeds, spread {100 * spread:.1f} points, {n:,} pictures"
            yield Cell("accuracy of a recipe", where, "holds", mean)

        def told(seed: int, seeds: int = seeds, spread: float = spread) -> tuple[bool, bool]:
            chance = np.random.default_rng(seed)
            hard = chance.normal(size=500)
            first, second = (side(chance, hard, 0.8, spread, seeds) for _ in range(2))
            found = decide(first, second)
            return found is not None and found.told, False

        where = f"{seeds} seeds a side, spread {100 * spread:.1f} points, 500 pictures"
        yield Cell("equal recipes are told apart", where, "false", told)


def _votes() -> Iterator[Cell]:
    for n in (20, 50, 200, 1000):
        for goals in ((0.8, 0.8, 0.8), (0.95, 0.95, 0.95), (0.7, 0.8, 0.9)):
            yield from _of_votes(n, goals)


def _of_votes(n: int, goals: tuple[float, ...]) -> Iterator[Cell]:
    """Networks that find the same pictures hard."""
    many = _members(MANY, goals, 99_999)
    together = float((np.mean([each.correct for each in many], axis=0) > 0.5).mean())
    gain = {"mean": together - float(np.mean(goals)), "best": together - max(goals)}

    def over(which: str) -> Trial:
        def trial(seed: int) -> tuple[bool, bool]:
            found = vote(_members(n, goals, seed))
            size = found.over_mean if which == "mean" else found.over_best
            return _holds(size, gain[which]), bool(size.warning)

        return trial

    where = f"{n:,} pictures, {', '.join(f'{each:.0%}' for each in goals)} right"
    yield Cell("a vote's gain over the average", where, "holds", over("mean"))
    yield Cell("a vote's gain over the best", where, "holds", over("best"))


@lru_cache(maxsize=1)
def _members(n: int, goals: tuple[float, ...], seed: int) -> list[Predictions]:
    chance = np.random.default_rng(seed)
    hard = chance.normal(size=n)
    return [member for goal in goals for member in side(chance, hard, goal, 0.0, 1)]


def _curves() -> Iterator[Cell]:
    for epochs in (10, 20, 50):
        for jitter in (0.02, 0.05, 0.1):
            where = f"{epochs} epochs, a flat loss that jitters by {jitter:.0%}"
            for what, rule in (("overfitting", "overfitting"), ("still improving", "improving")):

                def flat(
                    seed: int, epochs: int = epochs, jitter: float = jitter, rule: str = rule
                ) -> tuple[bool, bool]:
                    return _says(rule, losses=_flat_losses(epochs, jitter, seed)), False

                yield Cell(f"{what} is seen", where, "false", flat)
    yield from _curves_of_accuracy()


def _flat_losses(epochs: int, jitter: float, seed: int) -> NDArray[np.float64]:
    """Flat from the fifth epoch on."""
    level = 0.5 + 0.5 * np.exp(-np.minimum(np.arange(epochs), 5))
    moved: NDArray[np.float64] = np.random.default_rng(seed).normal(size=epochs)
    return level * (1 + jitter * moved)


def _curves_of_accuracy() -> Iterator[Cell]:
    """Measured on a validation share, of which most is called alike from one epoch to the next."""
    for epochs in (6, 10, 20):
        for n in (200, 1000, 5000):
            rising: NDArray[np.float64] = 0.7 + 0.01 * np.arange(epochs, dtype=np.float64)
            still, guessing = np.full_like(rising, 0.8), np.full_like(rising, 0.1)
            for what, rule, truth, says in (
                ("fewer epochs would have done, of a point an epoch", "flat", rising, True),
                ("a thaw that changes nothing rose or fell", "thaw", still, True),
                ("guessing is taken for learning", "did not learn", guessing, False),
            ):

                def trial(
                    seed: int, truth: NDArray[np.float64] = truth, n: int = n, rule: str = rule,
                    says: bool = says,
                ) -> tuple[bool, bool]:  # fmt: skip
                    accuracy = accuracies_measured(truth, n, seed)
                    return _says(rule, accuracy=accuracy, pictures=n) == says, False

                yield Cell(what, f"{epochs} epochs, {n:,} validation pictures", "false", trial)


def accuracies_measured(truth: NDArray[np.float64], n: int, seed: int) -> NDArray[np.float64]:
    """Pictures that are hard are hard in each epoch: half of what varies stays."""
    chance = np.random.default_rng(seed)
    cuts = np.array([NormalDist().inv_cdf(float(each)) for each in truth])
    hard, own = chance.normal(size=(n, 1)), chance.normal(size=(n, len(truth)))
    found: NDArray[np.float64] = (math.sqrt(0.5) * (hard + own) < cuts).mean(axis=0)
    return found


def _says(
    rule: str, *, losses: NDArray[np.float64] | None = None,
    accuracy: NDArray[np.float64] | None = None, pictures: int = 0,
) -> bool:  # fmt: skip
    """Whether the curves of such a run are said to be so."""
    epochs = next(len(each) for each in (losses, accuracy) if each is not None)
    curves = [
        {
            "train_loss": 1 / (epoch + 1),
            "validation_loss": None if losses is None else float(losses[epoch]),
            "validation_accuracy": None if accuracy is None else float(accuracy[epoch]),
        }
        for epoch in range(epochs)
    ]
    said = read_curves(curves, thaws=(epochs // 2,), classes=10, pictures=pictures)
    if rule == "thaw":
        return any(each.rule == rule and "hardly" not in each.text for each in said)
    return any(each.rule == rule for each in said)


def table(found: list[Found], trials: int) -> str:
    """All of it, as Markdown."""
    lines = [
        f"Made by `python bench/coverage.py --trials {trials}`: "
        f"{sum(each.holds for each in found)} of {len(found)} cells hold. What fell out by more "
        f"than chance at first was made up anew, {AGAIN} times as often and from other seeds, and "
        "that alone counts. Warned of: where the lab says itself that there is too little to tell.",
        "",
        "| what | where | share | of trials | warned of | holds |",
        "|---|---|---:|---:|---:|---|",
    ]
    for each in found:
        share = "–" if math.isnan(each.share) else f"{each.share:.3f}"
        warned = f"{each.warned:.0%}" if each.warned else ""
        kind = "holds the truth" if each.cell.kind == "holds" else "false"
        holds = "yes" if each.holds else "no"
        lines.append(
            f"| {each.cell.what} | {each.cell.where} | {share} {kind} | {each.trials} | {warned} "
            f"| {holds} |"
        )
    return "\n".join(["# How often it is so", "", *lines, ""])


def kept_in(file: Path | None) -> dict[str, list[float | None]]:
    """What was found before: of each cell the share, of how many trials, and how many warned of."""
    if file is None or not file.exists():
        return {}
    found: dict[str, list[float | None]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _as_kept(found: Found) -> list[float | None]:
    share = None if math.isnan(found.share) else found.share
    return [share, found.trials, found.warned]


def _of_kept(cell: Cell, kept: Sequence[float | None]) -> Found:
    share, trials, warned = kept
    return Found(cell, math.nan if share is None else share, int(trials or 0), float(warned or 0))


def main() -> None:
    """Write the table, and tell of each cell that doesn't hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=400, help="of each cell (400)")
    parser.add_argument("--only", default="", help="cells with these words in them; not written")
    parser.add_argument("--keep", type=Path, help="a file that takes each cell as it is found, and "
                        "from which a later call with as many trials goes on")  # fmt: skip
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many")
    given = parser.parse_args()
    ends = time.monotonic() + 60 * given.minutes
    kept, every = kept_in(given.keep), []
    for where, group in groupby(cells(), key=lambda cell: cell.where):
        some = [
            cell
            for cell in group
            if given.trials // cell.cost >= FEWEST and given.only in f"{cell.what}, {cell.where}"
        ]
        every += some
        missing = [cell for cell in some if f"{cell.what}, {where}" not in kept]
        if not missing or time.monotonic() > ends:
            continue
        for each in measure_all(missing, given.trials):
            kept[f"{each.cell.what}, {where}"] = _as_kept(each)
            if given.only or not each.holds:
                print(f"{each.cell.what}, {where}: {each.share:.3f} of {each.trials}", flush=True)
        if given.keep:
            given.keep.write_text(json.dumps(kept, indent=0), encoding="utf-8")
    names = [f"{cell.what}, {cell.where}" for cell in every]
    if left := sum(name not in kept for name in names):
        print(f"{left} of {len(every)} cells are left for another call.")
    elif not given.only:
        found = [_of_kept(cell, kept[name]) for cell, name in zip(every, names, strict=True)]
        OUT.write_text(table(found, given.trials), encoding="utf-8")


if __name__ == "__main__":
    main()
