"""Rows 11 and 12: the disk is full, for the database, the points, a state or the cache.

As a module: `python -m bench.faulting.disks FOLDER database|state TRIALS`, as root, in a namespace
of mounts of its own.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.faulting.mounts import fill, in_a_namespace, small_disk
from bench.faulting.rows import Budget, Outcome, Row
from bench.support.lives import RECIPE, publish, submit, work
from tlcore.access import LOCAL
from tlcore.errors import ThawError
from tlcore.events import Note
from tlcore.runs.records import Attempt, Metric
from tlcore.runs.store import RunStore

_MEGABYTES = 8
_STEPS = 3000


def check_database(budget: Budget) -> Outcome:
    """Submitting, points and events on a disk of 8 MB."""
    return _check(budget, "database")


def check_state(budget: Budget) -> Outcome:
    """A state and the cache of pictures."""
    return _check(budget, "state")


def _check(budget: Budget, what: str) -> Outcome:
    came = in_a_namespace(
        "bench.faulting.disks", budget.folder, what, budget.count, seconds=budget.seconds + 20
    )
    return Outcome(came["trials"], came["found"], tuple(came["broken"]))


def fill_and_try(folder: Path, what: str, count: int) -> dict[str, Any]:
    """Each trial on a new disk: fill it, do what can't be done, free it, and do it."""
    tries = _DATABASE if what == "database" else _STATES
    broken, said = [], set()
    for number in range(count):
        name, act = tries[number % len(tries)]
        with small_disk(folder / "disk", _MEGABYTES) as disk:
            os.environ["TL_HOME"] = str(disk / "home")
            words, faults = _trial(disk, act, random.Random(number).randrange(0, 40_000))
        said.add(words)
        broken += [f"{name}: {fault}" for fault in faults]
    names = ", ".join(name for name, _ in tries)
    sentences = " / ".join(sorted(filter(None, said)))
    return {"trials": count, "found": f"{names}: {sentences}", "broken": broken}


def _trial(
    disk: Path, act: Callable[[RunStore, Attempt], Any], leave: int
) -> tuple[str, list[str]]:
    """What was said, and what didn't hold."""
    store = RunStore(disk / "home")
    attempt = work(store)
    before = publish(store, attempt, "last", "x" * 10_000)
    ballast, words, broken = fill(disk, leave=leave), "", []
    try:
        for _ in range(_STEPS):
            act(store, attempt)
    except ThawError as error:
        words = error.what
        broken += [f"no word of what to do: {words}"] * (not error.remedy)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        broken.append(f"{type(error).__name__}: {error}")
    else:
        broken.append("the disk was never full")
    broken += ["a draft was left"] * any(disk.rglob("*.tmp"))
    broken += ["the state before is gone"] * (before.read_text() != "x" * 10_000)
    ballast.unlink()
    return words, broken + _after(store, attempt, act)


def _after(store: RunStore, attempt: Attempt, act: Callable[[RunStore, Attempt], Any]) -> list[str]:
    """With space again, the same store goes on, and nothing in it is damaged."""
    broken = []
    with store._database.reading() as sql:
        (sound,) = sql.execute("PRAGMA integrity_check").fetchone()
    broken += [f"the database: {sound}"] * (sound != "ok")
    broken += ["a state isn't whole"] * (
        not all(each.is_whole() for each in store.checkpoints(attempt.run, by=LOCAL))
    )
    try:
        act(store, attempt)
    except ThawError as error:
        broken.append(f"after space was freed: {error.what}")
    return broken


def _submit(store: RunStore, attempt: Attempt) -> None:
    submit(store)


def _note_points(store: RunStore, attempt: Attempt) -> None:
    points = [Metric("loss", 0, random.randrange(10**6), 0.5) for _ in range(100)]
    store.record(attempt, metrics=points)


def _note_events(store: RunStore, attempt: Attempt) -> None:
    store.record(attempt, [Note("so it goes " * 100)])


def _save_state(store: RunStore, attempt: Attempt) -> None:
    """As the engine does it, with a file that doesn't fit beside the ballast."""
    from bench.support.hostile.weights import sound
    from tlcore.nn.engine.saved_network import write

    tensors = {f"{n}{i}": t for i in range(30) for n, t in sound().items()}
    draft = store.folder(attempt.run, by=LOCAL).drafts(attempt.number) / "last.safetensors"
    write(draft, "state", tensors, {"recipe": RECIPE.id})
    store.publish(attempt, "last", draft)


def _keep_pictures(store: RunStore, attempt: Attempt) -> None:
    import numpy as np

    from tlcore.data.cache import kept, key_of

    def make(write: Callable[[Any], None]) -> dict[str, Any]:
        write(np.zeros((20, 32, 32, 3), np.uint8))
        return {}

    kept(key_of(random.random()), make)


_DATABASE = (("submit", _submit), ("points", _note_points), ("events", _note_events))
_STATES = (("a state", _save_state), ("the cache", _keep_pictures))

ROWS = (
    Row(
        11,
        "the disk is full (8 MB in memory): the database",
        "one sentence that says so; nothing damaged; the same works once there is space",
        check_database,
        full=30,
        quick=3,
    ),
    Row(
        12,
        "the disk is full (8 MB in memory): a state, the cache",
        "the state before stands, no draft is left, and a sentence says why",
        check_state,
        full=30,
        quick=2,
    ),
)

if __name__ == "__main__":
    place, asked, trials = sys.argv[1:]
    print(json.dumps(fill_and_try(Path(place), asked, int(trials))))
