"""`reproduce`: every figure of the reports against what this machine measures."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from tlcore.cli.arguments import add_verb
from tlcore.cli.output import print_json, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tlcore.cli.arguments import Verbs
    from tlcore.runs.store import RunStore
    from tlcore.studies.reproduce.book import Book, Measurement
    from tlcore.studies.reproduce.jobs import Job

INTERRUPTED = 130
MOST_SEEDS = 10


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "reproduce",
        reproduce,
        "measure what the reports report, and write a table of both",
        "reproduce --quick",
        "reproduce --only C,e-cnn --seeds 3",
        "reproduce",
        "reproduce --page",
    )
    about = "a smaller table in minutes, written into the home and not into docs"
    verb.add_argument("--quick", action="store_true", help=about)
    about = "rows by name, or reports by letter, with commas between"
    verb.add_argument("--only", metavar="ROWS", type=_names, default=(), help=about)
    about = "how many seeds for each row, instead of what suits it"
    verb.add_argument("--seeds", metavar="N", type=_count, default=None, help=about)
    about = "measure nothing: write the page again from what is in the book"
    verb.add_argument("--page", action="store_true", help=about)


def reproduce(given: Namespace) -> int:
    """Measure what isn't in the book yet, a run at a time, and write the page after each."""
    from tlcore.runs.store import RunStore
    from tlcore.studies.reproduce.book import Book
    from tlcore.studies.reproduce.jobs import choose, jobs

    began = time.perf_counter()
    folder = _folder(quick=given.quick)
    book, store = Book(folder / "results.json"), RunStore()
    rows = () if given.page else choose(given.only)
    wanted = list(jobs(rows, quick=given.quick, seeds=given.seeds))
    for number, job in enumerate(wanted, start=1):
        if job in book:
            continue
        print(f"{number} of {len(wanted)}: {job.recipe.name}, seed {job.seed}", file=sys.stderr)
        measured = _measure(store, job)
        if measured is None:
            print("Go on with the same command.", file=sys.stderr)
            return INTERRUPTED
        book.add(job, measured)
        _write(folder, book, quick=given.quick)
    _write(folder, book, quick=given.quick)
    _tell(folder, time.perf_counter() - began, as_json=given.json)
    return 0


def _folder(*, quick: bool) -> Path:
    from tlcore import paths

    here = quick or paths.INSTALLED  # where there are no docs to write into
    return paths.home() / "reproduce" if here else paths.PROJECT / "docs"


def _measure(store: RunStore, job: Job) -> Measurement | None:
    """Train what a job says, or take the run that has done so; None if it was interrupted."""
    from tlcore.cli.run import finish
    from tlcore.studies.reproduce.book import measurement

    run = finish(store, job.recipe, job.row.preset)
    return measurement(store, run, job) if run else None


def _write(folder: Path, book: Book, *, quick: bool) -> None:
    """The page and its picture, of all that is in the book, whatever was asked for now; and what
    seeds did to it, which the lab says wherever a single run is compared."""
    import json

    from tlcore import paths
    from tlcore.analysis.decision import SPREADS
    from tlcore.files import written_whole
    from tlcore.report.document.charts.curves import draw
    from tlcore.studies.reproduce.book import spreads
    from tlcore.studies.reproduce.claims import curve
    from tlcore.studies.reproduce.jobs import jobs
    from tlcore.studies.reproduce.rows import ROWS
    from tlcore.studies.reproduce.table import page

    every = list(jobs(ROWS, quick=quick, seeds=MOST_SEEDS))
    with written_whole(folder / "RESULTS.md") as draft:
        draft.write_text(page(book, every, quick=quick), encoding="utf-8")

    if not quick and not paths.INSTALLED:
        with written_whole(SPREADS) as draft:
            text = json.dumps(spreads(book, every), indent=1)
            draft.write_text(text + "\n", encoding="utf-8")

    def of(row: str) -> list[Measurement]:
        return book.of([job for job in every if job.row.id == row])

    panels = {
        "CIFAR-10": {
            "new head on MobileNetV2": curve(of("cifar-transfer")),
            "CNN from scratch": curve(of("cifar-scratch")),
        },
        "Drawn shapes": {
            "Pebble, pre-trained": curve(of("shapes-transfer")),
            "Pebble from scratch": curve(of("shapes-scratch")),
        },
    }
    with written_whole(folder / "results.svg") as draft:
        draft.write_text(draw(panels), encoding="utf-8")


def _tell(folder: Path, seconds: float, *, as_json: bool) -> None:
    if as_json:
        files = [str(folder / name) for name in ("RESULTS.md", "results.json", "results.svg")]
        print_json({"files": files, "seconds": seconds})
        return
    print((folder / "RESULTS.md").read_text(encoding="utf-8"))
    print(f"Written to {printable(folder / 'RESULTS.md')} in {seconds:.0f} s.", file=sys.stderr)


def _names(text: str) -> Sequence[str]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_SEEDS:
        raise ArgumentTypeError(f"{text!r} must be a whole number from 1 to {MOST_SEEDS}")
    return int(text)
