"""What a freeze schedule keeps where pictures shift: `python -m bench.shift`.

Kumar et al. (2022) found that training all of a pre-trained network bends its features where there
are training pictures and not elsewhere, so that it gains where pictures are like those and loses
where they are not; and that training the head first avoids that. Here three schedules learn ten
new shapes from few labels, with several seeds each, and are tested on worlds that they never saw.

The rate of each is the one of three with the best validation accuracy, on pictures like the
training pictures: nothing is chosen by shifted ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import torch
from scipy import stats

from tlcore.analysis.intervals import CONFIDENCE, Interval, over_seeds
from tlcore.analysis.robustness import CORRUPTIONS, FAMILIES, Case
from tlcore.data.drawn.world import draw
from tlcore.data.pictures import Pictures
from tlcore.events import EpochDone, Tested
from tlcore.nn.engine import train
from tlcore.nn.engine.saved_network import load_network
from tlcore.nn.robustness import Judge, corrupted
from tlcore.recipe import Recipe, Shapes
from tlcore.recipe.text import from_fields
from tlcore.runs.folder import describe_environment
from tlcore.studies.reproduce.book import commit

LABELS = 10
EPOCHS = 20
SEVERITIES = (1, 3, 5)
CORRUPTED = 500
"""Test pictures that are corrupted."""

WORLDS: Mapping[str, Mapping[str, Any]] = {
    "as in training": {},
    "colours moved halfway": {"colour_shift": 0.5},
    "colours moved": {"colour_shift": 1.0},
    "grain": {"noise": 0.5},
    "out of focus": {"blur": 0.5},
    "outlines only": {"outline": True},
    "colours moved, and grain": {"colour_shift": 1.0, "noise": 0.5},
    "colours moved, outlines, grain": {"colour_shift": 1.0, "outline": True, "noise": 0.5},
}
AS_TRAINED, *SHIFTED = WORLDS
MEAN_SHIFTED, MEAN_CORRUPTED = "mean of the shifted worlds", "mean corruption accuracy"


@dataclass(frozen=True)
class System:
    """A freeze schedule, and three ways to dose it.

    Attributes:
        name: In a word.
        title: What trains.
        doses: What is tried, by name: the rate of the whole, and fields of the schedule.
    """

    name: str
    title: str
    doses: Mapping[str, tuple[float, Mapping[str, Any]]] = field(hash=False)


HEAD_RATE = 1e-2
PROBE = System(
    "probe",
    "head alone",
    {f"{rate:g}": (rate, {"preset": "head-only"}) for rate in (5e-3, HEAD_RATE, 2e-2)},
)
FULL = System(
    "full", "everything", {f"{rate:g}": (rate, {"preset": "full"}) for rate in (1e-4, 3e-4, 1e-3)}
)
LP_FT = System(
    "LP-FT",
    "head, then everything",
    {
        f"{HEAD_RATE:g} then {share * HEAD_RATE:g}": (
            HEAD_RATE,
            {"preset": "lp-ft", "head_epochs": EPOCHS // 2, "rate": share},
        )
        for share in (0.01, 0.03, 0.1)
    },
)
SYSTEMS = (PROBE, FULL, LP_FT)

Scores = Mapping[str, Sequence[float]]
"""What was measured, by name: one number a seed, in percent."""


def recipe_for(rate: float, schedule: Mapping[str, Any], seed: int) -> Recipe:
    """What one system learns, and how fast."""
    return from_fields(
        {
            "data": {"name": "shapes", "labels_per_class": LABELS},
            "schedule": dict(schedule),
            "optimiser": {"name": "adamw", "rate": rate, "weight_decay": 0.05},
            "epochs": EPOCHS,
            "batch": 10,
            "seed": seed,
        },
        where="the shift bench",
    )


def learn(recipe: Recipe, folder: Path) -> tuple[Judge, float]:
    """The trained network, and the best validation accuracy that it had."""
    accuracy, file = 0.0, folder / f"{recipe.id}.safetensors"
    for event in train(recipe):
        if isinstance(event, EpochDone):
            accuracy = max(accuracy, event.validation_accuracy or 0.0)
        if isinstance(event, Tested):
            event.save(file)
    return Judge(load_network(file), torch.device("cpu")), accuracy


def choose(system: System, seeds: int, folder: Path) -> tuple[str, list[Judge]]:
    """Its best dose by validation, and the networks that it gave."""
    tried = {
        dose: [learn(recipe_for(rate, schedule, seed), folder) for seed in range(seeds)]
        for dose, (rate, schedule) in system.doses.items()
    }
    best = max(tried, key=lambda dose: fmean(accuracy for _, accuracy in tried[dose]))
    return best, [judge for judge, _ in tried[best]]


def tests() -> Iterator[tuple[str, Pictures]]:
    """The worlds, and then the corrupted pictures, each under the name of what it is."""
    shapes = Shapes()
    for name, dials in WORLDS.items():
        yield name, draw(shapes.model_copy(update=dict(dials)), "test")
    clean = draw(shapes.model_copy(update={"test_per_class": CORRUPTED // 10}), "test")
    for corruption in CORRUPTIONS:
        for severity in SEVERITIES:
            yield corruption, corrupted(clean, Case(corruption, severity))


def measure(networks: Mapping[str, list[Judge]]) -> dict[str, dict[str, list[float]]]:
    """Of each system what its networks reach in every test, and the means that are of interest."""
    looks: dict[str, dict[str, list[list[float]]]] = {name: {} for name in networks}
    for name, pictures in tests():
        for system, judges in networks.items():
            found = [100 * float(judge.is_right(pictures).mean()) for judge in judges]
            looks[system].setdefault(name, []).append(found)
    return {system: _with_means(found) for system, found in looks.items()}


def _with_means(looks: Mapping[str, list[list[float]]]) -> dict[str, list[float]]:
    each = {name: _mean(rows) for name, rows in looks.items()}
    worlds = {name: each[name] for name in WORLDS}
    families = {family: _mean([each[name] for name in names]) for family, names in FAMILIES.items()}
    means = {
        MEAN_SHIFTED: _mean([each[name] for name in SHIFTED]),
        MEAN_CORRUPTED: _mean([each[name] for name in CORRUPTIONS]),
    }
    return {**worlds, **families, **means}


def _mean(rows: Sequence[Sequence[float]]) -> list[float]:
    """Seed by seed."""
    return [fmean(values) for values in zip(*rows, strict=True)]


def gap(first: Sequence[float], second: Sequence[float]) -> Interval:
    """How much more the second reaches, seed by seed."""
    return over_seeds([after - before for before, after in zip(first, second, strict=True)])


def shown(found: Interval, *, signed: bool = False) -> str:
    """A mean with its interval."""
    form = "+.1f" if signed else ".1f"
    value, low, high = (f"{each:{form}}" for each in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]".replace("-", "−")


def table(names: Sequence[str], scores: Mapping[str, Scores]) -> list[str]:
    """A row for each name: what each system reaches, and what separates them."""
    titles = [f"{system.name} ({system.title})" for system in SYSTEMS]
    rows = [
        f"| | {' | '.join(titles)} | probe − full | LP-FT − full | LP-FT − probe |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        probe, full, both = (scores[system.name][name] for system in SYSTEMS)
        cells = [
            *(shown(over_seeds(values)) for values in (probe, full, both)),
            *(
                shown(gap(*pair), signed=True)
                for pair in ((full, probe), (full, both), (probe, both))
            ),
        ]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def verdicts(scores: Mapping[str, Scores]) -> list[str]:
    """The claim in its parts, each judged by the difference seed by seed; all of them pay for one
    another, step by step (Holm, 1979)."""
    probe, full, both = (scores[system.name] for system in SYSTEMS)
    claims = (
        ("On pictures as in training, training everything beats the head alone", probe, full,
         (AS_TRAINED,)),
        ("On shifted pictures, the head alone keeps what training everything loses", full, probe,
         (MEAN_SHIFTED, MEAN_CORRUPTED)),
        ("LP-FT is ahead of training everything", full, both,
         (AS_TRAINED, MEAN_SHIFTED, MEAN_CORRUPTED)),
        ("LP-FT is ahead of the head alone", probe, both,
         (AS_TRAINED, MEAN_SHIFTED, MEAN_CORRUPTED)),
    )  # fmt: skip
    gaps = [gap(first[name], second[name]) for _, first, second, names in claims for name in names]
    words = iter(zip(gaps, told(gaps), strict=True))
    return [
        f"- *{claim}*: {'; '.join(f'{name}, {_verdict(*next(words))}' for name in names)}."
        for claim, _, _, names in claims
    ]


def told(gaps: Sequence[Interval]) -> list[bool]:
    """Which of several mean differences over seeds are more than chance, if that is said of none by
    chance more than once in twenty tables.

    >>> told([Interval(4.0, 3.1, 4.9, 5), Interval(2.3, 0.2, 4.4, 5), Interval(0, -1, 1, 5)])
    [True, False, False]
    """
    odds = [2 * stats.t.sf(abs(each.value) / _error(each), each.n - 1) for each in gaps]
    told, left = [False] * len(gaps), len(gaps)
    for place in sorted(range(len(gaps)), key=odds.__getitem__):
        if odds[place] >= (1 - CONFIDENCE) / left:
            break
        told[place], left = True, left - 1
    return told


def _error(found: Interval) -> float:
    """Of a mean, from its interval."""
    half = (found.high - found.low) / 2
    return max(half, 1e-12) / float(stats.t.ppf((1 + CONFIDENCE) / 2, found.n - 1))


def _verdict(found: Interval, told: bool) -> str:
    word = "**can't be told**"
    if told:
        word = "**it is so**" if found.value > 0 else "**it is the other way round**"
    return f"{word} ({shown(found, signed=True)} points)"


def page(
    scores: Mapping[str, Scores], doses: Mapping[str, str], seeds: int, seconds: float
) -> list[str]:
    """All that was found, in words and tables."""
    facts = describe_environment("cpu", 0)
    chosen = "; ".join(f"{name} {dose}" for name, dose in doses.items())
    return [
        "# What a freeze schedule keeps where pictures shift",
        "",
        f"Made by `python -m bench.shift --seeds {seeds} --write docs/measured/ROBUSTNESS.md` at "
        f"commit {commit()}, {facts['cores']} cores, {facts['processor']}, torch "
        f"{facts['libraries']['torch']}, in {seconds / 60:.0f} minutes of computing on one core.",
        "",
        f"`pebble-shapes`, pre-trained on other shapes, learns ten new ones from {LABELS} labels "
        f"of each in {EPOCHS} epochs, under three freeze schedules, {seeds} seeds each. The rate "
        "of each is the one of three that had the best validation accuracy, on pictures as in "
        f"training (chosen: {chosen}). Accuracy in percent, on 1,000 test pictures of each world "
        f"and on {CORRUPTED} in each corruption at severities "
        f"{', '.join(map(str, SEVERITIES))}; mean and 95 % interval over seeds (t), differences "
        "seed by seed.",
        "",
        "## The claim",
        "",
        "Linear probing keeps out-of-distribution accuracy that full fine-tuning loses, and LP-FT "
        "has the best of both (Kumar et al., 2022). Here (of nine differences together, by Holm's "
        "steps; each interval is for its difference alone):",
        "",
        *verdicts(scores),
        "",
        "## Shifted worlds",
        "",
        *table([*WORLDS, MEAN_SHIFTED], scores),
        "",
        "## Corruptions, by family",
        "",
        *table([*FAMILIES, MEAN_CORRUPTED], scores),
    ]


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    networks, doses = {}, {}
    with TemporaryDirectory() as folder:
        for system in SYSTEMS:
            doses[system.name], networks[system.name] = choose(system, given.seeds, Path(folder))
            print(f"{system.name}: {time.process_time():.0f} s", flush=True)
    scores = measure(networks)
    said = page(scores, doses, given.seeds, time.process_time())
    print("\n".join(said))
    if given.write:
        given.write.write_text("\n".join(said) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
