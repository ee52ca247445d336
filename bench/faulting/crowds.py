"""Rows 35 and 36: many hands at once, and an import beside a run."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.faulting.rows import Budget, Outcome, Row
from bench.support.archives import finished, put_together, taken_apart
from bench.support.lives import work
from tlcore.access import LOCAL, anonymous
from tlcore.recipe.corrections import Correction
from tlcore.runs.archive import MOST_POINTS
from tlcore.runs.checklist import read_answers, say
from tlcore.runs.corrections import note, noted
from tlcore.runs.launchers.local import Local
from tlcore.runs.records import BEAT, LEASE, Attempt
from tlcore.runs.store import RunStore
from tlcore.runs.supervise import Supervisor
from tlcore.runs.transfer import import_run

_TABS = 16


def check_writers(budget: Budget) -> Outcome:
    """Each writes a correction and an answer beside the same run, sixteen at a time."""
    folder = budget.folder / "run"
    folder.mkdir(parents=True)

    def write(number: int) -> None:
        note(folder, Correction(picture=f"{number}.png", label="mug"), by=LOCAL)
        say(folder, f"{number}?", f"{number}", seen="")

    with ThreadPoolExecutor(_TABS) as tabs:
        list(tabs.map(write, budget.trials()))
    kept = (len(noted(folder, by=LOCAL)), len(read_answers(folder)))
    found = f"{kept[0]} of {budget.made} corrections kept, {kept[1]} of {budget.made} answers"
    return Outcome(budget.made, found, () if kept == (budget.made,) * 2 else ("some were lost",))


def check_imports(budget: Budget) -> Outcome:
    """Somebody's worker beats, and a dispatcher looks, while runs of as many points come in."""
    store = RunStore()
    parcel = _large(store, budget.folder)
    attempt, over = work(store, by=anonymous()), threading.Event()
    with ThreadPoolExecutor(2) as beside:
        beats = beside.submit(_beat, store, attempt, over)
        lost = beside.submit(_look, store, over)
        for _ in budget.trials():
            import_run(store, parcel, by=anonymous())
        over.set()
        slowest, taken = beats.result(), lost.result()
    found = f"a beat took {slowest:.1f} s at most; {taken} runs held to be lost"
    broken = [f"{taken} runs at work were held to be lost"] * bool(taken)
    broken += [f"a beat took {slowest:.1f} s"] * (slowest > LEASE)
    return Outcome(budget.made, found, tuple(broken))


def _large(store: RunStore, folder: Path) -> Path:
    """A finished run with as many points as a lab gives away."""
    from tlcore.runs.transfer import export_run

    plain = export_run(store, finished(store), folder / "plain.thaw", by=LOCAL)
    files = taken_apart(plain)
    lines = (f'["loss", 0, {step}, 0.5, 1.0]\n' for step in range(MOST_POINTS))
    files["metrics.jsonl"] = "".join(lines).encode()
    return put_together(folder / "large.thaw", files)


def _beat(store: RunStore, attempt: Attempt, over: threading.Event) -> float:
    """The slowest sign of life, in seconds."""
    slowest = 0.0
    while not over.wait(BEAT / 4):
        began = time.monotonic()
        store.beat(attempt, progress=1)
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def _look(store: RunStore, over: threading.Event) -> int:
    watch, lost = Supervisor(store, Local(store, warm=False).cancel), 0
    while not over.wait(0.5):
        lost += len(watch.look())
    return lost


ROWS = (
    Row(
        35,
        "eighty hands write corrections and answers beside one run at once",
        "all eighty are kept",
        check_writers,
        full=80,
        quick=16,
    ),
    Row(
        36,
        "runs of 200,000 points are imported while somebody else's works",
        "it is not held to be lost, and gives signs of life meanwhile",
        check_imports,
        full=2,
        quick=1,
        seconds=90,
        quick_seconds=15,
    ),
)
