"""Made-up cases in which a sentence of the lab would be wrong: whether it is said all the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from bench.coverage import Cell, accuracies_measured, cells, sure_of
from bench.made_up import runs, side
from tlcore.analysis import (
    calibration,
    curve_reading,
    decision,
    ensemble,
    groups,
    intervals,
    label_curves,
    robustness,
    selective,
    sweep,
)
from tlcore.analysis.comparison import McNemar
from tlcore.analysis.intervals import wilson
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.seeds import Runs, contrast, over_runs
from tlcore.export import facts
from tlcore.studies.reproduce import claims

Says = Callable[[int], bool]
"""From the number of a made-up case in which it is not so: whether it is said all the same."""


def from_grid(what: str, where: str = "") -> tuple[Says, ...]:
    """Cells of bench/coverage.py that count how often this is said, though it isn't so."""
    found = [each for each in every_cell() if each.what == what and where in each.where]
    return tuple(false_alarm(each) for each in found)


@lru_cache(maxsize=1)
def every_cell() -> tuple[Cell, ...]:
    return tuple(cells())


def false_alarm(cell: Cell) -> Says:
    def says(seed: int) -> bool:
        bad, warned = cell.trial(seed)
        return not warned and bad == (cell.kind == "false")

    return says


def told_apart(spread: float, seeds: int) -> Says:
    def says(seed: int) -> bool:
        chance = np.random.default_rng([1, seed])
        hard = chance.normal(size=500)
        first, second = (side(chance, hard, 0.8, spread, seeds) for _ in range(2))
        found = decision.decide(first, second)
        return found is not None and found.told

    return says


def turned(gap: float) -> Says:
    """If seeds move both ways as far as the farthest that was measured for them."""
    ways = ("scratch", "thawed")

    def says(seed: int) -> bool:
        spread = math.hypot(*(max(decision.spreads_of([way])) for way in ways))
        seen, again = gap + np.random.default_rng([4, seed]).normal(0, spread, 2)
        return not decision.turns(float(seen), ways) and bool(seen * again < 0)

    return says


def worst_missed(seed: int) -> bool:
    chance = np.random.default_rng([5, seed])
    rates = np.repeat([0.65, *[0.9] * 9], 100)
    found = [wilson(int(hits.sum()), 100) for hits in (chance.random(1000) < rates).reshape(10, -1)]
    return groups.chance_of(found) >= 1 - intervals.CONFIDENCE


def vote_of(gained: float, n: int, seed: int) -> str:
    """The first is the best. The others are unsure where they err alone, and outvote it where they
    err, or are right, together: the vote is so much better than the first."""
    chance = np.random.default_rng([6, seed])
    right, drawn = chance.random(n) < 0.8, chance.random(n)
    outvoted = drawn < np.where(right, 0.02 / 0.8, (0.02 + gained) / 0.2)
    first = np.where(right, 0.7, 0.3)
    tables = [sure_by(first)]
    for _ in range(2):
        unsure = right & (chance.random(n) < 0.1)
        own = np.where(unsure, 0.45, first)
        tables.append(sure_by(np.where(outvoted, np.where(right, 0.05, 0.95), own)))
    return ensemble.verdict(ensemble.vote(tables))


def sure_by(share: NDArray[np.float64]) -> Predictions:
    """Of pictures of one class, how sure a network is of it."""
    said = np.stack([share, 1 - share], axis=1).astype(np.float32)
    ids, labels = np.arange(len(share)).astype(str), np.zeros(len(share), np.int64)
    return Predictions(ids, labels, said, ("x", "y"))


def vote_is_told(seed: int) -> bool:
    text = vote_of(0.0, 1000, seed)
    return "voting helps here" in text or "harm here" in text


def vote_is_not(seed: int) -> bool:
    return "Not worth" in vote_of(0.01, 5000, seed)


def ladder_of(seeds: int, spread: float) -> Says:
    def says(seed: int) -> bool:
        chance = np.random.default_rng([7, seed])
        curves = [
            [(n, over_runs(runs(chance, mean, seeds, 2000, spread)))
             for n, mean in ((5, 0.5), (10, 0.6), (20, 0.7), (50, 0.8))]
            for _ in range(2)
        ]  # fmt: skip
        found = label_curves.advantage(*curves)
        return found is not None and any(size.low > 0 for _, size in found.gains)

    return says


def times_missed(seed: int) -> bool:
    """Scratch gains 20 points with every ten times as many labels; transfer is 20 points ahead."""
    chance = np.random.default_rng([8, seed])
    transfer, scratch = (
        [(n, wilson(int(chance.binomial(2000, base + 0.2 * math.log10(n))), 2000)) for n in amounts]
        for base, amounts in ((0.4, (10, 100)), (0.2, (10, 50, 200, 500)))
    )
    found = label_curves.advantage(transfer, scratch)
    return found is None or not found.between[0] <= 10 <= found.between[1]


def corrupted(chance: np.random.Generator, hard: NDArray[np.float64]) -> robustness.Robustness:
    """Pictures that are hard are hard in each corruption."""
    cases = [robustness.Case(names[0], severity)
             for names in robustness.FAMILIES.values() for severity in (1, 3)]  # fmt: skip
    right = {each: hard + chance.normal(size=len(hard)) < 0.5 for each in cases}
    return robustness.Robustness("p", hard + chance.normal(size=len(hard)) < 1.5, right)


def bears_it_better(seed: int) -> bool:
    chance = np.random.default_rng([9, seed])
    hard = chance.normal(size=300)
    gap = robustness.difference(corrupted(chance, hard), corrupted(chance, hard))
    return gap is not None and "can't be told" not in robustness.describe_difference(gap, "a", "b")


def hurts_most(seed: int) -> bool:
    chance = np.random.default_rng([10, seed])
    return "hurts it most: " in robustness.describe(corrupted(chance, chance.normal(size=300)))


def sweep_of(seeds: int, spread: float) -> Says:
    def says(seed: int) -> bool:
        chance = np.random.default_rng([11, seed])
        hard, tried = chance.normal(size=500), []
        for setting in range(6):
            for each in side(chance, hard, 0.8, spread, seeds):
                accuracy = wilson(int(each.correct.sum()), 500)
                tried.append(sweep.Tried(f"rate {setting}", accuracy, None, each))
        found = sweep.judge(tried)
        return found is not None and not found.rivals

    return says


def luckier_than_told(seed: int) -> bool:
    chance = np.random.default_rng([12, seed])
    tried = [sweep.Tried(str(n), wilson(int(chance.binomial(400, 0.7)), 400)) for n in range(12)]
    found = sweep.judge(tried)
    assert found
    mean = fmean(each.accuracy.value for each in tried)
    return found.settings[0].accuracy.value - mean > 1.5 * found.luck


def refitted(seed: int, n: int) -> tuple[calibration.Recalibration, Predictions, Predictions]:
    """A network that is far too sure, a temperature of ten pictures, and what that does to many."""
    validation = sure_of(10, 0.5, 50_000 + seed)
    found = calibration.recalibrate(validation, sure_of(n, 0.5, seed))
    many = sure_of(20_000, 0.5, 99_999)
    return found, many, calibration.scale(many, found.temperature)


def left_is_called_chance(seed: int) -> bool:
    found, _, after = refitted(seed, 1000)
    off = abs(float(after.confidence.mean() - after.correct.mean()))
    return off > 0.05 and "may be chance" in found.verdict


def called_worse(seed: int) -> bool:
    found, before, after = refitted(seed, 300)
    return bool(after.loss.mean() < before.loss.mean()) and found.verdict.startswith(": worse")


def wanted_is_told(seed: int) -> bool:
    right = np.random.default_rng([13, seed]).random(500) < 0.9
    table = sure_by(np.where(right, 0.9, 0.1))
    kept = selective.abstain(table, 0.5)
    return selective.Promise(0.9, kept, kept).verdict != "open"


def eight_bits(words: str, loses: float) -> Says:
    def says(seed: int) -> bool:
        chance, n = np.random.default_rng([14, seed]), 2000
        turned = chance.random(n)
        broken, fixed = int((turned < 0.01 + loses).sum()), int((turned > 0.99).sum())
        lost = intervals.paired(fixed, broken, n)
        test = McNemar(fixed, broken, 1.0)
        rate = wilson(n // 2, n)
        pace = facts.Pace(1.0, 1.0, 1.0, 1, 1, 1)
        eight = facts.Eight("static", 1, rate, rate, lost, test, 1, 1, pace)
        return words in eight.verdict

    return says


def figure_is(wrong: claims.Verdict, apart: float) -> Says:
    def says(seed: int) -> bool:
        chance = np.random.default_rng([2, seed])
        [reported] = runs(chance, 0.8 + apart, 1)
        return claims.judge(reported.value, runs(chance, 0.8, 3), full=True).verdict == wrong

    return says


def gain_is(wrong: claims.Verdict) -> Says:
    def says(seed: int) -> bool:
        chance = np.random.default_rng([3, seed])
        after, before = (
            Runs.of(runs(chance, 0.8 + more, 3)) for more in (claims.SMALLEST_GAIN, 0.0)
        )
        return claims.judge_gain(contrast([(1.0, after), (-1.0, before)])) == wrong

    return says


def ceiling_refuted(seed: int) -> bool:
    """One run each of three seeds, spread by a point, on the pictures of the reports."""
    found = runs(np.random.default_rng([15, seed]), 0.2377 + claims.MARGIN, 3)
    return all(each.low > 0.2377 + claims.MARGIN for each in found)


def step(before: float, after: float) -> tuple[float, ...]:
    """Of 20 epochs, the second half after a thaw."""
    return (*[before] * 10, *[after] * 10)


def reads(
    rule: str, words: str = "", *, validation_accuracy: Sequence[float],
    train_accuracy: float | None = None, pictures: int = 1000,
) -> Says:  # fmt: skip
    truth = np.array(validation_accuracy)

    def says(seed: int) -> bool:
        measured = accuracies_measured(truth, pictures, 16_000 + seed)
        curves = [
            {"train_loss": 1 / (epoch + 1), "validation_accuracy": float(value),
             "train_accuracy": train_accuracy}
            for epoch, value in enumerate(measured)
        ]  # fmt: skip
        found = curve_reading.read_curves(curves, thaws=(10,), classes=10, pictures=pictures)
        return any(each.rule == rule and words in each.text for each in found)

    return says


def loss_reads(rule: str, jitter: float, *, falls: float) -> Says:
    def says(seed: int) -> bool:
        moved = 1 + jitter * np.random.default_rng([17, seed]).normal(size=20)
        loss = 2.0 * falls ** np.arange(20) * moved
        found = curve_reading.read_curves([{"train_loss": float(each)} for each in loss])
        return any(each.rule == rule for each in found)

    return says
