"""A server that has torch in memory and forks a worker from itself for every job.

Importing torch and timm takes seconds, forking milliseconds. It runs no torch operation ever,
because a process that was forked after one may hang: its threads are not forked along. Whoever
starts it (`runs.launchers.local`) holds the other end of the socket that is its standard input, and
it ends with that.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from tlcore.nn import worker

READY = b"ready"

_HEAVY = (
    "torch",
    "torchvision",
    "timm",
    "safetensors.torch",
    "tlcore.nn.engine",
    "tlcore.analysis.scores",
)
_TASKS = Path("/proc/self/task")


def main() -> int:
    """Load, say so, and fork until nobody is there any more to ask for it."""
    channel = Connection(os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the dead
    for module in _HEAVY:
        import_module(module)
    if len(list(_TASKS.iterdir())) > 1:
        print("A library has begun a thread, so nothing is forked.", file=sys.stderr)
        return 1
    gc.collect()
    gc.freeze()  # objects that are never looked at again stay shared with every worker
    channel.send_bytes(READY)
    while True:
        try:
            job = json.loads(channel.recv_bytes())
        except EOFError:
            return 0
        if os.fork() == 0:
            channel.close()
            _become_worker(job)


def _become_worker(job: dict[str, Any]) -> NoReturn:
    """A process like one that was started anew for this job. It never returns to the server."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _redirect(job["log"])
        os.environ.update(job["environment"])
        code = worker.main(job["arguments"])
    except BaseException:  # noqa: BLE001 nothing may get past the fork
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _redirect(log: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for descriptor, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, target)


if __name__ == "__main__":
    sys.exit(main())
