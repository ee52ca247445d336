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
    from bench.race.race import Lap, Runner
    from bench.race.works import Work
    from tlcore.cli.arguments import Verbs

LIMITS = (("pebble-photo", 32), ("mobilenetv2_100", 96), ("resnet18", 96), ("resnet50", 224))


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
    verb.add_argument("--limit", action="store_true", help="how near to the machine's own limit")
    only = "race against this one alone; may be given several times (all)"
    verb.add_argument("--against", action="append", default=[], metavar="NAME", help=only)
    verb.add_argument("--write", type=Path, metavar="FILE", help="add the tables to this file")


def bench(given: Namespace) -> int:
    """Race, and print a table as each work is done."""
    said = _limits(given) if given.limit else _races(given)
    if given.write:
        with given.write.open("a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(said) + "\n")
    return 0


def _races(given: Namespace) -> list[str]:
    from bench.race.race import OURSELVES, TUTORIAL, peers
    from bench.race.table import HEADER, lines
    from tlcore import catalog

    usual = "mobilenetv2_100" if catalog.here("mobilenetv2_100") else "pebble-shapes"
    backbone = given.backbone or usual
    others = (TUTORIAL, *(peers(given.peers) if given.peers else ()))
    runners = (OURSELVES, *_chosen(others, given.against))
    said = [f"{catalog.canonical(backbone)} at {given.size} pixels; batch 32, AdamW. {_machine()}"]
    print(said[0])
    for photos in (False, True):
        works = [work for work in _works(given.works) if work.photos is photos]
        with TemporaryDirectory() as folder:
            pictures = Path(folder)
            what = _laid_out(works, pictures, needed=bool(given.works))
            if not what:
                continue
            said += (head := ["", f"{what}:", "", HEADER])
            print("\n".join(head))
            for work in works:
                laps = _laps(runners, work, backbone, given, pictures)
                said += (found := lines(work, laps))
                print("\n".join(found), flush=True)
    return said


def _laid_out(works: list[Work], pictures: Path, *, needed: bool) -> str:
    """What there is to race over; nothing if photos are missing that nobody asked for by name."""
    from bench.race.pictures import lay_out, lay_out_photos
    from tlcore.errors import DataMissing

    if not works:
        return ""
    try:
        return (lay_out_photos if works[0].photos else lay_out)(pictures)
    except DataMissing as error:
        if needed:
            raise
        print(f"left out: {', '.join(work.name for work in works)}. {error}", file=sys.stderr)
        return ""


def _limits(given: Namespace) -> list[str]:
    from bench.race.limit import measure_limit
    from bench.race.limits import LIMIT_HEADER, limit_line

    pairs = [(given.backbone, given.size)] if given.backbone else LIMITS
    said = [f"Frozen blocks against what the machine can do. {_machine()}", "", LIMIT_HEADER]
    print("\n".join(said))
    for backbone, size in pairs:
        line = limit_line(backbone, size, measure_limit(backbone, size))
        print(line, flush=True)
        said.append(line)
    return said


def _chosen(others: tuple[Runner, ...], names: list[str]) -> list[Runner]:
    from tlcore.errors import Problem, RecipeError

    if unknown := sorted(set(names) - {other.name for other in others}):
        rule = f"isn't here; there are {', '.join(other.name for other in others)}"
        raise RecipeError([Problem("--against", repr(unknown[0]), rule)])
    return [other for other in others if not names or other.name in names]


def _works(names: list[str]) -> list[Work]:
    from bench.race.works import WORKS
    from tlcore.errors import Problem, RecipeError

    if unknown := [name for name in names if name not in WORKS]:
        rule = f"is no work; there are {', '.join(WORKS)}"
        raise RecipeError([Problem("work", repr(unknown[0]), rule)])
    return [WORKS[name] for name in names or WORKS]


def _laps(
    runners: tuple[Runner, ...], work: Work, backbone: str, given: Namespace, pictures: Path
) -> dict[str, list[Lap]]:
    from bench.race.race import race

    laps: dict[str, list[Lap]] = {runner.name: [] for runner in runners}
    for name, lap in race(runners, work, backbone, given.size, pictures, given.rounds):
        laps[name].append(lap)
        what = lap.failure or f"{lap.seconds:.2f} s"
        print(f"{work.name}: {name}: {what}", file=sys.stderr)
    return laps


def _machine() -> str:
    """The hardware, the library, the commit and the day: what a figure is worth nothing without."""
    from tlcore.runs.folder import describe_environment
    from tlcore.studies.reproduce.book import commit

    facts = describe_environment("cpu", 0)
    torch = facts["libraries"].get("torch", "not installed")
    day = datetime.now(UTC).date()
    return f"{facts['cores']} cores, {facts['processor']}, torch {torch}; {commit()}, {day}."
