"""Row 7: many processes take runs from one queue."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from pathlib import Path

from bench.faulting.rows import Budget, Outcome, Row
from bench.support.lives import submit
from tlcore.access import LOCAL
from tlcore.runs.identity import own
from tlcore.runs.store import RunStore

PROCESSES = 8
ROUND = 2_000


def check(budget: Budget) -> Outcome:
    """Rounds of 2,000 runs, so that the queue is as long as a school's and not longer."""
    claims, broken = 0, []
    for number in budget.trials(-(-budget.count // ROUND)):
        size = min(ROUND, budget.count - claims)
        taken = _round(budget.folder / str(number), size)
        twice = [run for run, times in Counter(taken).items() if times > 1]
        if twice or len(taken) != size:
            broken.append(f"{len(twice)} of {size} claimed twice, {len(taken)} claims in all")
        claims += len(taken)
    return Outcome(claims, f"{len(broken)} double claims by {PROCESSES} processes", tuple(broken))


def _round(home: Path, size: int) -> list[str]:
    store = RunStore(home)
    for _ in range(size):
        submit(store)
    store.close()
    context = multiprocessing.get_context("fork")
    with context.Pool(PROCESSES) as pool:
        taken = pool.map(_claim_all, [home] * PROCESSES, chunksize=1)
    attempts = {run.id: run.attempt for run in RunStore(home).list(by=LOCAL, limit=-1)}
    assert set(attempts.values()) == {1}, "each was begun once"
    return [run for each in taken for run in each]


def _claim_all(home: Path) -> list[str]:
    store, taken = RunStore(home), []
    while attempt := store.claim(device="cpu", worker=own()):
        taken.append(attempt.run)
    return taken


ROWS = (
    Row(
        7,
        "eight processes take runs from one queue",
        "no run is claimed twice",
        check,
        full=16_000,
        quick=400,
        seconds=90,
    ),
)
