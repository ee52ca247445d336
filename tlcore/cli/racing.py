"""`bench`: how much faster the lab is than others at the same work, on this machine."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tlcore.cli.arguments import add_verb

if TYPE_CHECKING:
    from tlcore.bench.race import Lap, Runner
    from tlcore.bench.works import Work
    from tlcore.cli.arguments import Verbs

QUICK = ("head-1", "head-5", "full-1")


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    about = "race the lab against the usual loop, and against other libraries if you have them"
    verb = add_verb(verbs, "bench", bench, about, "bench", "bench head-5 full-1 --rounds 5")
    verb.add_argument("works", nargs="*", metavar="WORK", help="which work (all if none is named)")
    verb.add_argument("--rounds", type=int, default=3, metavar="N", help="laps of each (3)")
    verb.add_argument("--backbone", default="", help="which network (MobileNetV2 if it is here)")
    verb.add_argument("--size", type=int, default=96, help="of the pictures it sees (96)")
    python = "a Python with bench/peers/requirements.txt, to race against those as well"
    verb.add_argument("--peers", default="", metavar="PYTHON", help=python)
    only = "race against this one alone; may be given several times (all)"
    verb.add_argument("--against", action="append", default=[], metavar="NAME", help=only)
    verb.add_argument("--write", type=Path, metavar="FILE", help="add the tables to this file")


def bench(given: Namespace) -> int:
    """Race, and print a table as each work is done."""
    from tlcore import catalog
    from tlcore.bench.pictures import lay_out
    from tlcore.bench.race import OURSELVES, TUTORIAL, peers
    from tlcore.bench.table import HEADER, lines

    usual = "mobilenetv2_100" if catalog.here("mobilenetv2_100") else "pebble-shapes"
    backbone = given.backbone or usual
    others = (TUTORIAL, *(peers(given.peers) if given.peers else ()))
    runners = (OURSELVES, *_chosen(others, given.against))
    with TemporaryDirectory() as folder:
        pictures = Path(folder) / "pictures"
        what = f"{catalog.canonical(backbone)} at {given.size} pixels, {lay_out(pictures)}"
        said = [f"{what}; batch 32, AdamW. {_machine()}", "", HEADER]
        print("\n".join(said))
        for work in _works(given.works):
            laps = _laps(runners, work, backbone, given, pictures)
            said += (found := lines(work, laps))
            print("\n".join(found), flush=True)
    if given.write:
        with given.write.open("a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(said) + "\n")
    return 0


def _chosen(others: tuple[Runner, ...], names: list[str]) -> list[Runner]:
    from tlcore.errors import Problem, RecipeError

    if unknown := sorted(set(names) - {other.name for other in others}):
        rule = f"isn't here; there are {', '.join(other.name for other in others)}"
        raise RecipeError([Problem("--against", repr(unknown[0]), rule)])
    return [other for other in others if not names or other.name in names]


def _works(names: list[str]) -> list[Work]:
    from tlcore.bench.works import WORKS
    from tlcore.errors import Problem, RecipeError

    if unknown := [name for name in names if name not in WORKS]:
        rule = f"is no work; there are {', '.join(WORKS)}"
        raise RecipeError([Problem("work", repr(unknown[0]), rule)])
    return [WORKS[name] for name in names or WORKS]


def _laps(
    runners: tuple[Runner, ...], work: Work, backbone: str, given: Namespace, pictures: Path
) -> dict[str, list[Lap]]:
    from tlcore.bench.race import race

    laps: dict[str, list[Lap]] = {runner.name: [] for runner in runners}
    for name, lap in race(runners, work, backbone, given.size, pictures, given.rounds):
        laps[name].append(lap)
        what = lap.failure or f"{lap.seconds:.2f} s"
        print(f"{work.name}: {name}: {what}", file=sys.stderr)
    return laps


def _machine() -> str:
    """The hardware, the library, the commit and the day: what a figure is worth nothing without."""
    from tlcore.reproduce.measure import commit
    from tlcore.runs.environment import describe_environment

    facts = describe_environment("cpu", 0)
    torch = facts["libraries"].get("torch", "not installed")
    day = datetime.now(UTC).date()
    return f"{facts['cores']} cores, {facts['processor']}, torch {torch}; {commit()}, {day}."
