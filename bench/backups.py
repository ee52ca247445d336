"""Backups made while runs go on: `python -m bench.backups [HOW_MANY]` (200).

Four writers submit, work on, pause and delete rehearsed runs in one home without a pause. Meanwhile
backups are made; each is restored into a fresh home, every file held against its sum, and every run
that isn't at its end is resumed there and worked on to its end. Prints a line, and what failed.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from statistics import median

from tests.runs import fake_run
from tlcore.access import LOCAL
from tlcore.errors import RunError
from tlcore.events import Event, StepDone
from tlcore.nn import worker
from tlcore.recipe import Recipe
from tlcore.runs.backup import back_up, restore
from tlcore.runs.records import Attempt
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

WRITERS = 4
TO_GO_ON = (State.QUEUED, State.PAUSED, State.LOST)
MOST_RUNS = 12


def write(seed: int) -> None:
    """Submit, work, pause, delete, until killed."""
    dice, store = random.Random(seed), RunStore()
    worker.load_engine = lambda threads: fake_run.train
    while True:
        with suppress(RunError):
            run = store.submit(Recipe(name=f"writer {seed}", epochs=dice.randint(1, 4)), by=LOCAL)
            attempt = store.claim(device="cpu", run=run.id)
            if attempt is None or dice.random() < 0.2:
                continue
            pauses = dice.random() < 0.5
            _work(store, attempt, pauses=pauses)
        store.find_lost()  # what was left behind above, as soon as its lease has run out
        for old in store.list(by=LOCAL, limit=-1)[MOST_RUNS:]:
            with suppress(RunError):  # it is at work
                store.delete(old.id, by=LOCAL)
                store.forget(old.id, by=LOCAL)


def _work(store: RunStore, attempt: Attempt, *, pauses: bool) -> None:
    """To its end, or to the middle of its second epoch."""
    seen: list[Event] = []
    interrupted = lambda: pauses and isinstance(seen[-1], StepDone) and len(seen) > 8  # noqa: E731
    worker.work(store, attempt, show=seen.append, interrupted=interrupted)


def go_on(home: Path) -> Counter[str]:
    """Resume and finish whatever isn't at its end; tell how it went."""
    found: Counter[str] = Counter()
    with closing(RunStore(home)) as store:
        for run in store.list(by=LOCAL, states=TO_GO_ON, limit=-1):
            if run.state != State.QUEUED:
                store.resume(run.id, by=LOCAL)
            attempt = store.claim(device="cpu", run=run.id)
            assert attempt is not None
            found[str(worker.work(store, attempt, threads=1))] += 1
        for run in store.list(by=LOCAL, states=[State.FINISHED], limit=-1):
            assert store.artifact(run.id, "best", by=LOCAL) is not None, run.id
    return found


def main(count: int = 200) -> int:
    """Make, restore and go on with so many."""
    worker.load_engine = lambda threads: fake_run.train
    whole, failed, took = 0, Counter[str](), []
    gone_on: Counter[str] = Counter()
    lost = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TL_HOME"] = str(Path(folder) / "home")
        command = [sys.executable, "-m", "bench.backups", "write"]
        writers = [subprocess.Popen([*command, str(seed)]) for seed in range(WRITERS)]
        try:
            store = RunStore()
            while sum(store.counts(by=LOCAL).values()) < MOST_RUNS // 2:
                time.sleep(0.5)
            for number in range(count):
                file, home = Path(folder) / f"{number}.zip", Path(folder) / f"home-{number}"
                try:
                    began = time.perf_counter()
                    back_up(store, file)
                    took.append(time.perf_counter() - began)
                    lost += len(restore(file, home).lost)
                    gone_on += go_on(home)
                    whole += 1
                except Exception as error:  # noqa: BLE001 - counted and shown
                    failed[f"{type(error).__name__}: {error}"[:200]] += 1
                shutil.rmtree(home, ignore_errors=True)
                file.unlink(missing_ok=True)
                if number % 20 == 19:
                    print(f"{whole} of {number + 1} whole so far", file=sys.stderr, flush=True)
        finally:
            for each in writers:
                each.kill()
                each.wait()
    print(
        f"{whole} of {count} backups whole; a backup took {median(took or [0]):.2f} s (median), "
        f"{max(took or [0]):.2f} s at most; runs that were at work: {lost}; gone on with: "
        f"{dict(gone_on)}"
    )
    for words, times in failed.items():
        print(f"{times} times {words}")
    return int(whole < count)


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(int(sys.argv[2]))
    sys.exit(main(*map(int, sys.argv[1:])))
