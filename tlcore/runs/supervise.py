"""Watching over runs: who has lost their worker, who doesn't do what was asked, who gets nowhere.

Nothing here is remembered for longer than it takes to lose patience, so whoever takes over
supervises as well as whoever was killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tlcore.access import LOCAL
from tlcore.errors import Fenced, RunError
from tlcore.runs import identity
from tlcore.runs.identity import Identity, is_alive
from tlcore.runs.records import BEAT, LEASE, Attempt, Request, Run
from tlcore.runs.residence import refuse_elsewhere
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

CLOSING_PATIENCE = 5.0
_BETWEEN_LOOKS = 0.02
_PROC = Path("/proc")


@dataclass(frozen=True)
class _Process:
    """A line of the process table."""

    pid: int
    parent: int
    session: int


def family(root: Identity) -> tuple[Identity, ...]:
    """The process, its descendants, and the session it led, as far as they are alive.

    What a dead process left behind still goes by the number of its session. By now that number may
    be somebody else's, so only processes count that have a home of the lab, as workers do.
    """
    if root.boot != identity.boot_id() or identity.of(root.pid) not in (root, None):
        return ()
    table = {process.pid: process for process in _processes()}
    session = {process.pid for process in table.values() if process.session == root.pid}
    if not identity.is_alive(root):
        session = set(filter(_has_home, session))
    found = {root.pid, *session}
    while more := {p.pid for p in table.values() if p.parent in found} - found:
        found |= more
    found.discard(os.getpid())
    return tuple(member for pid in sorted(found) if (member := identity.of(pid)) is not None)


def command_of(process: Identity) -> str:
    """What the process was started with; empty if it can't be known."""
    file = _PROC / str(process.pid) / "cmdline"
    with suppress(OSError):
        if file.exists():
            return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        command = ["ps", "-o", "command=", "-p", str(process.pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return ""


def ask_to_end(process: Identity) -> None:
    """Send TERM, whose default is to end."""
    _signal(process, signal.SIGTERM)


def end_family(root: Identity) -> bool:
    """Kill the process and all that came of it; tell whether none of them is left.

    They are stopped first, so that none of them can start another meanwhile.
    """
    deadline = time.monotonic() + CLOSING_PATIENCE
    while members := family(root):
        for member in members:
            _signal(member, signal.SIGSTOP)
        for member in family(root):
            _signal(member, signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(_BETWEEN_LOOKS)
    return True


def _signal(process: Identity, number: int) -> None:
    """Signal this very process, and no other that has its number by now."""
    with suppress(ProcessLookupError, PermissionError):
        if not hasattr(os, "pidfd_open"):
            if identity.is_alive(process):
                os.kill(process.pid, number)
            return
        descriptor = os.pidfd_open(process.pid)
        try:
            if identity.is_alive(process):
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def _has_home(pid: int) -> bool:
    with suppress(OSError):
        return b"TL_HOME=" in (_PROC / str(pid) / "environ").read_bytes()
    return False


def _processes() -> Iterator[_Process]:
    if not (_PROC / "self/stat").exists():
        yield from _from_ps()
        return
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                text = (entry / "stat").read_text(errors="replace")
                fields = text[text.rindex(")") + 2 :].split()
                yield _Process(int(entry.name), int(fields[1]), int(fields[3]))


def _from_ps() -> Iterator[_Process]:
    """Where there is no `/proc`; the group stands for the session, as one process leads both."""
    command = ["ps", "-A", "-o", "pid=,ppid=,pgid="]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        yield _Process(*map(int, line.split()))


ATTEMPTS = 3
"""Attempts in a row that come to nothing before a lost run is left lost."""


@dataclass(frozen=True)
class Patience:
    """How many seconds a worker may get nowhere until it is told to end, and until it is killed."""

    tell: float
    kill: float


PATIENCE: dict[Request | None, Patience] = {
    "cancel": Patience(3.0, 6.0),  # from the request on: nothing of it is wanted any more
    "pause": Patience(20.0, 30.0),  # a state may be large and the disk slow
    "stop": Patience(20.0, 30.0),
    None: Patience(600.0, 620.0),
}

PROMPTLY = 0.5
"""Seconds that a writer may wait for their turn while the way to the store counts as free."""

LATE = 0.5
"""Seconds that a beat may come late."""

SEEING_OFF_TAKES = 5.0
"""Seconds that a process may need to end after its run has been left."""

_OURS = ("tlcore.nn.worker", "tlcore.nn.warm")
_VMSTAT = Path("/proc/vmstat")


def find_lost(store: RunStore, spared: Collection[str] | None = None) -> tuple[Run, ...]:
    """Mark runs that have lost their worker, once nothing is left of it that could still work.

    A worker that is only silent is killed if it is one of ours. On a terminal it is left in peace:
    it has no right to the run any more, and will be told so.

    Args:
        store: Their store.
        spared: Runs that are not judged now; unset, those that are silent and may still be heard
            of within a beat, which is waited for.

    Raises:
        StoreError: Another machine works here: what it does can't be seen from this one.
    """
    refuse_elsewhere(store.home)
    if spared is None:
        spared = _heard_of_in_a_beat(store)
    overdue = [run for run in store.overdue() if run.id not in spared]
    lost = [run for run in map(partial(_kill_silent, store), overdue) if run]
    return (*lost, *store.find_lost(spared=spared))


def _heard_of_in_a_beat(store: RunStore) -> set[str]:
    """Wait until whoever was kept from writing had their turn; tell who may not have had it."""
    if not store.overdue(but_alive=True):
        return set()
    store.wait()
    time.sleep(BEAT + LATE)
    return {run.id for run in store.overdue(but_alive=True)} if store.wait() > PROMPTLY else set()


def _kill_silent(store: RunStore, run: Run) -> Run | None:
    """End what is left of a worker; tell of its run if it was this that ended it."""
    worker, attempt = store.worker(run.id), store.attempt(run.id)
    if worker is None or attempt is None:
        return None
    alive = is_alive(worker)
    if alive and not _is_ours(worker):
        return None
    end_family(worker)
    with suppress(Fenced):  # it had just come to its end
        return store.lose(attempt, _SILENT) if alive else None
    return None


def _is_ours(worker: Identity) -> bool:
    """Whether a process does nothing but work on runs."""
    return any(module in command_of(worker) for module in _OURS)


def may_try_again(store: RunStore, run: Run) -> bool:
    """Whether a lost run has got anywhere in its latest attempts, or is entitled to more."""
    saved = store.checkpoints(run.id, by=LOCAL)
    return run.attempt - (saved[0].attempt if saved else 0) < ATTEMPTS


@dataclass
class Supervisor:
    """Looks after all runs of a store, time and again.

    Attributes:
        store: Their store.
        cancel: Ends whoever works on an attempt: their launcher's.
        now: A clock that can't be set.
    """

    store: RunStore
    cancel: Callable[[Attempt], bool]
    now: Callable[[], float] = time.monotonic
    _silent_since: dict[str, float] = field(default_factory=dict)
    _since: dict[str, tuple[object, float]] = field(default_factory=dict)
    _at_work: dict[Identity, float] = field(default_factory=dict)
    _memory_ran_out: int = field(default_factory=lambda: times_memory_ran_out())

    def look(self) -> tuple[Run, ...]:
        """See to every run once; tell which ones had lost their worker."""
        self._blame_memory()
        lost = find_lost(self.store, self._spared())
        self._queue_lost()
        active = self.store.active()
        self._press(active)
        self._see_off(active)
        return lost

    def _spared(self) -> set[str]:
        """Runs that are silent, and may have been kept from writing by whoever wrote: they are
        judged when they are silent still, a beat after the way to the store was free."""
        silent = {run.id for run in self.store.overdue(but_alive=True)}
        if silent and self.store.wait() > PROMPTLY:
            self._silent_since.clear()
        now = self.now()
        self._silent_since = {run: self._silent_since.get(run, now) for run in silent}
        return {run for run, since in self._silent_since.items() if now - since < BEAT + LATE}

    def _blame_memory(self) -> None:
        """The kernel ends a process without a word when memory runs out, but it counts."""
        before, self._memory_ran_out = self._memory_ran_out, times_memory_ran_out()
        if self._memory_ran_out == before:
            return
        for run in self.store.overdue():
            worker, attempt = self.store.worker(run.id), self.store.attempt(run.id)
            if worker and attempt and not is_alive(worker):
                end_family(worker)
                with suppress(Fenced):
                    self.store.end(attempt, State.FAILED, _OUT_OF_MEMORY)

    def _queue_lost(self) -> None:
        for run in self.store.list(by=LOCAL, states=[State.LOST], limit=-1):
            if may_try_again(self.store, run):
                with suppress(RunError):  # the disk is too full for another attempt
                    self.store.resume(run.id, by=LOCAL)

    def _press(self, active: Sequence[Run]) -> None:
        """Tell a worker to end that doesn't do what was asked, or gets nowhere; then kill it."""
        self._since = {run.id: self._since[run.id] for run in active if run.id in self._since}
        for run in active:
            worker = self.store.worker(run.id)
            waited, patience = self._waited(run), PATIENCE[run.request]
            if worker is None:
                continue
            if waited > patience.kill:
                self._kill(run, waited)
            elif waited > patience.tell:
                ask_to_end(worker)

    def _kill(self, run: Run, waited: float) -> None:
        attempt = self.store.attempt(run.id)
        if attempt and attempt.number == run.attempt and self.cancel(attempt):
            with suppress(Fenced):  # it ended just before
                self.store.lose(attempt, f"it got nowhere for {waited:.0f} seconds and was killed")

    def _see_off(self, active: Sequence[Run]) -> None:
        """Kill what is left of a worker some time after its run was left."""
        for run in active:
            if worker := self.store.worker(run.id):
                self._at_work[worker] = self.now()
        for worker, seen in tuple(self._at_work.items()):
            if self.now() - seen > SEEING_OFF_TAKES:
                del self._at_work[worker]
                if _is_ours(worker):
                    end_family(worker)

    def _waited(self, run: Run) -> float:
        """Seconds since a cancel was asked for, or else since there was any headway."""
        headway = None if run.request == "cancel" else run.progress
        what = (run.attempt, run.request, headway)
        known, since = self._since.get(run.id, (None, 0.0))
        if known != what:
            since = self.now()
            self._since[run.id] = (what, since)
        return self.now() - since


def times_memory_ran_out() -> int:
    """How often the kernel has killed for want of memory; 0 where it doesn't tell."""
    with suppress(OSError):
        for line in _VMSTAT.read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


_SILENT = f"it gave no sign of life for {LEASE:.0f} seconds and was killed"

_OUT_OF_MEMORY = (
    "Memory ran out, and the system ended the run's process\n"
    "  What to do: Choose a smaller input.size, batch or backbone, or free some memory."
)
