"""Rows 6, 8, 9 and 10: reboots, reused numbers, clocks that jump, workers that are stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from bench.faulting.mounts import in_a_namespace
from bench.faulting.rows import Budget, Outcome, Row
from bench.faulting.trees import PROJECT
from bench.support.lives import Time, publish, start, submit, work
from tlcore.access import LOCAL
from tlcore.errors import Fenced
from tlcore.events import Note
from tlcore.runs import identity
from tlcore.runs.records import LEASE, Attempt, Metric
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

_DAY = 24 * 3600.0
_AT_ONCE = 10


def check_reboots(budget: Budget) -> Outcome:
    """Half the trials with another boot's name, half with a number that belongs to another."""
    boots, wrong = 0, 0
    for boots, _ in enumerate(budget.trials(budget.count // 2), 1):
        wrong += not _finds_the_right_one(budget.folder / f"boot-{boots}")
    reused = in_a_namespace(
        "bench.faulting.reuse", budget.folder, budget.count - budget.count // 2, budget.left(),
        seconds=budget.seconds + 30,
    )  # fmt: skip
    trials = boots + reused["trials"]
    wrong += reused["wrong"]
    found = f"{boots} reboots, and {reused['trials']} numbers that the system gave again: "
    broken = (f"{wrong} times the wrong run was found lost, or none",) if wrong else ()
    return Outcome(trials, f"{found}{wrong} mistakes", broken)


def _finds_the_right_one(home: Path) -> bool:
    """A run from before a reboot is lost; one that began since is not."""
    now = Time()
    store = RunStore(home, clock=now.clock())
    before = work(store).run
    now.boot = "another boot"
    after = work(store)
    with suppress(Exception):
        store.begin(after, replace(identity.own(), boot=now.boot), {})
    lost = store.find_lost()
    right = [run.id for run in lost] == [before] and lost[0].reason == "the machine was restarted"
    return right and store.resume(before, by=LOCAL).state == State.QUEUED


def check_jumps(budget: Budget) -> Outcome:
    """The clock on the wall jumps; the one that leases go by doesn't."""
    wrong = 0
    for number in budget.trials():
        now = Time()
        store = RunStore(budget.folder / str(number), clock=now.clock())
        attempt = work(store)
        now.wall += _DAY if number % 2 else -_DAY
        now.steady += LEASE - 1
        wrong += bool(store.find_lost())
        store.beat(attempt, progress=1)
        now.steady += LEASE + 1
        wrong += [run.id for run in store.find_lost()] != [attempt.run]
    return Outcome(budget.made, f"{wrong} mistakes", (f"{wrong} mistakes",) if wrong else ())


def check_silence(budget: Budget) -> Outcome:
    """Workers that are stopped while others go on; the watch looks every half second."""
    slowest, trials, wrong = 0.0, 0, 0
    for group in budget.trials(-(-budget.count // _AT_ONCE)):
        store = RunStore(budget.folder / str(group))
        size = min(_AT_ONCE, budget.count - trials)
        with _workers(store, size + 1) as workers:
            (_, well), *stopped = workers.items()
            for process, _ in stopped:
                process.send_signal(signal.SIGSTOP)
            took = _until_lost(store, {attempt.run for _, attempt in stopped})
            slowest, trials = max(slowest, *took, 0.0), trials + size
            wrong += size - len(took)
            wrong += store.get(well.run, by=LOCAL).state != State.RUNNING
    found = f"the last one caught after {slowest:.1f} s; a lease is {LEASE:g} s"
    late = slowest > 2 * LEASE
    return Outcome(trials, found, (f"{wrong} missed, or caught late",) if wrong or late else ())


def _until_lost(store: RunStore, runs: set[str]) -> list[float]:
    """Seconds until each was found lost; those that weren't within two leases are left out."""
    began, took = time.monotonic(), []
    while runs and time.monotonic() - began < 2 * LEASE + 1:
        for lost in store.find_lost():
            runs.discard(lost.id)
            took.append(time.monotonic() - began)
        time.sleep(0.5)
    return took


def check_fencing(budget: Budget) -> Outcome:
    """Stop a worker, let another take over, let the first go on: all it tries must be refused."""
    late = 0
    for number in budget.trials():
        late += _late_commits(RunStore(budget.folder / str(number)))
    broken = (f"{late} late commits",) if late else ()
    return Outcome(
        budget.made, f"{late} late commits of seven kinds, by a process that slept", broken
    )


def _late_commits(store: RunStore) -> int:
    ahead = replace(identity.SYSTEM, steady=lambda: time.monotonic() + LEASE + 1)
    with _workers(store, 1, "then-write") as workers:
        ((process, old),) = workers.items()
        process.send_signal(signal.SIGSTOP)
        RunStore(store.home, clock=ahead).find_lost()
        store.resume(old.run, by=LOCAL)
        new = start(store, old.run)
        store.begin(new, identity.own(), {})
        publish(store, new, "last", "of the new one")
        process.send_signal(signal.SIGCONT)
        written, _ = process.communicate("go\n", timeout=30)
    kept = store.checkpoints(old.run, by=LOCAL)
    disturbed = [each.attempt for each in kept] != [2] or not kept[0].is_whole()
    return int(written.split()[-1]) + disturbed + bool(store.metrics(old.run, by=LOCAL))


@contextmanager
def _workers(
    store: RunStore, count: int, then: str = "for-ever"
) -> Iterator[dict[subprocess.Popen[str], Attempt]]:
    """Processes that work on a run each, and beat."""
    command = [sys.executable, "-m", "bench.faulting.beating", str(store.home), then]
    for _ in range(count):
        submit(store)
    processes = [
        subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    try:
        begun: dict[subprocess.Popen[str], Attempt] = {}
        for process in processes:
            assert process.stdout
            attempt = store.attempt(process.stdout.readline().strip())
            assert attempt
            begun[process] = attempt
        yield begun
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def write_all(store: RunStore, attempt: Attempt) -> int:
    """Whatever a worker writes, tried once each; how often it was let."""
    folder = store.folder(attempt.run, by=LOCAL)
    draft = folder.path / "late"
    draft.write_text("late")
    tries = (
        lambda: store.begin(attempt, identity.own(), {}),
        lambda: store.beat(attempt, progress=10**6),
        lambda: store.record(attempt, [Note("late")]),
        lambda: store.record(attempt, metrics=[Metric("loss", 0, 0, 0.0)]),
        lambda: store.publish(attempt, "last", draft),
        lambda: store.publish(attempt, "result", draft),
        lambda: store.end(attempt, State.FINISHED, "late"),
    )
    let = 0
    for each in tries:
        try:
            each()
        except Fenced:
            continue
        let += 1
    return let


ROWS = (
    Row(
        6,
        "the machine restarts, or a process's number is given to another",
        "the run that nobody works on is found lost, no other; it can be resumed",
        check_reboots,
        full=100,
        quick=6,
    ),
    Row(
        8,
        "the clock is put a day forward or back",
        "no lease ends by it, and one that is due still ends",
        check_jumps,
        full=100,
        quick=4,
    ),
    Row(
        9,
        "a worker is stopped in its tracks (SIGSTOP)",
        "found lost within two leases; others that work are left alone",
        check_silence,
        full=20,
        quick=2,
        seconds=60,
        quick_seconds=5,
    ),
    Row(
        10,
        "a worker sleeps, another takes its run over, the first wakes up (SIGSTOP, SIGCONT)",
        "the first can write nothing any more",
        check_fencing,
        full=50,
        quick=2,
        seconds=90,
    ),
)
