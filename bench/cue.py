"""What a cue does to a network, and what helps: `python bench/cue.py --write
docs/measured/CUES.md`.

Every system learns from drawn shapes whose colour goes with the class in 95 % of the pictures,
with several seeds, without and with each mitigation. The worst group are the pictures whose
colour is another class's. What was measured is kept in `docs/cues.json`, a row at a time; the page
is written from that, words included, so that nothing on it was written by hand.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/cue.py`

from tlcore import paths
from tlcore.analysis.intervals import CONFIDENCE, Interval
from tlcore.events import Tested
from tlcore.nn.engine import train
from tlcore.recipe import Recipe
from tlcore.studies import cues
from tlcore.studies.cues import MITIGATIONS, Mitigation, System, find, mitigated
from tlcore.studies.reproduce.book import commit

PHOTO = System(
    "photo",
    "pre-trained on photographs, frozen",
    6,
    {**cues.FROZEN.fields, "model": {"backbone": "pebble-photo", "weights": "pretrained"}},
)
SYSTEMS = (cues.SCRATCH, PHOTO, cues.TUNED)
SHARE = 0.95
TIMES = 4
GUESSING = 10.0
NOTHING = "nothing done"
KEPT = paths.PROJECT / "docs" / "cues.json"


def _larger(fields: dict[str, Any]) -> dict[str, Any]:
    """With larger groups, the rare ones too; and those made to count alike."""
    data = fields["data"]
    shapes = {**data["shapes"], "per_class": TIMES * data["shapes"]["per_class"]}
    return find("weights").change({**fields, "data": {**data, "shapes": shapes}})


REMEDIES = (
    *MITIGATIONS,
    Mitigation(
        "larger", "group reweighting, of four times as many pictures",
        "the group of every training picture, and four times as many", _larger,
    ),
)  # fmt: skip
"""Those of the cue lab, and one that takes too long there."""


@dataclass(frozen=True)
class Score:
    """A mean over seeds, in percent, and how far the seeds were spread."""

    mean: float
    spread: float
    seeds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Score:
        return cls(round(fmean(values), 2), round(stdev(values), 3), len(values))

    @property
    def interval(self) -> Interval:
        return self.among(1)

    def among(self, count: int) -> Interval:
        """The interval that holds together with others, as many in all (Bonferroni)."""
        return less(self, Score(0.0, 0.0, self.seeds), among=count)


@dataclass(frozen=True)
class Row:
    """What came of one system with one remedy."""

    system: str
    remedy: str
    overall: Score
    worst: Score
    gap: Score
    seconds: float
    commit: str


def less(first: Score, second: Score, *, among: int = 1) -> Interval:
    """One mean less another: Welch's interval, of so many that hold together (Bonferroni)."""
    from scipy.special import stdtrit

    parts = [(each.spread**2 / each.seeds, each.seeds - 1) for each in (first, second)]
    total = sum(part for part, _ in parts)
    freedom = total**2 / sum(part**2 / count for part, count in parts) if total else 1.0
    half = float(stdtrit(freedom, 1 - (1 - CONFIDENCE) / (2 * among))) * math.sqrt(total)
    value = first.mean - second.mean
    return Interval(value, value - half, value + half, first.seeds)


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


def row_of(system: System, remedy: str, found: Sequence[tuple[float, float, float]]) -> Row:
    """What several seeds come to."""
    overall, worst = ([100 * row[place] for row in found] for place in (0, 1))
    gaps = [whole - low for whole, low in zip(overall, worst, strict=True)]
    return Row(
        system=system.name,
        remedy=remedy,
        overall=Score.of(overall),
        worst=Score.of(worst),
        gap=Score.of(gaps),
        seconds=round(fmean(row[2] for row in found), 1),
        commit=commit(),
    )


def rows_of(system: System, seeds: int, remedies: Sequence[str]) -> list[Row]:
    """One system without a remedy, and with each that is named."""
    plain = [cues.recipe_for(system, "colour", SHARE, seed=seed) for seed in range(seeds)]
    rows = [row_of(system, NOTHING, [measure(recipe) for recipe in plain])]
    for each in REMEDIES:
        if each.name in remedies:
            found = [measure(mitigated(recipe, each)) for recipe in plain]
            rows.append(row_of(system, each.name, found))
            print(line(rows[-1], rows[0]), flush=True)
    return rows


def line(row: Row, plain: Row) -> str:
    """A row of the table; changes are against nothing done."""
    titles = {each.name: f"{each.title} (needs {each.needs})" for each in REMEDIES}
    cells = [titles.get(row.remedy, row.remedy)]
    cells += [_bounds(each.interval) for each in (row.overall, row.worst, row.gap)]
    changes = [less(row.worst, plain.worst), less(row.gap, plain.gap)]
    cells += ["" if row is plain else _bounds(each, "+") for each in changes]
    return f"| {' | '.join([*cells, f'{row.seconds:.1f}'])} |"


def words(rows: Sequence[Row]) -> str:
    """What a table says of its worst group: all its remedies pay for one another."""
    plain, *others = rows
    low = plain.worst.interval
    told = [f"With {NOTHING} the worst group is right in {plain.worst.mean:.1f} % of pictures."]
    if low.high < GUESSING:
        told.append(f"Guessing would give {GUESSING:.0f} %.")
    if not others:
        return " ".join([*told, "No remedy was tried."])
    count = len(others)
    above = [row for row in others if row.worst.among(count).low > GUESSING]
    better = [row for row in above if less(row.worst, plain.worst, among=count).low > 0]
    if not above:
        told.append(
            "**No remedy is told to have lifted it above guessing.** The gap narrows because the "
            "rest falls: by far more than the worst group rises."
        )
    elif not better:
        told.append("No remedy is told from nothing done.")
    else:
        titles = {each.name: each.title for each in REMEDIES}
        best = max(better, key=lambda row: row.worst.mean)
        found = _bounds(less(best.worst, plain.worst, among=count), "+")
        from_where = "from below guessing" if low.high < GUESSING else "further above guessing"
        told.append(
            f"**{len(better)} of {len(others)} remedies lifted it, {from_where}**, most of all "
            f"{titles[best.remedy]}: {found} points, allowing for its having been picked."
        )
    return " ".join(told)


def page(rows: Sequence[Row], command: str) -> str:
    """All that is kept, as Markdown."""
    said = [
        "# A cue, and what was tried against it",
        "",
        f"Made by `{command}` from [cues.json](../cues.json).",
        "",
        f"Drawn shapes, {cues.PER_CLASS} training pictures of each of ten classes; the colour "
        f"goes with the class in {SHARE:.0%} of them. *Overall* is the accuracy on a world like "
        "the training world, *worst group* that on pictures whose colour is another class's (500 "
        "test pictures). Means and 95 % intervals over seeds (t); changes against nothing done "
        "by Welch. They are about these test pictures, which all seeds share. In the tables each "
        "interval stands for itself: of twenty, one may miss; below them all remedies of a table "
        "pay for one another (Bonferroni). Seconds were measured "
        "while other work shared the cores: compare them with each other only.",
    ]
    for system in SYSTEMS:
        own = [row for row in rows if row.system == system.name]
        if own:
            title = f"{system.title[0].upper()}{system.title[1:]}, {own[0].worst.seeds} seeds"
            commits = ", ".join(sorted({row.commit for row in own}))
            said += ["", f"## {title}", "", *_HEAD, *(line(row, own[0]) for row in own), ""]
            said += [words(own), "", f"Measured at commit {commits}."]
    return "\n".join(said) + "\n"


_HEAD = (
    "| | overall, % | worst group, % | gap, points | worst group, change | gap, change | seconds |",
    "|---|---|---|---|---|---|---|",
)


def _bounds(found: Interval, sign: str = "") -> str:
    value, low, high = (f"{each:{sign}.1f}" for each in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]".replace("-", "−")


def read() -> list[Row]:
    """What was measured before."""
    if not KEPT.exists():
        return []
    fields = json.loads(KEPT.read_text(encoding="utf-8"))
    scores = ("overall", "worst", "gap")
    return [Row(**{**row, **{name: Score(**row[name]) for name in scores}}) for row in fields]


def keep(rows: Sequence[Row]) -> None:
    """For the page, and for whoever measures another system."""
    text = json.dumps([asdict(row) for row in rows], indent=1)
    KEPT.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Measure the systems that are named, and write the page of all if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    names, remedies = [each.name for each in SYSTEMS], [each.name for each in REMEDIES]
    parser.add_argument("--systems", nargs="*", choices=names, default=[])
    parser.add_argument("--remedies", nargs="*", choices=remedies, default=remedies)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    rows = read()
    for system in (each for each in SYSTEMS if each.name in given.systems):
        rows = [row for row in rows if row.system != system.name]
        rows += rows_of(system, given.seeds, given.remedies)
        keep(rows)
    if given.write:
        text = page(rows, "python bench/cue.py --write docs/measured/CUES.md")
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
