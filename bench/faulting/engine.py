"""Rows 14 to 17: what goes wrong within training itself, with torch in the row's own process."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.faulting.promised import by_tests
from bench.faulting.rows import Budget, Outcome, Row
from bench.support.makers import picture, two_classes, write_files
from tlcore.access import LOCAL
from tlcore.errors import CheckpointError, ThawError
from tlcore.events import Event, StepDone
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_fields
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

_TRAIN = "tests/nn/engine/test_train.py"
_CHANGES: dict[str, Callable[[Path], object]] = {
    "a picture was added": lambda root: (root / "cats" / "new.png").write_bytes(picture(99)),
    "a picture was replaced": lambda root: (root / "cats" / "0.png").write_bytes(picture(98)),
    "a picture is gone": lambda root: (root / "dogs" / "1.png").unlink(),
    "a picture changed class": lambda root: (root / "dogs" / "2.png").rename(
        root / "cats" / "moved.png"
    ),
}


def check_nan(budget: Budget) -> Outcome:
    """A rate that no training survives, and a loss that is no number in the third epoch."""
    store, words, broken = RunStore(), "", []
    for number in budget.trials():
        sudden = number % 2 == 1
        found = _unlucky(store) if sudden else _worked(store, _small(rate=1e9))
        words = found.reason.partition(" (")[0]
        kept = store.checkpoints(found.id, by=LOCAL)
        if found.state != State.FAILED or not any(each in words for each in ("nan", "inf", "NaN")):
            broken.append(f"{found.state}: {words}")
        if not all(each.is_whole() for each in kept) or (sudden and not kept):
            broken.append("no good state is left")
    return Outcome(budget.made, f"failed, and says: {words}", tuple(broken))


def _unlucky(store: RunStore) -> Run:
    from tlcore.nn.engine import step

    learned, steps = step._gradients, count()

    def lose(*given: Any) -> tuple[float, int, Any]:
        loss, right, losses = learned(*given)
        return float("nan") if next(steps) > 5 else loss, right, losses

    with patch.object(step, "_gradients", lose):
        return _worked(store, _small(rate=0.01))


def check_damage(budget: Budget) -> Outcome:
    """Cut and flip the newest of two states; then let the run go on from the one before."""
    from tlcore.nn.engine.saved_network import read

    store = RunStore()
    run = _paused(store, _small(), times=2).id
    newest = store.checkpoints(run, by=LOCAL)[0]
    sound, silent = newest.path.read_bytes(), 0
    for number in budget.trials():
        newest.path.write_bytes(_spoilt(sound, number))
        silent += newest.is_whole()
        with suppress(CheckpointError):
            silent += bool(read(newest.path, "state"))
    end = _resumed(store, run)
    told = any("passed over" in each.get("text", "") for each in store.events(run, by=LOCAL))
    broken = [f"{silent} loaded in silence"] * bool(silent)
    broken += [f"{end.state}: {end.reason}"] * (end.state != State.FINISHED)
    broken += ["it wasn't told that a state was passed over"] * (not told)
    found = f"{silent} loaded in silence; the run went on from the state before, and said so"
    return Outcome(budget.made, found, tuple(broken))


def _spoilt(content: bytes, number: int) -> bytes:
    """Cut anywhere, or one bit turned: every other one of each."""
    chance = random.Random(number)
    place = chance.randrange(len(content))
    if number % 2:
        return content[:place]
    bit = content[place] ^ 1 << chance.randrange(8)
    return content[:place] + bytes([bit]) + content[place + 1 :]


def check_other_pictures(budget: Budget) -> Outcome:
    """Change the folder while the run is paused."""
    store, broken, words = RunStore(), [], ""
    for number, (change, make) in zip(budget.trials(), _CHANGES.items(), strict=False):
        root = write_files(budget.folder / f"pictures-{number}", two_classes(8))
        run = _paused(store, _small(data={"name": "folder", "path": str(root)})).id
        make(root)
        end = _resumed(store, run)
        words = end.reason.partition(" (")[0]
        if end.state != State.FAILED or "pictures have changed" not in words:
            broken.append(f"{change}: {end.state}, {words}")
    root = write_files(budget.folder / "touched", two_classes(8))
    run = _paused(store, _small(data={"name": "folder", "path": str(root)})).id
    for file in root.rglob("*.png"):
        file.touch()
    if (end := _resumed(store, run)).state != State.FINISHED:
        broken.append(f"files that were only touched: {end.state}, {end.reason}")
    return Outcome(budget.made, f"{words}; files that were only touched go on", tuple(broken))


def _small(*, rate: float = 0.05, data: object = None) -> Recipe:
    shapes = {"name": "shapes", "shapes": {"per_class": 3, "test_per_class": 2, "size": 16}}
    return from_fields(
        {
            "data": data or shapes,
            "input": {"size": 32},
            "model": {"backbone": "pebble-shapes", "weights": "none"},
            "schedule": {"preset": "full"},
            "optimiser": {"name": "sgd", "rate": rate},
            "epochs": 4,
            "batch": 16,
            "precision": "float32",
        }
    )


def _paused(store: RunStore, recipe: Recipe, times: int = 1) -> Run:
    """A run that was paused after its first step, and again after each further one."""
    run = store.submit(recipe, by=LOCAL).id
    for number in range(times):
        if number:
            store.resume(run, by=LOCAL)
        _work(store, run, to_the_end=False)
    return store.get(run, by=LOCAL)


def _resumed(store: RunStore, run: str) -> Run:
    store.resume(run, by=LOCAL)
    return _work(store, run)


def _worked(store: RunStore, recipe: Recipe) -> Run:
    return _work(store, store.submit(recipe, by=LOCAL).id)


def _work(store: RunStore, run: str, *, to_the_end: bool = True) -> Run:
    from tlcore.nn.worker import work

    steps: list[Event] = []

    def show(event: Event) -> None:
        if isinstance(event, StepDone):
            steps.append(event)

    attempt = store.claim(device="cpu", run=run)
    assert attempt
    with suppress(ThawError):
        work(
            store, attempt, show=show, threads=1,
            interrupted=lambda: bool(steps) and not to_the_end,
        )  # fmt: skip
    return store.get(run, by=LOCAL)


ROWS = (
    Row(
        14,
        "the GPU's memory runs out (injected)",
        "the batch goes through in parts, the step stays the same, and it is said",
        by_tests(
            "injected on the CPU",
            f"{_TRAIN}::test_when_memory_runs_out_the_batch_is_halved_the_step_is_the_same_and_it_is_said",
            f"{_TRAIN}::test_when_memory_runs_out_in_a_test_smaller_batches_say_the_same",
            f"{_TRAIN}::test_other_errors_are_not_taken_for_want_of_memory",
        ),
        seconds=60,
        quick_seconds=30,
    ),
    Row(
        15,
        "the loss is no number any more (a rate of 1e9; NaN in the third epoch)",
        "the run fails and says why; the last good state stands",
        check_nan,
        full=10,
        quick=2,
        quick_seconds=15,
    ),
    Row(
        16,
        "the newest state is cut, or a bit of it turns",
        "never loaded in silence; the run goes on from the state before, and says so",
        check_damage,
        full=1_000,
        quick=30,
        seconds=90,
        quick_seconds=15,
    ),
    Row(
        17,
        "pictures change while a run is paused",
        "it is not resumed, in words; files that were only touched change nothing",
        check_other_pictures,
        full=len(_CHANGES),
        quick=1,
        quick_seconds=15,
    ),
)
