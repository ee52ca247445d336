"""Rows 1 and 2: a worker is killed while it trains, or while it writes a state down.

Workers are forked from this process, which has torch in memory and never uses it, as those of the
warm server are: a kill takes a second and not ten.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from bench.faulting.rows import Budget, Outcome, Row
from tlcore.access import LOCAL
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_fields
from tlcore.runs.identity import of, own
from tlcore.runs.records import Attempt
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

_EPOCHS = 25
_EPOCHS_IN_A_HURRY = 8
_KILLS_A_RUN = 10
_LONGEST = 0.6
_DEVICE = "cpu"


@dataclass
class Tally:
    """What the kills did."""

    kills: int = 0
    in_a_write: int = 0
    whole: int = 0
    finished: int = 0
    same: int = 0
    broken: list[str] = field(default_factory=list)


def check_any(budget: Budget) -> Outcome:
    """At random moments."""
    return _check(budget, _at_random)


def check_writes(budget: Budget) -> Outcome:
    """As soon as a draft of a state lies in the attempt's folder, or some thousandths later."""
    return _check(budget, _in_a_write)


def small_recipe(**changes: object) -> Recipe:
    """Some seconds of training, and a state of some megabytes."""
    fields: dict[str, object] = {
        "data": {"name": "shapes", "shapes": {"per_class": 3, "test_per_class": 2, "size": 16}},
        "input": {"size": 32},
        "model": {"backbone": "pebble-shapes", "weights": "none"},
        "schedule": {"preset": "full"},
        "epochs": _EPOCHS,
        "batch": 8,
        "precision": "float32",
    }
    return from_fields({**fields, **changes})


def load_torch() -> None:
    """What every worker needs, once; nothing of it is used here."""
    for module in ("torch", "timm", "tlcore.nn.engine", "tlcore.analysis.scores"):
        import_module(module)


def _check(budget: Budget, wait: Callable[[RunStore, Attempt, int], None]) -> Outcome:
    load_torch()
    store, tally = RunStore(), Tally()
    recipe = small_recipe(epochs=_EPOCHS_IN_A_HURRY if budget.quick else _EPOCHS)
    expected = _uninterrupted(store, recipe)
    while tally.kills < budget.count and budget.left() > 0:
        kills = min(_KILLS_A_RUN, budget.count - tally.kills)
        _one_run(store, recipe, kills, wait, tally, expected)
    found = (
        f"{tally.in_a_write} of {tally.kills} kills left a half-written state, "
        f"{tally.whole:,} published files whole; {tally.same} of {tally.finished} runs ended "
        "with the very weights and curves of an uninterrupted one"
    )
    return Outcome(tally.kills, found, tuple(tally.broken))


def _uninterrupted(store: RunStore, recipe: Recipe) -> object:
    run = store.submit(recipe, by=LOCAL).id
    _fork(store, run, None)
    return _what_came_of(store, run)


def _one_run(
    store: RunStore,
    recipe: Recipe,
    kills: int,
    wait: Callable[[RunStore, Attempt, int], None],
    tally: Tally,
    expected: object,
) -> None:
    """Kill a run's workers, each further than the one before, then let it end."""
    run = store.submit(recipe, by=LOCAL).id
    for _ in range(kills):
        before = [each.path.name for each in store.checkpoints(run, by=LOCAL)]
        if not _fork(store, run, wait):
            break  # it had ended before
        tally.kills += 1
        _look(store, run, before, tally)
        store.resume(run, by=LOCAL)
    else:
        _fork(store, run, None)
    tally.finished += 1
    came = _what_came_of(store, run)
    tally.same += came == expected
    if came != expected:
        tally.broken.append(came if isinstance(came, str) else f"other numbers in {run}")
    if strays := list(store.folder(run, by=LOCAL).path.glob("attempt-*/*")):
        tally.broken.append(f"{len(strays)} drafts were left")


def _fork(store: RunStore, run: str, wait: Callable[[RunStore, Attempt, int], None] | None) -> bool:
    """Have a worker work on a run; tell whether it was killed before it came to its end."""
    attempt = store.claim(device=_DEVICE, worker=own(), run=run)
    assert attempt
    if (worker := os.fork()) == 0:
        _become_worker(store, attempt)
    if wait is not None:
        wait(store, attempt, worker)
        os.kill(worker, signal.SIGKILL)
    _, status = os.waitpid(worker, 0)
    return os.WIFSIGNALED(status)


def _become_worker(store: RunStore, attempt: Attempt) -> None:
    code = 1
    try:
        log = os.open(
            store.folder(attempt.run, by=LOCAL).log, os.O_WRONLY | os.O_CREAT | os.O_APPEND
        )
        os.dup2(log, 2)
        os.environ["TL_DEVICE"] = _DEVICE
        from tlcore.nn.worker import main

        code = main([attempt.run, str(attempt.number), "1"])
    finally:
        os._exit(code)


def _at_random(store: RunStore, attempt: Attempt, worker: int) -> None:
    _until_begun(store, attempt, worker)
    time.sleep(random.Random(f"{attempt.number}").random() * _LONGEST)


def _in_a_write(store: RunStore, attempt: Attempt, worker: int) -> None:
    folder = store.folder(attempt.run, by=LOCAL).drafts(attempt.number)
    chance = random.Random(f"{attempt.run} {attempt.number}")
    _until_begun(store, attempt, worker)
    skipped = chance.randrange(2)
    for _ in range(skipped + 1):
        while of(worker) and os.listdir(folder):
            time.sleep(0.0005)
        while of(worker) and not os.listdir(folder):
            time.sleep(0.0005)
    time.sleep(chance.random() * 0.004)


def _until_begun(store: RunStore, attempt: Attempt, worker: int) -> None:
    while of(worker) and store.get(attempt.run, by=LOCAL).state == State.STARTING:
        time.sleep(0.01)


def _look(store: RunStore, run: str, before: list[str], tally: Tally) -> None:
    """After a kill: the run is found lost, and what was published is there and whole."""
    folder = store.folder(run, by=LOCAL)
    tally.in_a_write += any(folder.path.glob("attempt-*/*last*"))
    kept = store.checkpoints(run, by=LOCAL)
    tally.whole += sum(each.is_whole() for each in kept)
    if broken := [each.path.name for each in kept if not each.is_whole()]:
        tally.broken.append(f"damaged: {broken}")
    if len(kept) < len(before) or [each.path.name for each in kept] < before:
        tally.broken.append(f"lost: {before}, and there is {[each.path.name for each in kept]}")
    lost = [each.id for each in store.find_lost()]
    if lost != [run] or store.get(run, by=LOCAL).state != State.LOST:
        tally.broken.append(f"found lost: {lost}, and it should be {run}")


def _what_came_of(store: RunStore, run: str) -> object:
    """Everything that must not depend on kills: the network, what it says, the curves."""
    found = store.get(run, by=LOCAL)
    if found.state != State.FINISHED:
        return f"{found.state}: {found.reason}"
    files = []
    for kind in ("best", "predictions"):
        path = store.artifact(run, kind, by=LOCAL)
        content = path.read_bytes() if path else b""
        files.append(_taken_apart(content) if kind == "best" else content)
    curves = sorted(
        (point.name, point.epoch, point.value)
        for point in store.metrics(run, by=LOCAL)
        if point.name.startswith(("train_", "validation_"))
    )
    return files, curves


def _taken_apart(content: bytes) -> tuple[object, bytes]:
    """A safetensors file's header, whose names come in any order, and its numbers."""
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


ROWS = (
    Row(
        1,
        "a training worker is killed (kill -9) at random moments",
        "no published state lost, no row wrong, the weights those of an uninterrupted run",
        check_any,
        full=150,
        quick=3,
        seconds=200,
        quick_seconds=10,
    ),
    Row(
        2,
        "a worker is killed (kill -9) while it writes a state down",
        "the state before is whole; what was half written is swept away",
        check_writes,
        full=60,
        quick=3,
        seconds=150,
        quick_seconds=10,
    ),
)
