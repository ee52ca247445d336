"""Work on a run: `python -m tlcore.nn.worker RUN ATTEMPT THREADS`, or `work` in any process.

The run's lock is taken and its first sign of life given before torch is imported, which takes
longer than anything else here. Whatever goes wrong becomes the run's reason, in words.
"""

from __future__ import annotations

import errno
import os
import sys
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol, TypeAlias

from tlcore import machine
from tlcore.access import LOCAL
from tlcore.errors import CheckpointError, Fenced, OutOfMemory, RunError, StoreError, ThawError
from tlcore.events import Checkpoint, Event, Finished, Note, StepDone
from tlcore.machine import threads_of_a_run
from tlcore.recipe import Recipe
from tlcore.runs.folder import RunFolder, describe_environment, threads_before
from tlcore.runs.identity import own
from tlcore.runs.limits import refuse_unseen
from tlcore.runs.mirror import mirrored
from tlcore.runs.recorder import Keeper, Pulse
from tlcore.runs.records import Artifact, Attempt
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

PATIENCE = 20.0
"""Seconds to wait for a full disk to have space again for a run's last words."""

NICENESS = 10
FIRST_TO_GO = 1000  # when memory runs out, the kernel takes this process before any other

_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")

Left: TypeAlias = tuple[State, str]
"""How a run is left, and why."""


class Train(Protocol):
    """What `tlcore.nn.engine.train` is."""

    def __call__(
        self, recipe: Recipe, *, resume: Path | None = None, enough: Callable[[], bool]
    ) -> Generator[Event, None, None]: ...


def work(
    store: RunStore,
    attempt: Attempt,
    *,
    show: Callable[[Event], None] = lambda event: None,
    interrupted: Callable[[], bool] = lambda: False,
    threads: int | None = None,
) -> State:
    """Do the work of an attempt until the run is left, and say how.

    Whatever goes wrong becomes the run's reason, and is raised again.

    Args:
        store: Where everything is kept.
        attempt: The right to work on the run.
        show: Told of every event, before it is kept.
        interrupted: Asked after every event; once it says yes, the run is paused.
        threads: To compute with, unless an earlier attempt had another number.
    """
    folder = store.folder(attempt.run, by=LOCAL)
    with folder.held(), Pulse(store, attempt) as pulse:
        keeper = Keeper(store, attempt, pulse)
        try:
            train, notes = _begin(store, attempt, folder, threads or threads_of_a_run())
            job = _Job(store, attempt, pulse, keeper, interrupted)
            state, reason = job.do(train, notes, show)
            pulse.flush()
        except Fenced:
            raise
        except BaseException as error:
            with suppress(StoreError):
                pulse.flush()
            _log(folder, error)
            _end(store, attempt, *_left_by(error))
            raise
        finally:
            folder.sweep(attempt.number)
        return _end(store, attempt, state, reason)


def load_engine(threads: int) -> Train:
    """Torch and all that needs it."""
    import torch

    torch.set_num_threads(threads)
    from tlcore.nn.engine import train

    return train


def _begin(
    store: RunStore, attempt: Attempt, folder: RunFolder, threads: int
) -> tuple[Train, list[Note]]:
    """Say who works, with what; then load it."""
    before = threads_before(folder)
    threads = min(before or threads, machine.cores())
    store.begin(attempt, own(), describe_environment(attempt.device, threads))
    notes = []
    if before is not None and before != threads:
        text = f"Threads to compute with: {threads} now, {before} before"
        notes.append(Note(f"{text}; so the last digits of the numbers may differ."))
    return load_engine(threads), notes


class _Job:
    """An attempt at a run, from its first event to its last."""

    def __init__(
        self,
        store: RunStore,
        attempt: Attempt,
        pulse: Pulse,
        keeper: Keeper,
        interrupted: Callable[[], bool],
    ) -> None:
        self._store, self._run = store, attempt.run
        self._pulse, self._keeper, self._interrupted = pulse, keeper, interrupted
        self._begun = self._enough = False

    def do(self, train: Train, notes: Sequence[Note], show: Callable[[Event], None]) -> Left:
        """Follow the run until it ends or is to be left."""
        recipe = self._store.recipe(self._run, by=LOCAL)
        refuse_unseen(recipe.data, by=self._store.get(self._run, by=LOCAL).owner)
        states = self._store.checkpoints(self._run, by=LOCAL)
        end = None
        with (
            mirrored(self._run, recipe, show) as tell,
            closing(_events(train, recipe, states, notes, lambda: self._enough)) as events,
        ):
            for event in events:
                self._pulse.check()
                tell(event)
                self._keeper.keep(event)
                if left := self._leave(event):
                    return left
                end = event if isinstance(event, Finished) else None
        if end is None:
            raise RunError("The run came to no end", where=self._run)
        return self._outcome(end, recipe)

    def _leave(self, event: Event) -> Left | None:
        """Do what was asked, where nothing is lost by it: before the first step, or after a step
        whose state has been saved. From the test on, the end is too near."""
        asked = "pause" if self._interrupted() else self._pulse.asked
        if asked == "cancel":
            return State.STOPPED, "cancelled"
        saves = isinstance(event, StepDone | Checkpoint)
        self._begun = self._begun or saves
        if asked is None or (self._begun and not saves):
            return None
        if isinstance(event, StepDone | Checkpoint):
            self._keeper.save(event)
        self._enough = asked == "stop"
        if asked == "pause":
            return State.PAUSED, "interrupted" if self._interrupted() else "paused on request"
        return None

    def _outcome(self, end: Finished, recipe: Recipe) -> Left:
        """A run that was asked to stop may have come to its own end first."""
        if not self._enough or end.epochs >= recipe.epochs:
            return State.FINISHED, end.reason
        why = self._store.get(self._run, by=LOCAL).reason or end.reason
        return State.STOPPED, f"{why}; the best network until then was kept and tested"


def _events(
    train: Train,
    recipe: Recipe,
    states: Sequence[Artifact],
    notes: Sequence[Note],
    enough: Callable[[], bool],
) -> Generator[Event, None, None]:
    """What happens from the newest state on that can be used; from the start if there is none."""
    refused: list[CheckpointError] = []
    for state in (*states, None):
        if state is None and refused:
            raise refused[0]
        events = train(recipe, resume=state.path if state else None, enough=enough)
        try:
            first = next(events)
        except CheckpointError as error:
            refused.append(error)
            continue
        yield first
        yield from notes
        yield from map(_passed_over, refused)
        yield from events
        return


def _passed_over(error: CheckpointError) -> Note:
    what = error.what[0].lower() + error.what[1:]
    return Note(f"A saved state was passed over for the one before it, because {what}.")


def _left_by(error: BaseException) -> Left:
    """How a run is left that something has gone wrong with. For want of space it waits."""
    if isinstance(error, KeyboardInterrupt):
        return State.PAUSED, "interrupted"
    if isinstance(error, StoreError):
        return State.PAUSED, str(error)
    if isinstance(error, ThawError):
        return State.FAILED, str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "Free some space, then resume the run; what was saved before still stands."
        return State.PAUSED, str(StoreError("The disk is full", remedy=remedy))
    if isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in _NO_MEMORY):
        remedy = "Choose a smaller input.size, batch or backbone, or free some memory."
        return State.FAILED, str(OutOfMemory("Memory ran out", remedy=remedy))
    return State.FAILED, traceback.format_exception_only(error)[-1].strip()


def _log(folder: RunFolder, error: BaseException) -> None:
    """Keep where an error came from that nobody foresaw."""
    if isinstance(error, ThawError | KeyboardInterrupt):
        return
    with suppress(OSError), folder.log.open("a", encoding="utf-8") as file:
        file.writelines(traceback.format_exception(error))


def _end(store: RunStore, attempt: Attempt, state: State, reason: str) -> State:
    """Leave the run, if need be once the disk has space for that. A run that shall stop is never
    left paused."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            stopping = store.get(attempt.run, by=LOCAL).state == State.STOPPING
            left = State.STOPPED if stopping and state == State.PAUSED else state
            store.end(attempt, left, reason)
        except StoreError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1.0)
        else:
            return left


def main(arguments: Sequence[str] | None = None) -> int:
    """Work on a run that has been claimed; 1 if it could not be brought to an end."""
    run, number, threads = arguments or sys.argv[1:]
    _give_way()
    store = RunStore()
    attempt = store.attempt(run)
    if attempt is None or attempt.number != int(number):
        return 0  # somebody else has been given the right to it meanwhile
    try:
        work(store, attempt, threads=int(threads))
    except ThawError as error:
        print(error, file=sys.stderr)
        return 1
    except Exception:  # noqa: BLE001 `work` has written it into the log
        return 1
    return 0


def _give_way() -> None:
    """Let every other process go first, and live longer when memory runs out."""
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    with suppress(OSError):  # where Linux shares the cores out by session, that alone does nothing
        Path("/proc/self/autogroup").write_text(str(NICENESS))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_GO))


if __name__ == "__main__":
    sys.exit(main())
