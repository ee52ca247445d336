"""Numbers of processes, given again: `python -m bench.faulting.reuse FOLDER COUNT SECONDS`.

The next number is set in a namespace of processes of our own, where the counter is ours.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.faulting.trees import PROJECT
from bench.support.lives import start, submit, work
from tlcore.runs import identity
from tlcore.runs.store import RunStore

_NEXT = Path("/proc/sys/kernel/ns_last_pid")


def main(folder: Path, count: int, seconds: float) -> dict[str, int]:
    """Each trial: a worker dies, its number goes to another process, and the watch looks."""
    deadline, trials, wrong = time.monotonic() + seconds, 0, 0
    while trials < count and time.monotonic() < deadline:
        reused = _trial(folder / f"reuse-{trials}")
        if reused is not None:  # else somebody was faster: no trial
            trials, wrong = trials + 1, wrong + (not reused)
    return {"trials": trials, "wrong": wrong}


def _trial(home: Path) -> bool | None:
    store = RunStore(home)
    others = work(store)
    attempt = start(store, submit(store))
    worker = _sleeper()
    known = identity.of(worker)
    assert known
    store.begin(attempt, known, {})
    time.sleep(0.02)  # a process's start is known to the hundredth of a second
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    _NEXT.write_text(str(worker - 1))
    again = _sleeper()
    try:
        if again != worker:
            return None
        lost = [run.id for run in store.find_lost()]
        return lost == [attempt.run] != [others.run]
    finally:
        os.kill(again, signal.SIGKILL)
        os.waitpid(again, 0)


def _sleeper() -> int:
    if (pid := os.fork()) == 0:
        time.sleep(60)
        os._exit(0)
    return pid


if __name__ == "__main__":
    if os.getpid() != 1 and "inside" not in sys.argv:
        # a namespace of processes begins with a child, which must find a /proc of its own
        command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable]
        words = ["-m", "bench.faulting.reuse", *sys.argv[1:], "inside"]
        sys.exit(subprocess.run([*command, *words], cwd=PROJECT, check=False).returncode)
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
