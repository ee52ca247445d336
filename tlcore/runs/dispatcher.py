"""Brings the queue to work: `python -m tlcore.runs.dispatcher`, one for each store.

It is started when somebody wants something done, and ends when nothing has been left to do for
some minutes. Runs don't need it to go on: whoever is started next looks after them as well.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen

from tlcore import paths
from tlcore.errors import StoreError, ThawError
from tlcore.machine import slots, threads_of_a_run
from tlcore.runs.launchers import Launcher
from tlcore.runs.launchers.local import Local
from tlcore.runs.limits import HOUR
from tlcore.runs.lock import is_locked, locked
from tlcore.runs.records import BEAT, LEASE
from tlcore.runs.residence import SAYS_EVERY, keep, refuse_elsewhere
from tlcore.runs.spawn import claiming, start_apart
from tlcore.runs.store import RunStore
from tlcore.runs.supervise import Supervisor

IDLE = 300.0
"""Seconds without anything to do. A warm server costs some memory, a cold start some seconds."""

TICK = 0.2
LOOK = 1.0

_started: list[Popen[bytes]] = []  # held until they end, so that they leave no zombies


def ensure_dispatcher(home: Path | None = None, *, idle: float = IDLE) -> None:
    """See to it that what waits in a store will be done."""
    slots()  # says what is wrong with its setting to whoever asks, not to the log
    home = home or paths.home()
    refuse_elsewhere(home)
    _started[:] = [process for process in _started if process.poll() is None]
    if not is_locked(_lock(home)):
        command = ["tlcore.runs.dispatcher", "--idle", f"{idle:g}"]
        _started.append(start_apart(command, home, home / "dispatcher.log"))


class _Elsewhere(Exception):
    """Another machine works here."""


class Dispatcher:
    """Gives runs that wait to workers, and watches over both."""

    def __init__(self, store: RunStore, launcher: Launcher) -> None:
        self._store, self._launcher = store, launcher
        self._supervisor = Supervisor(store, launcher.cancel)
        self._busy = self._awake = time.monotonic()
        self._look_at = self._expire_at = self._say_at = 0.0

    def work(self, idle: float) -> None:
        """Go on until there has been nothing to do for a while, or another machine works here."""
        while time.monotonic() - self._busy < idle:
            try:
                self._say()
                self.step()
            except _Elsewhere as error:
                print(error.args[0], file=sys.stderr, flush=True)
                return
            except (StoreError, OSError) as error:
                print(error, file=sys.stderr, flush=True)
                # while the disk was full, nobody could give a sign of life
                self._look_at = time.monotonic() + LEASE
            time.sleep(TICK)

    def _say(self) -> None:
        """Keep other machines from working here, or leave it to the one that does."""
        if time.monotonic() >= self._say_at:
            self._say_at = time.monotonic() + SAYS_EVERY
            if other := keep(self._store.home):
                raise _Elsewhere(f"{other} works here, so this machine doesn't.")

    def step(self) -> None:
        """Look after what works, and start what may."""
        before, self._awake = self._awake, time.monotonic()
        if self._awake - before > LEASE / 2:  # whoever slept as well may still wake up
            self._look_at = self._awake + BEAT
        if self._awake >= self._look_at:
            self._look_at = self._awake + LOOK
            lost = self._supervisor.look()
            if any(self._store.worker(run.id) is None for run in lost):
                self._launcher.cool_down()  # a worker that never said a word
        if self._awake >= self._expire_at:
            self._expire_at = self._awake + HOUR
            self._expire()
        if self._store.queued():
            self._start()
        if self._store.queued() or self._store.active():
            self._busy = time.monotonic()

    def _expire(self) -> None:
        """Delete what absent visitors left, in a lab whose rules say so."""
        if self._store.rules().absent is not None:
            from tlcore.runs.retention import expire  # which opens pictures, as nobody else here

            try:
                expire(self._store)
            except ThawError as error:  # runs go on, whatever can't be deleted now
                print(error, file=sys.stderr, flush=True)

    def _start(self) -> None:
        """Start a run on every device that has room for one."""
        if not self._launcher.is_ready():
            return
        for device in self._room():
            with claiming(self._store.home) as mine:
                attempt = self._store.claim(device=device) if mine else None
            if attempt is not None:
                self._launcher.submit(attempt, threads_of_a_run())

    def _room(self) -> Sequence[str]:
        """Devices with room, once for each run they could take."""
        taken = Counter(run.device for run in self._store.active())
        return [d for d, count in slots().items() for _ in range(count - taken[d])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the dispatcher of the home, if there is none."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--idle", type=float, default=IDLE, help="seconds until it ends")
    idle = parser.parse_args(arguments).idle
    store = RunStore()
    while True:
        with locked(_lock(store.home)) as mine:
            if not mine:
                return 0
            with Local(store) as launcher:
                Dispatcher(store, launcher).work(idle)
        if not store.queued():  # whoever asked a moment ago has seen the lock held
            return 0


def _lock(home: Path) -> Path:
    return home / "dispatcher.lock"


if __name__ == "__main__":
    sys.exit(main())
