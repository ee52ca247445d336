"""What a cue does to a network, and what helps: `python bench/cue.py --write docs/CUES.md`.

Every system learns from drawn shapes whose colour goes with the class in 95 % of the pictures,
with several seeds, without and with each mitigation. The worst group are the pictures whose
colour is another class's.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import fmean

from tlcore import biaslab
from tlcore.analysis.intervals import over_seeds
from tlcore.events import Tested
from tlcore.mitigations import MITIGATIONS, mitigated
from tlcore.nn.engine import train
from tlcore.recipe import Recipe
from tlcore.reproduce.measure import commit
from tlcore.runs.environment import describe_environment

SYSTEMS = (biaslab.SCRATCH, biaslab.TUNED)
SHARE = 0.95


def measure(recipe: Recipe) -> tuple[float, float, float]:
    """Accuracy as on the training world, accuracy of the worst group, and seconds."""
    fields = recipe.data.shapes.model_copy(update={"test_cue_share": 0.5, "test_per_class": 100})
    data = recipe.data.model_copy(update={"shapes": fields})
    began = time.perf_counter()
    tested = next(
        event
        for event in train(recipe.model_copy(update={"data": data}))
        if isinstance(event, Tested)
    )
    seconds = time.perf_counter() - began
    groups = tested.predictions.groups["cue"]
    aligned, worst = (
        float(tested.predictions.correct[groups == group].mean())
        for group in ("aligned", "conflicting")
    )
    return SHARE * aligned + (1 - SHARE) * worst, worst, seconds


def line(title: str, found: list[tuple[float, float, float]], before: float) -> tuple[str, float]:
    """A row of the table, and the gap between overall and worst group."""
    overall, worst, gaps = (
        over_seeds(values)
        for values in (
            [100 * row[0] for row in found],
            [100 * row[1] for row in found],
            [100 * (row[0] - row[1]) for row in found],
        )
    )
    closed = f"{100 * (1 - gaps.value / before):.0f} %" if before else ""
    cells = [
        title,
        *(f"{each.value:.1f} [{each.low:.1f}, {each.high:.1f}]" for each in (overall, worst, gaps)),
        closed,
        f"{fmean(row[2] for row in found):.1f}",
    ]
    return f"| {' | '.join(cells)} |", gaps.value


def table(system: biaslab.System, seeds: int) -> list[str]:
    """All mitigations of one system."""
    rows = [
        "| | overall, % | worst group, % | gap, points | of the gap closed | seconds |",
        "|---|---|---|---|---|---|",
    ]
    plain = [biaslab.recipe_for(system, "colour", SHARE, seed=seed) for seed in range(seeds)]
    text, gap = line("nothing done", [measure(recipe) for recipe in plain], 0.0)
    print(text, flush=True)
    rows.append(text)
    for mitigation in MITIGATIONS:
        found = [measure(mitigated(recipe, mitigation)) for recipe in plain]
        text, _ = line(f"{mitigation.title} (needs {mitigation.needs})", found, gap)
        print(text, flush=True)
        rows.append(text)
    return rows


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    names = [system.name for system in SYSTEMS]
    parser.add_argument("--systems", nargs="*", choices=names, default=names)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    facts = describe_environment("cpu", 0)
    said = [
        "# A cue, and what helps against it",
        "",
        f"Made by `python bench/cue.py --systems {' '.join(given.systems)} --seeds {given.seeds} "
        f"--write docs/CUES.md` at commit "
        f"{commit()}, {facts['cores']} cores, {facts['processor']}, torch "
        f"{facts['libraries']['torch']}.",
        "",
        f"Drawn shapes, {biaslab.PER_CLASS} training pictures of each of ten classes; the colour "
        f"goes with the class in {SHARE:.0%} of them. *Overall* is the accuracy on a world like "
        "the training world, *worst group* that on pictures whose colour is another class's (500 "
        "test pictures). Mean and 95 % interval over seeds. Seconds were measured while other work "
        "shared the cores: compare them with each other only.",
    ]
    for system in (each for each in SYSTEMS if each.name in given.systems):
        print(f"\n{system.title}", flush=True)
        said += [
            "",
            f"## {system.title[0].upper()}{system.title[1:]}",
            "",
            *table(system, given.seeds),
        ]
    if given.write:
        given.write.write_text("\n".join(said) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
