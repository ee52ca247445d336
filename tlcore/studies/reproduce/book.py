"""What was measured, as JSON: each run under its recipe and seed, with the machine that did it.

A run that is in the book is not done again, so an interrupted reproduce goes on where it was.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import stdev
from typing import Any

import tlcore
from tlcore import paths
from tlcore.access import LOCAL
from tlcore.analysis.decision import way_of
from tlcore.analysis.intervals import FEWEST_SEEDS, Interval
from tlcore.analysis.seeds import over_runs
from tlcore.errors import NotReadable
from tlcore.files import written_whole
from tlcore.runs.results import read_result, read_test
from tlcore.runs.store import RunStore
from tlcore.studies.reproduce.jobs import Job


def measurement(store: RunStore, run: str, job: Job) -> Measurement:
    """The outcome of a finished run, and what it was measured on."""
    result = read_result(store, run, by=LOCAL)
    accuracy = read_test(store, run, by=LOCAL).accuracy
    points = [m for m in store.metrics(run, by=LOCAL) if m.name == "validation_accuracy"]
    ended = store.get(run, by=LOCAL).ended or 0.0
    return Measurement(
        row=job.row.id,
        seed=job.seed,
        labels=job.labels,
        accuracy=accuracy.value,
        low=accuracy.low,
        high=accuracy.high,
        pictures=accuracy.n,
        curve=tuple(round(m.value, 4) for m in sorted(points, key=lambda m: m.epoch)),
        seconds=round(result["seconds"], 1),
        hardware=hardware_of(store, run),
        commit=commit(),
        date=datetime.fromtimestamp(ended, UTC).strftime("%Y-%m-%d %H:%M"),
    )


def hardware_of(store: RunStore, run: str) -> str:
    """Processor or GPU, and how much of it."""
    path = store.folder(run, by=LOCAL).environment
    facts = json.loads(path.read_bytes())
    processor = f"{facts['processor']}, {facts['threads']} of {facts['cores']} cores"
    return processor if facts["device"] == "cpu" else f"{facts['device']}, {processor}"


@cache
def commit() -> str:
    """Which state of the code this is; the version where there is no git."""
    if paths.INSTALLED:  # which may lie within somebody else's repository
        return tlcore.__version__
    command = ["git", "-C", str(paths.PROJECT), "rev-parse", "--short=10", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return tlcore.__version__
    return found.stdout.strip()


FORMAT = 1


@dataclass(frozen=True)
class Measurement:
    """One run's outcome.

    Attributes:
        row: Of the table.
        seed: Of the recipe.
        labels: Labels a class, where the row tries several.
        accuracy: On the test pictures.
        low: Lower bound of its 95 % interval.
        high: Upper bound.
        pictures: Test pictures.
        curve: Validation accuracy after each epoch.
        seconds: From the start of the run to its end, preparation included.
        hardware: Processor, cores and threads.
        commit: Of the code.
        date: Of the end, UTC.
    """

    row: str
    seed: int
    labels: int | None
    accuracy: float
    low: float
    high: float
    pictures: int
    curve: tuple[float, ...]
    seconds: float
    hardware: str
    commit: str
    date: str

    @property
    def interval(self) -> Interval:
        return Interval(self.accuracy, self.low, self.high, self.pictures)


class Book:
    """All measurements of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs: dict[str, Measurement] = _read(path) if path.exists() else {}

    def __contains__(self, job: Job) -> bool:
        return job.key in self._runs

    def add(self, job: Job, measured: Measurement) -> None:
        """Write one more measurement down, at once."""
        self._runs[job.key] = measured
        runs = {key: asdict(each) for key, each in sorted(self._runs.items())}
        with written_whole(self._path) as draft:
            text = json.dumps({"format": FORMAT, "runs": runs}, indent=1, allow_nan=False)
            draft.write_text(text + "\n", encoding="utf-8")

    def of(self, jobs: Sequence[Job]) -> list[Measurement]:
        """What is known of these jobs, in their order."""
        return [self._runs[job.key] for job in jobs if job.key in self._runs]


def mean(measured: Sequence[Measurement]) -> Interval | None:
    """What runs of one recipe that differ in their seed alone come to; None if there are none."""
    return over_runs([each.interval for each in measured]) if measured else None


def spreads(book: Book, jobs: Sequence[Job]) -> dict[str, dict[str, float]]:
    """How far seeds moved what was measured: by how it learned, the standard deviation of every
    row, and of every number of labels, that has three seeds or more."""
    sides: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        name = f"{job.row.id}, {job.labels} labels a class" if job.labels else job.row.id
        sides.setdefault((way_of(job.recipe), name), []).append(job)
    found: dict[str, dict[str, float]] = {"head": {}, "scratch": {}, "thawed": {}}
    for (way, name), each in sorted(sides.items()):
        values = [measured.accuracy for measured in book.of(each)]
        if len(values) >= FEWEST_SEEDS:
            found[way][name] = round(stdev(values), 4)
    return found


def _read(path: Path) -> dict[str, Measurement]:
    try:
        fields = json.loads(path.read_bytes())
        if fields["format"] != FORMAT:
            raise ValueError(f"its format is {fields['format']}")
        return {key: _measurement(each) for key, each in fields["runs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotReadable(
            f"What was measured before can't be read: {error}",
            where=str(path),
            remedy="Move the file away; everything will be measured again.",
        ) from None


def _measurement(fields: Mapping[str, Any]) -> Measurement:
    return Measurement(**{**fields, "curve": tuple(fields["curve"])})
