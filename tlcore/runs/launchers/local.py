"""On this machine: a worker in a session of its own, forked from a process that has torch in memory
already, or, where there is none, as a new process.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

from tlcore.access import LOCAL
from tlcore.runs.launchers import Launcher
from tlcore.runs.records import Attempt
from tlcore.runs.spawn import start_apart
from tlcore.runs.store import RunStore

LOADING_TAKES = 120.0
"""Seconds after which a warm server that still isn't ready is given up."""


class Local(Launcher):
    """Starts workers here.

    Args:
        warm: Whether to keep a server that has torch loaded.
    """

    worker: ClassVar[Sequence[str]] = ("tlcore.nn.worker",)

    def __init__(self, store: RunStore, *, warm: bool = sys.platform == "linux") -> None:
        super().__init__(store)
        self._warm = _WarmServer(store.home) if warm else None
        self._children: list[subprocess.Popen[bytes]] = []

    def is_ready(self) -> bool:
        """Whether the server has loaded everything, if there is one."""
        self._children = [child for child in self._children if child.poll() is None]
        if self._warm and self._warm.has_failed():
            self.cool_down()
        return self._warm is None or self._warm.is_ready()

    def submit(self, attempt: Attempt, threads: int) -> None:
        """Start a worker for it."""
        folder = self.store.folder(attempt.run, by=LOCAL)
        arguments = [attempt.run, str(attempt.number), str(threads)]
        environment = {"TL_DEVICE": attempt.device, "OMP_NUM_THREADS": str(threads)}
        if self._warm is not None:
            job = {"arguments": arguments, "environment": environment, "log": str(folder.log)}
            with suppress(OSError):
                self._warm.send(job)
                return
            self.cool_down()
        command = [*self.worker, *arguments]
        self._children.append(start_apart(command, self.store.home, folder.log, environment))

    def cool_down(self) -> None:
        """Do without a warm server from now on."""
        if self._warm is not None:
            self._warm.close()
        self._warm = None


class _WarmServer:
    """`tlcore.nn.warm`, from here."""

    def __init__(self, home: Path) -> None:
        here, there = socket.socketpair()
        with there:
            # with threads of numpy's, nothing could be forked
            environment = {"OPENBLAS_NUM_THREADS": "1"}
            log = home / "dispatcher.log"
            self._process = start_apart(["tlcore.nn.warm"], home, log, environment, there)
        self._channel = Connection(here.detach())
        self._began = time.monotonic()
        self._ready = False

    def is_ready(self) -> bool:
        """Whether it has loaded everything."""
        with suppress(OSError, EOFError):
            if not self._ready and self._channel.poll():
                self._ready = bool(self._channel.recv_bytes())
        return self._ready

    def has_failed(self) -> bool:
        """Whether there is no use in waiting for it."""
        late = not self._ready and time.monotonic() - self._began > LOADING_TAKES
        return late or self._process.poll() is not None

    def send(self, job: dict[str, Any]) -> None:
        """Have a worker forked."""
        self._channel.send_bytes(json.dumps(job).encode())

    def close(self) -> None:
        """End it; the workers that it forked go on."""
        self._channel.close()
        self._process.kill()
        self._process.wait()
