"""The thread beside a worker's training: it gives signs of life, writes down what happened, and
hears what is asked.

A step may take longer than a lease, and the disk longer than a step; so neither waits for the
other.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType

from tlcore.errors import StoreError
from tlcore.events import Event
from tlcore.runs.owners import LOCAL
from tlcore.runs.records import BEAT, LEASE, Attempt, Request
from tlcore.runs.residence import SAYS_EVERY, keep
from tlcore.runs.store import RunStore

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
