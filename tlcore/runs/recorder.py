"""What is kept of a run while it works: its curves, its states to go on from, its outcome."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tlcore.access import LOCAL
from tlcore.errors import CheckpointError, RunError, StoreError
from tlcore.events import Checkpoint, Event, Finished, Started, StepDone, Tested
from tlcore.files import written_whole
from tlcore.runs.records import BEAT, KINDS, LEASE, Attempt, Kind, Request
from tlcore.runs.residence import SAYS_EVERY, keep
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import write_thumbnails

TICK = 0.25
"""Seconds between two writes: four a second, at most."""


class Pulse:
    """Beats from when it is entered until it is left."""

    def __init__(self, store: RunStore, attempt: Attempt) -> None:
        self.asked: Request | None = None
        self._store, self._attempt = store, attempt
        self._pending: list[Event] = []
        self._writing = threading.Lock()
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(1, "pulse")
        self._beating: Future[None] | None = None
        self._trouble: StoreError | None = None
        self._well = self._beaten = time.monotonic()
        self._told, self._say_at = 0, 0.0

    def __enter__(self) -> Pulse:
        self._beating = self._pool.submit(self._beat)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._pool.shutdown()

    def tell(self, event: Event | None = None) -> None:
        """Count as headway; keep an event, if there is one, with the next write."""
        self._told += 1
        if event is not None:
            self._pending.append(event)

    def check(self) -> None:
        """Raise what ended the beating, or what has kept it from the disk for a whole lease."""
        if self._beating and self._beating.done():
            self._beating.result()
        if self._trouble and time.monotonic() - self._well > LEASE:
            raise self._trouble

    def flush(self) -> None:
        """Write everything down now. What was told meanwhile waits for the next time."""
        with self._writing:
            if batch := tuple(self._pending):
                self._store.record(self._attempt, batch)
                del self._pending[: len(batch)]

    def _beat(self) -> None:
        while not self._over.wait(TICK):
            try:
                self._tick()
            except StoreError as error:  # the disk may have space again in a moment
                self._trouble = error

    def _tick(self) -> None:
        self.flush()
        if time.monotonic() - self._beaten >= BEAT:
            self._beaten = time.monotonic()
            self.asked = self._store.beat(self._attempt, progress=self._headway())
            self._trouble, self._well = None, time.monotonic()
            self._say()
        else:
            self.asked = self._store.get(self._attempt.run, by=LOCAL).request

    def _say(self) -> None:
        """Keep other machines from taking runs meanwhile, where no dispatcher does it."""
        if time.monotonic() >= self._say_at:
            self._say_at = time.monotonic() + SAYS_EVERY
            with suppress(OSError):  # the disk is full: others wait for a while yet
                keep(self._store.home)

    def _headway(self) -> int:
        """Grows with every event and with every second of computing: only who waits for something
        that doesn't come, gets nowhere."""
        return self._told + int(time.process_time() - time.thread_time())


SECONDS_BETWEEN_SAVES = 120.0
SHARE_OF_SAVING = 0.1
"""The part of the time that saving may take: a large network with a small head learns an epoch in
less time than it takes to write it down."""


class Keeper:
    """Told of every event of an attempt; keeps what is worth keeping."""

    def __init__(self, store: RunStore, attempt: Attempt, pulse: Pulse) -> None:
        self._store, self._attempt, self._pulse = store, attempt, pulse
        self._run = store.get(attempt.run, by=LOCAL)
        self._folder = store.folder(attempt.run, by=LOCAL)
        self._folder.sweep(attempt.number)
        self._drafts = self._folder.drafts(attempt.number)
        self._started: Started | None = None
        self._tested: Tested | None = None
        self._step_kept = -TICK
        self._step_saved: float | None = None
        self._saved: Event | None = None
        self._save_again_at = 0.0

    def keep(self, event: Event) -> None:
        """Keep an event, and whatever it offers to save."""
        match event:
            case StepDone():
                self._keep_step(event)
                return
            case Checkpoint():
                if time.perf_counter() >= self._save_again_at:
                    self.save(event)
            case Started():
                self._started = event
            case Tested():
                self._tested = event
                with self._published("best") as draft:
                    event.save(draft)
                with self._published("predictions") as draft:
                    event.predictions.write(draft)
                if event.validation is not None:
                    with self._published("validation") as draft:
                        event.validation.write(draft)
                with self._published("pictures") as draft:
                    write_thumbnails(event.pictures, draft)
            case Finished():
                with self._published("result") as draft, written_whole(draft) as whole:
                    whole.write_text(json.dumps(self._result(event), indent=1, allow_nan=False))
        self._pulse.tell(event)

    def save(self, event: StepDone | Checkpoint) -> None:
        """Save the state to go on from as it is at this event, unless that has just been done."""
        if self._saved is event:
            return
        began = time.perf_counter()
        self._pulse.flush()  # what led to a state must not be lost while the state is kept
        with self._published("last") as draft:
            event.save(draft)
        now = time.perf_counter()
        self._saved, self._step_saved = event, None
        self._save_again_at = now + (now - began) / SHARE_OF_SAVING

    def _keep_step(self, step: StepDone) -> None:
        """A few steps a second are enough to draw; now and then one is saved, so that an epoch
        that takes an hour is not lost with the power."""
        kept = step.seconds - self._step_kept >= TICK
        if kept:
            self._step_kept = step.seconds
        self._pulse.tell(step if kept else None)
        if self._step_saved is None:
            self._step_saved = step.seconds
        if step.seconds - self._step_saved >= SECONDS_BETWEEN_SAVES:
            self.save(step)

    @contextmanager
    def _published(self, kind: Kind) -> Iterator[Path]:
        """Give a path to write to, and make what was written there the run's."""
        draft = self._drafts / KINDS[kind].name
        try:
            yield draft
        except (CheckpointError, OSError) as error:
            draft.unlink(missing_ok=True)
            raise _unsaved(error) from error
        self._store.publish(self._attempt, kind, draft)

    def _result(self, end: Finished) -> dict[str, Any]:
        started, tested = self._started, self._tested
        if started is None or tested is None:
            raise RunError("The run ended without having been tested", where=self._run.id)
        return {
            "run": self._run.id,
            "name": self._run.name,
            "preset": self._run.preset,
            "recipe": started.recipe,
            "device": started.device,
            "precision": started.precision,
            "pictures": {
                "train": started.train_pictures,
                "validation": started.validation_pictures,
                "test": started.test_pictures,
            },
            "parameters": started.phases[0].total,
            "trainable": max(phase.trainable for phase in started.phases),
            "epochs": end.epochs,
            "kept_epoch": end.kept_epoch,
            "reason": end.reason,
            "seconds": end.seconds,
            "report": tested.report.as_fields(),
        }


def _unsaved(error: CheckpointError | OSError) -> StoreError:
    if isinstance(error, CheckpointError):
        return StoreError(error.what, where=error.where, remedy=error.remedy)
    remedy = "Free some space; what was saved before still stands."
    what = f"A file of the run could not be saved: {error.strerror or error}"
    return StoreError(what, where=str(error.filename or ""), remedy=remedy)
