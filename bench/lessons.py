"""What the lessons show, and how often a single student sees it: `python bench/lessons.py --write`.

Every lesson's runs are trained as its first students would train them: student 1 with the dice
number 1, and so on. What is measured is kept in `tlcore/classroom/figures.json`, a student at a
time, so that it can be interrupted and gone on with; a lesson that has changed is measured anew.
The teacher's pages and docs/measured/LESSONS.md are written from that.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # as a script

from tlcore import paths
from tlcore.classroom import figures, lesson
from tlcore.classroom.lesson import Lesson
from tlcore.classroom.measures import Outcome, outcome_of
from tlcore.events import EpochDone, Tested
from tlcore.nn.engine import train
from tlcore.recipe import Recipe

PAGE = paths.PROJECT / "docs" / "measured" / "LESSONS.md"


def main() -> None:
    """Measure what is missing, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(lesson.names()))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write docs/measured/LESSONS.md, too")
    given = parser.parse_args()
    for name in given.names:
        measure(name, given.seeds)
    if given.write:
        PAGE.write_text(figures.as_markdown(), encoding="utf-8")


def measure(name: str, seeds: int) -> None:
    """The students of one lesson who are still missing."""
    asked = lesson.find(name)
    known = figures.kept().get(name, {})
    students = known["students"] if known.get("lesson") == figures.fingerprint(asked) else []
    for seat in range(len(students) + 1, seeds + 1):
        students.append(student(asked, seat))
        figures.keep(name, asked, students)
        print(name, seat, {run: each["accuracy"] for run, each in students[-1].items()}, flush=True)


def student(asked: Lesson, seat: int) -> dict[str, dict[str, Any]]:
    """What every run comes to for the student of this number."""
    return {run: plain(outcome(asked.recipe(run, seat))) for run in asked.runs}


def plain(found: Outcome) -> dict[str, Any]:
    """Numbers that a file can hold."""
    sides = {side: round(100 * getattr(found.accuracy, side), 2) for side in ("low", "high")}
    values = {str(measure): round(value, 2) for measure, value in found.values.items()}
    return {**values, "n": found.accuracy.n, **sides}


def outcome(recipe: Recipe) -> Outcome:
    """Train, and read off what lessons ask about; seconds are of the processor."""
    began, trained = time.process_time(), 0.0
    for event in train(recipe):
        if isinstance(event, EpochDone):
            trained = event.train_accuracy
        if isinstance(event, Tested):
            found = event
    return outcome_of(
        found.predictions, found.report.accuracy, calibration=found.report.calibration_error,
        seconds=time.process_time() - began, trained=trained,
    )  # fmt: skip


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
