"""Rows 13 and 19: memory runs out, and processes are forked.

The kernel's own kill is injected: a real one needs a memory group, and whoever started this
process may look after the groups here.
"""

from __future__ import annotations

import ast
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from bench.faulting.killed import load_torch, small_recipe
from bench.faulting.rows import Budget, Outcome, Row
from bench.faulting.trees import PROJECT
from bench.support.lives import start, submit, work
from tlcore.access import LOCAL
from tlcore.recipe.text import from_fields, to_fields
from tlcore.runs import supervise
from tlcore.runs.identity import of
from tlcore.runs.launchers.local import Local
from tlcore.runs.records import Attempt
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

_ROOM = 600_000_000
_FORKS = {"fork", "forkpty", "multiprocessing", "ProcessPoolExecutor", "num_workers"}
_MAY_FORK = "tlcore/nn/warm.py"


def check_memory(budget: Budget) -> Outcome:
    """Once for real, by a limit on a worker's addresses; then by kills like the kernel's."""
    store = RunStore()
    words = _short_of_memory(store)
    broken = [] if "emory" in words.partition(":")[2] and words.startswith("failed") else [words]
    for _ in budget.trials():
        broken += _killed_by_the_kernel(store)
    found = f"with {_ROOM // 10**6} MB besides torch: {words}; and {budget.made} kills injected"
    return Outcome(budget.made + 1, found, tuple(broken))


def _short_of_memory(store: RunStore) -> str:
    """A worker that wants more than it may have; everything else goes on."""
    fields = to_fields(small_recipe())
    fields |= {"input": {"size": 512}, "batch": 512}
    fields["data"] = {
        "name": "shapes",
        "shapes": {"per_class": 60, "test_per_class": 2, "size": 16},
    }
    run = store.submit(from_fields(fields), by=LOCAL).id
    attempt = start(store, run)
    load_torch()
    if (worker := os.fork()) == 0:
        _become_worker(attempt, store.folder(run, by=LOCAL).log)
    os.waitpid(worker, 0)
    found = store.get(run, by=LOCAL)
    return f"{found.state}: {found.reason}".partition("\n")[0].partition(" (")[0]


def _become_worker(attempt: Attempt, log: Path) -> None:
    """With some more addresses than torch itself takes."""
    try:
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        from tlcore.nn.worker import main

        os.environ["TL_DEVICE"] = "cpu"
        own = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (own + _ROOM, own + _ROOM))
        main([attempt.run, str(attempt.number), "1"])
    finally:
        os._exit(0)


def _killed_by_the_kernel(store: RunStore) -> list[str]:
    """One worker killed as the kernel does it, another one that lives."""
    other = work(store).run
    attempt = start(store, submit(store))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as worker:
        known = of(worker.pid)
        assert known
        store.begin(attempt, known, {})
        watch = supervise.Supervisor(store, Local(store, warm=False).cancel)
        before = supervise.times_memory_ran_out()
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        with patch.object(supervise, "times_memory_ran_out", lambda: before + 1):
            watch.look()
    found = store.get(attempt.run, by=LOCAL)
    broken = []
    if found.state != State.FAILED or "Memory ran out" not in found.reason:
        broken.append(f"{found.state}: {found.reason}")
    if store.get(other, by=LOCAL).state != State.RUNNING:
        broken.append("another run ended, too")
    store.beat(_attempt(store, other), progress=1)
    store.end(_attempt(store, other), State.FAILED, "the trial is over")
    return broken


def _attempt(store: RunStore, run: str) -> Attempt:
    attempt = store.attempt(run)
    assert attempt
    return attempt


def check_forks(budget: Budget) -> Outcome:
    """Where the code forks, and whether what it forks from has begun any thread."""
    found = [place for file in sorted((PROJECT / "tlcore").rglob("*.py")) for place in _forks(file)]
    broken = [f"a fork in {place}" for place in found if not place.startswith(_MAY_FORK)]
    broken += [] if budget.quick else _threads_of_warm()
    files = len(list((PROJECT / "tlcore").rglob("*.py")))
    words = f"{files} files fork in {len(found)} place(s): {', '.join(found)}"
    return Outcome(files, words, tuple(broken))


def _forks(file: Path) -> Iterator[str]:
    name = file.relative_to(PROJECT).as_posix()
    for node in ast.walk(ast.parse(file.read_text())):
        text = next((getattr(node, f) for f in ("attr", "id", "arg") if hasattr(node, f)), None)
        imported = {each.name for each in getattr(node, "names", ()) if isinstance(each, ast.alias)}
        if text in _FORKS or imported & _FORKS:
            yield f"{name}:{getattr(node, 'lineno', 0)}"


def _threads_of_warm() -> list[str]:
    """What the warm server has loaded leaves it with a single thread, and torch unused."""
    script = (
        "import os;os.environ['OPENBLAS_NUM_THREADS']='1';"
        "from importlib import import_module;from tlcore.nn import warm;"
        "[import_module(name) for name in warm._HEAVY];"
        "print(len(os.listdir('/proc/self/task')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return [] if done.stdout.strip() == "1" else [f"{done.stdout} threads {done.stderr[-200:]}"]


ROWS = (
    Row(
        13,
        "memory runs out (a limit on addresses; the kernel's kill, injected)",
        "only that run ends, failed, and says that memory ran out",
        check_memory,
        full=50,
        quick=3,
        seconds=60,
        quick_seconds=30,
    ),
    Row(
        19,
        "a worker is forked from a process that has used torch (it may hang)",
        "the code forks at one place alone, from a process with one thread and torch unused",
        check_forks,
        seconds=30,
        quick_seconds=30,
    ),
)
