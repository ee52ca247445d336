"""How often the lab's verdicts err: `python bench/verdicts.py --write docs/measured/VERDICTS.md`.

Made-up networks and recipes whose truth is known are judged by the lab's own functions.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/verdicts.py`

from tlcore.analysis.decision import DIFFER, RECIPES_DIFFER, STAYS, decide, spreads_of, turns
from tlcore.analysis.intervals import Interval, wilson
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.seeds import Runs, contrast
from tlcore.studies.reproduce.claims import MARGIN, SMALLEST_GAIN, Verdict, judge, judge_gain

PICTURES = 500
ACCURACY = 0.8
SPREAD = 0.01


def side(
    chance: np.random.Generator, hard: NDArray[np.float64], mean: float, spread: float, seeds: int
) -> list[Predictions]:
    """Networks of one recipe: seeds move how good each is, and pictures are hard for all."""
    found = []
    for goal in np.clip(chance.normal(mean, spread, seeds), 0.01, 0.99):
        right = 0.8 * hard + 0.6 * chance.normal(size=len(hard)) < stats.norm.ppf(goal)
        said = np.eye(2, dtype=np.float32)[np.where(right, 0, 1)]
        ids, labels = np.arange(len(hard)).astype(str), np.zeros(len(hard), np.int64)
        found.append(Predictions(ids, labels, said, ("no", "yes")))
    return found


def told(trials: int, *, spread: float, seeds: int) -> float:
    """How often two sides that are alike are told apart."""
    chance, count = np.random.default_rng(1), 0
    for _ in range(trials):
        hard = chance.normal(size=PICTURES)
        first, second = (side(chance, hard, ACCURACY, spread, seeds) for _ in range(2))
        found = decide(first, second)
        count += found is not None and found.told
    return count / trials


def turned(trials: int, gap: float) -> float:
    """How often two more seeds turn round what they were said hardly to, if seeds move scratch as
    they did here, and the gap is so large."""
    chance, count = np.random.default_rng(4), 0
    ways = ("scratch", "thawed")
    spread = math.hypot(*(max(spreads_of([way])) for way in ways))
    for seen, again in gap + chance.normal(0, spread, (trials, 2)):
        count += not turns(float(seen), ways) and seen * again < 0
    return count / trials


def runs(
    chance: np.random.Generator, mean: float, seeds: int, n: int = 10_000, spread: float = SPREAD
) -> list[Interval]:
    """Runs of one recipe, on the same test pictures."""
    whole = mean * (1 - mean) / n
    shared = mean + chance.normal(0, np.sqrt(0.65 * whole))
    values = shared + chance.normal(0, np.hypot(spread, np.sqrt(0.35 * whole)), seeds)
    return [wilson(round(float(value) * n), n) for value in values.clip(0, 1)]


def figures(trials: int, apart: float, wrong: Verdict) -> float:
    """How often a figure gets the wrong verdict, if the report's recipe is so much better."""
    chance, count = np.random.default_rng(2), 0
    for _ in range(trials):
        [reported] = runs(chance, ACCURACY + apart, 1)
        count += judge(reported.value, runs(chance, ACCURACY, 3), full=True).verdict == wrong
    return count / trials


def gains(trials: int, apart: float, wrong: Verdict) -> float:
    """How often a claim of a gain gets the wrong verdict, if the gain is so large."""
    chance, count = np.random.default_rng(3), 0
    for _ in range(trials):
        after, before = (Runs.of(runs(chance, ACCURACY + more, 3)) for more in (apart, 0.0))
        count += judge_gain(contrast([(1.0, after), (-1.0, before)])) == wrong
    return count / trials


def rows(trials: int) -> Iterator[tuple[str, ...]]:
    """Sentence, where it stands, what decides, when it would be wrong, and how often it was."""
    everywhere = "Compare, Start, report, `compare`"
    decided = "`analysis.decision.decide`"
    yield (DIFFER, everywhere, decided, "two networks that are equally good, one seed a side",
           f"{told(trials, spread=0.0, seeds=1):.3f}")  # fmt: skip
    yield (RECIPES_DIFFER, everywhere, decided, "equal recipes, three seeds a side, spread 1 point",
           f"{told(trials, spread=SPREAD, seeds=3):.3f}")  # fmt: skip
    yield (RECIPES_DIFFER, everywhere, decided, "equal recipes, five seeds a side, spread 3 points",
           f"{told(trials, spread=3 * SPREAD, seeds=5):.3f}")  # fmt: skip
    yield (STAYS, everywhere, "`analysis.decision.turns`", "a pair that two more seeds turn round",
           f"{max(turned(trials, gap) for gap in (0.0, 0.05, 0.11)):.3f}")  # fmt: skip
    figure = "`reproduce.verdicts.judge`"
    yield ("refuted (a figure)", "`reproduce`", figure, "the same recipe, three seeds",
           f"{figures(trials, 0.0, Verdict.REFUTED):.3f}")  # fmt: skip
    yield ("reproduced (a figure)", "`reproduce`", figure, "a recipe as far off as the margin",
           f"{figures(trials, MARGIN, Verdict.REPRODUCED):.3f}")  # fmt: skip
    claim = "`reproduce.verdicts.judge_gain`"
    for verdict in (Verdict.REPRODUCED, Verdict.REFUTED):
        yield (f"{verdict} (a claim of a gain)", "`reproduce`", claim,
               "the gain is just the smallest that counts",
               f"{gains(trials, SMALLEST_GAIN, verdict):.3f}")  # fmt: skip


def page(found: Sequence[Sequence[str]], trials: int) -> str:
    """The table as Markdown."""
    titles = ("sentence", "where", "what decides", "it is wrong of", "how often it was said of it")
    lines = [titles, ["---"] * len(titles), *found]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (
        "# How often a verdict is wrong\n\n"
        f"Made by `python bench/verdicts.py --trials {trials} --write docs/measured/VERDICTS.md`. "
        f"Made-up networks of {100 * ACCURACY:.0f} % accuracy on {PICTURES} pictures (10,000 for "
        f"`reproduce`), seeds spread by {100 * SPREAD:.0f} point unless said, {trials} trials a "
        "row: a rate of 0.05 is then off by "
        f"{2 * float(np.sqrt(0.05 * 0.95 / trials)):.3f} in 19 of 20 cases. What is not in the "
        "table is not simulated here: intervals are in [EVIDENCE.md](EVIDENCE.md).\n\n"
        f"{table}\n"
    )


def main() -> None:
    """Simulate, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    text = page(list(rows(given.trials)), given.trials)
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
