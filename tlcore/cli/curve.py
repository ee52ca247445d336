"""`curve`: how many labels transfer saves, a run at a time."""

from __future__ import annotations

import math
import sys
import time
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import add_verb, read_override
from tlcore.cli.output import print_json, print_table, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tlcore.advice.forecast import Sample
    from tlcore.analysis.label_curves import Advantage, Point
    from tlcore.cli.arguments import Verbs
    from tlcore.recipe import Recipe
    from tlcore.runs.store import RunStore
    from tlcore.studies.label_curve import Ladder

INTERRUPTED = 130
MOST_SEEDS, MOST_LABELS = 10, 100_000
_LATEST = 20


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "curve",
        curve,
        "train a recipe and its twin from scratch with more and more labels",
        "curve demo-transfer --labels 5,10,20",
        "curve cifar10-head-only --labels 10,100 --seeds 3 --set epochs=10",
        "curve shapes-probe --out curve.svg",
    )
    verb.add_argument("recipe", metavar="FILE|PRESET", help="a recipe file, or a preset's name")
    about = "labels a class, with commas between (usually 5,10,20,... as far as there are so many)"
    verb.add_argument("--labels", metavar="N,N,...", type=_amounts, default=(), help=about)
    about = "how many seeds at each (usually 1; from 3 on, intervals are over seeds)"
    verb.add_argument("--seeds", metavar="N", type=_count, default=1, help=about)
    about = "change a field of the recipe, for both ways; may be given many times"
    verb.add_argument(
        "--set", dest="overrides", metavar="FIELD=VALUE", type=read_override, action="append",
        default=[], help=about,
    )  # fmt: skip
    about = "write the curve there as a picture (SVG)"
    verb.add_argument("--out", metavar="FILE", type=Path, help=about)


def curve(given: Namespace) -> int:
    """Train what isn't there yet, and say what came of it all."""
    from tlcore.access import LOCAL
    from tlcore.cli.run import find_recipe, finish
    from tlcore.runs.store import RunStore
    from tlcore.studies.label_curve import climb_of, ladder_of, rungs, steps_for

    began = time.perf_counter()
    recipe, _ = find_recipe(given.recipe, given.overrides)
    store = RunStore()
    wanted = list(rungs(recipe, given.labels or steps_for(recipe), seeds=given.seeds))
    _announce(store, wanted)
    climbs = []
    for number, rung in enumerate(wanted, start=1):
        print(f"{number} of {len(wanted)}: {printable(rung.name)}", file=sys.stderr)
        run = finish(store, rung, "")
        if run is None:
            print("Go on with the same command.", file=sys.stderr)
            return INTERRUPTED
        climbs.append(climb_of(store, run, by=LOCAL))
    found = ladder_of(recipe, climbs)
    if given.out:
        _draw(given.out, recipe, found)
    _tell(found, time.perf_counter() - began, as_json=given.json)
    return 0


def _announce(store: RunStore, wanted: Sequence[Recipe]) -> None:
    """How many runs are left, and how long they take."""
    from tlcore.access import LOCAL
    from tlcore.errors import DataError
    from tlcore.machine import slots
    from tlcore.runs.states import State
    from tlcore.studies.label_curve import forecast_all

    finished = (State.FINISHED,)
    done = {run.recipe_id for run in store.list(by=LOCAL, states=finished, limit=-1)}
    left = [rung for rung in wanted if rung.id not in done]
    if not left:
        return
    try:
        found = forecast_all(left, device=next(iter(slots())), samples=_samples(store))
    except DataError:
        found = None  # the first run will say what is missing
    words = f", {found.low:,.0f} to {found.high:,.0f} s in all" if found else ""
    print(f"{len(left)} of {len(wanted)} runs are to be done{words}", file=sys.stderr)


def _samples(store: RunStore) -> list[Sample]:
    """What the latest runs say of this machine's speed."""
    from tlcore.access import LOCAL
    from tlcore.advice.forecast import samples_of
    from tlcore.runs.states import State

    latest = store.list(by=LOCAL, states=(State.FINISHED,), limit=_LATEST)
    return [
        sample
        for run in latest
        if not run.origin
        for sample in samples_of(store.recipe(run.id, by=LOCAL), store.events(run.id, by=LOCAL))
    ]


def _draw(path: Path, recipe: Recipe, found: Ladder) -> None:
    from tlcore.files import written_whole
    from tlcore.report.document.charts.curves import draw

    curves = {"by transfer": found.transfer, "from scratch": found.scratch}
    with written_whole(path) as draft:
        draft.write_text(draw({printable(recipe.name or recipe.data.name): curves}), "utf-8")


def _ends(gained: Advantage) -> list[float | None]:
    """Of the interval of the saving; none where there is no upper one."""
    return [end if math.isfinite(end) else None for end in gained.between]


def _tell(found: Ladder, seconds: float, *, as_json: bool) -> None:
    from tlcore.formatting import gain, rate

    gained = found.advantage
    if as_json:
        print_json(
            {
                "transfer": [_fields(point) for point in found.transfer],
                "scratch": [_fields(point) for point in found.scratch],
                "saving": gained.saving if gained else None,
                "saving_between": _ends(gained) if gained and gained.saving else None,
                "text": found.text,
                "runs": list(found.runs),
                "seconds": seconds,
            }
        )
        return
    scratch, gains = dict(found.scratch), dict(gained.gains) if gained else {}
    rows = [
        (
            labels,
            rate(accuracy),
            rate(scratch[labels]) if labels in scratch else None,
            gain(gains[labels]) if labels in gains else None,
        )
        for labels, accuracy in found.transfer
    ]
    print_table(("labels a class", "transfer", "from scratch", "difference"), rows)
    if found.text:
        print(f"\n{found.text}")


def _fields(point: Point) -> dict[str, Any]:
    labels, accuracy = point
    return {"labels": labels, **vars(accuracy)}


def _amounts(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= MOST_LABELS for part in parts):
        raise ArgumentTypeError(f"{text!r} must be whole numbers from 1 on, such as 5,10,20")
    return tuple(int(part) for part in parts)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_SEEDS:
        raise ArgumentTypeError(f"{text!r} must be a whole number from 1 to {MOST_SEEDS}")
    return int(text)
