"""What a finished run comes to, as the book keeps it."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from functools import cache

import tlcore
from tlcore import paths
from tlcore.reproduce.book import Measurement
from tlcore.reproduce.jobs import Job
from tlcore.runs.owners import LOCAL
from tlcore.runs.results import read_result
from tlcore.runs.store import RunStore


def measurement(store: RunStore, run: str, job: Job) -> Measurement:
    """The outcome of a finished run, and what it was measured on."""
    result = read_result(store, run, by=LOCAL)
    accuracy = result["report"]["accuracy"]
    points = [m for m in store.metrics(run, by=LOCAL) if m.name == "validation_accuracy"]
    ended = store.get(run, by=LOCAL).ended or 0.0
    return Measurement(
        row=job.row.id,
        seed=job.seed,
        labels=job.labels,
        accuracy=accuracy["value"],
        low=accuracy["low"],
        high=accuracy["high"],
        pictures=accuracy["n"],
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
    command = ["git", "-C", str(paths.PROJECT), "rev-parse", "--short=10", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return tlcore.__version__
    return found.stdout.strip()
