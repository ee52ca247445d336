"""Rows 4, 5 and 18: servers and dispatchers are killed, and runs are cancelled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.faulting.killed import small_recipe
from bench.faulting.rows import Budget, Outcome, Row
from bench.faulting.trees import PROJECT, end_tree, is_there, pids, words
from tlcore.access import LOCAL
from tlcore.errors import RunError
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.identity import Identity, of
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.supervise import end_family

_ENDLESS = 10_000
_DISPATCHER = "tlcore.runs.dispatcher"
_SECONDS_TO_BEGIN = 40.0
_SECONDS_TO_END = 10.0
_AT_ONCE = 4


def check_servers(budget: Budget) -> Outcome:
    """A stand-in for the server: asks for runs, sees to a dispatcher, and watches."""
    with _lab(budget, "cpu=1") as store:
        run = _submit(store)
        first = _until_running(store, run)
        broken, seen = [], 0
        for number in budget.trials():
            told = _serve_and_die(store, run, random.Random(number).random() * 0.3)
            broken += [f"a server saw {told} events after {seen}"] * (told < seen)
            seen = max(seen, told)
            broken += _not_as_before(store, first)
        broken += _twice(store)
        further = _until(lambda: store.get(run, by=LOCAL).epoch > first.epoch, 10.0)
        broken += ["the run got nowhere"] * (not further)
        ahead = store.get(run, by=LOCAL)
    found = (
        f"a stand-in for the server, killed with its group; the run went on from epoch "
        f"{first.epoch} to {ahead.epoch} in one attempt, and each new server saw all of it"
    )
    return Outcome(budget.made, found, tuple(broken))


def _serve_and_die(store: RunStore, run: str, seconds: float) -> int:
    command = [sys.executable, "-m", "bench.faulting.serving", str(store.home), run]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        assert server.stdout
        told = int(server.stdout.readline())
        time.sleep(seconds)
        os.killpg(server.pid, signal.SIGKILL)
    return told


def check_dispatchers(budget: Budget) -> Outcome:
    """Killed at random moments, also while it starts short runs beside a long one."""
    with _lab(budget, "cpu=2") as store:
        long = _submit(store)
        first = _until_running(store, long)
        broken, short = [], []
        for number in budget.trials():
            chance = random.Random(number)
            begins = number % 4 == 0 and not budget.quick
            if begins:
                short.append(_submit(store, epochs=1))
            ensure_dispatcher(store.home)
            _kill_dispatcher(store.home, 0.1 + chance.random() * (5 if begins else 0.6))
            broken += _not_as_before(store, first) + _twice(store)
        ensure_dispatcher(store.home)
        _until(lambda: not _unfinished(store, short), 2 * _SECONDS_TO_BEGIN)
        broken += [
            f"{each.id} is {each.state}: {each.reason}" for each in _unfinished(store, short)
        ]
        broken += _twice(store)
    found = f"the long run went on in one attempt, {len(short)} short ones finished; none ran twice"
    return Outcome(budget.made, found, tuple(broken))


def _unfinished(store: RunStore, runs: list[str]) -> list[Run]:
    found = (store.get(run, by=LOCAL) for run in runs)
    return [run for run in found if run.state != State.FINISHED]


def _kill_dispatcher(home: Path, seconds: float) -> None:
    _until(lambda: bool(_of_home(home, _DISPATCHER)), 20.0)
    time.sleep(seconds)
    for pid in _of_home(home, _DISPATCHER):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def check_cancels(budget: Budget) -> Outcome:
    """Four at once; now and then the worker of one is stopped, so that it hears nothing."""
    slowest, made, broken = 0.0, 0, []
    with _lab(budget, f"cpu={_AT_ONCE}") as store:
        for batch in budget.trials(-(-budget.count // _AT_ONCE)):
            took, left = _cancel_some(store, deaf=batch % 5 == 4)
            slowest, made = max(slowest, took), made + _AT_ONCE
            broken += left
    trees = sum(_rogues_end(number) for number in range(made // 5))
    broken += [f"{made // 5 - trees} trees were left"] * (trees < made // 5)
    found = f"the slowest was gone after {slowest:.1f} s; {trees} trees that leave their group, too"
    return Outcome(made, found, tuple(broken))


def _cancel_some(store: RunStore, *, deaf: bool) -> tuple[float, list[str]]:
    """Seconds until nothing was left of some runs, and what was left after too many."""
    runs = [_submit(store) for _ in range(_AT_ONCE)]
    workers = [_worker(store, run) for run in runs]
    if deaf:
        os.kill(workers[0].pid, signal.SIGSTOP)
    began = time.monotonic()
    for run in runs:
        store.ask(run, "cancel", by=LOCAL)
    _until(lambda: not _left(store, workers, runs), _SECONDS_TO_END)
    return time.monotonic() - began, _left(store, workers, runs)


def _left(store: RunStore, workers: list[Identity], runs: list[str]) -> list[str]:
    alive = [f"process {each.pid}" for each in workers if of(each.pid) == each]
    found = (store.get(run, by=LOCAL) for run in runs)
    return alive + [f"{run.id} is {run.state}" for run in found if run.state != State.STOPPED]


def _rogues_end(number: int) -> bool:
    """A process, its child in a session of its own, and theirs: all of them ignore TERM."""
    rogue = "import os,signal,sys,time;signal.signal(15,signal.SIG_IGN);"
    breed = "[os.fork() or os.setsid() for _ in range(3)];time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", rogue + breed], start_new_session=True) as root:
        time.sleep(0.2)
        known = of(root.pid)
        assert known
        family = [pid for pid in pids() if breed in " ".join(words(pid))]
        gone = end_family(known)
        time.sleep(0.05)
        return gone and not any(is_there(pid) for pid in family)


@contextmanager
def _lab(budget: Budget, slots: str) -> Iterator[RunStore]:
    """A store with a dispatcher, of which nothing is left afterwards."""
    os.environ |= {"TL_SLOTS": slots, "OMP_NUM_THREADS": "1"}
    store = RunStore()
    ensure_dispatcher(store.home)
    try:
        yield store
    finally:
        for pid in _of_home(store.home, ""):
            end_tree(pid)


def _submit(store: RunStore, epochs: int = _ENDLESS) -> str:
    return store.submit(small_recipe(epochs=epochs), by=LOCAL).id


def _until_running(store: RunStore, run: str) -> Run:
    began = _until(lambda: store.get(run, by=LOCAL).epoch > 0, _SECONDS_TO_BEGIN)
    found = store.get(run, by=LOCAL)
    assert began, f"the run is {found.state}: {found.reason}"
    return found


def _worker(store: RunStore, run: str) -> Identity:
    _until_running(store, run)
    worker = store.worker(run)
    assert worker
    return worker


def _not_as_before(store: RunStore, before: Run) -> list[str]:
    """The run still runs, in the same attempt, in the same process, and nowhere else."""
    now = store.get(before.id, by=LOCAL)
    if (now.state, now.attempt) != (State.RUNNING, before.attempt):
        return [f"it is {now.state} in attempt {now.attempt}: {now.reason}"]
    return []


def _twice(store: RunStore) -> list[str]:
    """Runs that more than one process prints to the log of, or that were begun twice."""
    with suppress(RunError):
        for run in store.list(by=LOCAL, limit=-1):
            log = str(store.folder(run.id, by=LOCAL).log)
            doing = [pid for pid in pids() if _output_of(pid) == log and is_there(pid)]
            if len(doing) > 1:
                return [f"{len(doing)} processes work on {run.id}"]
    return []


def _output_of(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/1")
    except OSError:
        return ""


def _of_home(home: Path, module: str) -> list[int]:
    """Processes of the lab that work in this home."""
    return [
        pid for pid in pids()
        if pid != os.getpid() and _home_of(pid) == str(home) and module in " ".join(words(pid))
        and "tlcore." in " ".join(words(pid))
    ]  # fmt: skip


def _home_of(pid: int) -> str:
    try:
        variables = Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
    except OSError:
        return ""
    return dict(each.partition("=")[::2] for each in variables).get("TL_HOME", "")


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


ROWS = (
    Row(
        4,
        "the server is killed (kill -9 of its group)",
        "the run goes on, and the next server sees all of it",
        check_servers,
        full=50,
        quick=2,
        seconds=90,
        quick_seconds=15,
    ),
    Row(
        5,
        "the dispatcher is killed (kill -9)",
        "runs go on, are looked after by the next one, and never run twice",
        check_dispatchers,
        full=50,
        quick=2,
        seconds=150,
        quick_seconds=15,
    ),
    Row(
        18,
        "runs are cancelled; some of their workers are stopped and hear nothing",
        "no process of the run is left after 10 s",
        check_cancels,
        full=100,
        quick=4,
        seconds=150,
        quick_seconds=15,
    ),
)
