"""`auto`: from a folder of pictures to a tested network with a report and a package, within a
budget of minutes."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentTypeError, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tlcore.cli.advise import data_of, print_trial, tell
from tlcore.cli.arguments import COMMAND, add_verb
from tlcore.cli.output import print_json, printable
from tlcore.formatting import in_percent, rate

if TYPE_CHECKING:
    from tlcore.advice.trial import Trial
    from tlcore.analysis.scores import TestReport
    from tlcore.cli.arguments import Verbs
    from tlcore.recipe import Data, Recipe
    from tlcore.runs.store import RunStore

INTERRUPTED = 130
FOR_TRYING = 0.4
"""The share of the budget after which no further card is looked at."""


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    about = "check pictures, try backbones, train, test, and write a report and a package"
    verb = add_verb(verbs, "auto", auto, about, "auto photos/", "auto photos.zip --minutes 5")
    about = "a folder or zip of pictures in class folders, a recipe file or a preset's name"
    verb.add_argument("pictures", metavar="PICTURES", help=about)
    about = "how many it may take (usually 5)"
    verb.add_argument("--minutes", metavar="N", type=_minutes, default=5.0, help=about)
    about = "the folder for report and package (usually auto-RUN, here)"
    verb.add_argument("--to", metavar="FOLDER", type=Path, help=about)


def auto(given: Namespace) -> int:
    """Do all of it, and say what was done and what is not sure."""
    from tlcore.access import LOCAL
    from tlcore.advice.trial import recipe_for
    from tlcore.cli.run import begin, follow
    from tlcore.nn.trial import try_cards
    from tlcore.runs.results import read_test
    from tlcore.runs.store import RunStore

    began = time.monotonic()
    budget = 60 * given.minutes
    data = data_of(given.pictures)
    notes = _checked(data)
    found = try_cards(data, seconds=FOR_TRYING * budget, tell=tell)
    if not given.json:
        print_trial(found)
    recipe, store = recipe_for(data, found.best.backbone), RunStore()
    result = follow(store, begin(store, recipe, ""))
    if result is None:
        return INTERRUPTED
    tested = time.monotonic() - began
    test = read_test(store, result["run"], by=LOCAL)
    place = given.to or Path(f"auto-{result['run']}")
    place.mkdir(parents=True, exist_ok=True)
    files = {"report": str(_report(store, result["run"], place))}
    left = budget - (time.monotonic() - began)
    package, why_not = _package(store, result["run"], place, left)
    if package:
        files["package"] = package
    seconds = time.monotonic() - began
    doubts = [*notes, *_doubts(found, recipe, test), *([why_not] if why_not else [])]
    if seconds > budget:
        doubts.append(f"It took longer than the {given.minutes:g} minutes that you gave.")
    if given.json:
        print_json({"run": result["run"], "trial": asdict(found), "report": asdict(test),
                    "seconds": seconds, "tested_after": tested, "files": files,
                    "doubts": doubts})  # fmt: skip
    else:
        _say(found, recipe, test, files, doubts, (tested, seconds))
    return 0


def _minutes(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 10_000:
        raise ArgumentTypeError(f"{text!r} must be a number of minutes, such as 5")
    return found


def _checked(data: Data) -> list[str]:
    """What is wrong with the pictures, as far as a look at all of them tells."""
    from tlcore.advice.defaults import suited
    from tlcore.data.load import load
    from tlcore.recipe import Recipe

    tell("The pictures are checked")
    return list(load(data, suited(Recipe(data=data)).recipe.input).notes)


def _report(store: RunStore, run: str, place: Path) -> Path:
    from tlcore.access import LOCAL
    from tlcore.report import story_of, write_html

    tell("The report is written")
    return write_html([story_of(store, run, by=LOCAL)], place / "report.html")


def _package(store: RunStore, run: str, place: Path, left: float) -> tuple[str, str]:
    """Where the package is, or why there is none."""
    from tlcore.access import LOCAL
    from tlcore.errors import ThawError
    from tlcore.export.script import require

    later = f"Make it with: {COMMAND} ship {run}"
    if left <= 0:
        return "", f"There was no time left for the package. {later}"
    try:
        require()
        from tlcore.nn.export.package import ship

        return str(ship(store, run, place / "network.zip", by=LOCAL, tell=tell).place), ""
    except ThawError as error:
        return "", f"There is no package: {error} {later}"


def _doubts(found: Trial, recipe: Recipe, test: TestReport) -> list[str]:
    """What a person should not take for certain."""
    accuracy = test.accuracy
    doubts = [
        f"Another {accuracy.n:,} test pictures might give anything from {in_percent(accuracy.low)} "
        f"to {in_percent(accuracy.high)}."
    ]
    if alike := [each.title for each in found.tried[1:] if each.may_be_best]:
        doubts.append(f"{', '.join(alike)} may be as good: the pictures can't tell.")
    if recipe.optimiser.name == "exact":
        doubts.append("Only the head was trained. Whether thawing blocks helps was not tried.")
    return doubts


def _say(
    found: Trial,
    recipe: Recipe,
    test: TestReport,
    files: dict[str, str],
    doubts: list[str],
    seconds: tuple[float, float],
) -> None:
    accuracy, best = test.accuracy, found.best
    head = "an exact head" if recipe.optimiser.name == "exact" else "a head"
    print(
        f"\nWhat was done: {len(found.tried)} backbones were tried on {found.pictures:,} pictures; "
        f"{best.title} at {best.size} px was best. It got {head} and was tested on "
        f"{accuracy.n:,} pictures that had no part in any choice."
    )
    print(f"accuracy   {rate(accuracy)}")
    print(f"tested     after {seconds[0]:.1f} s; all done after {seconds[1]:.1f} s")
    for name, path in files.items():
        print(f"{name:<10} {printable(path)}")
    print("\nWhat is not sure:")
    for doubt in doubts:
        print(f"  - {printable(doubt)}")
    sys.stdout.flush()
