"""Starting a worker in a session of its own: forked from a process that has torch in memory
already, or, where there is none, as a new process.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from tlcore import paths
from tlcore.runs.folder import RunFolder
from tlcore.runs.lock import locked
from tlcore.runs.records import Attempt

LOADING_TAKES = 120.0
"""Seconds after which a warm server that still isn't ready is given up."""


def claiming(home: Path) -> AbstractContextManager[bool]:
    """Keep everybody else from claiming runs meanwhile; gives False if somebody else does."""
    return locked(home / "claiming.lock")


class Launcher:
    """Starts workers. `with` it, because it may keep a server warm.

    Args:
        home: Where the store is.
        warm: Whether to keep one.
    """

    def __init__(self, home: Path, *, warm: bool = sys.platform == "linux") -> None:
        self._home = home
        self._warm = _WarmServer(home) if warm else None
        self._children: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Launcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cool_down()

    def is_ready(self) -> bool:
        """Whether a worker would start at once: one that has to wait for torch to be loaded would
        look as if it were dead."""
        self._children = [child for child in self._children if child.poll() is None]
        if self._warm and self._warm.has_failed():
            self.cool_down()
        return self._warm is None or self._warm.is_ready()

    def start(self, attempt: Attempt, folder: RunFolder, threads: int) -> None:
        """Start a worker for an attempt."""
        arguments = [attempt.run, str(attempt.number), str(threads)]
        environment = {"TL_DEVICE": attempt.device, "OMP_NUM_THREADS": str(threads)}
        if self._warm is not None:
            job = {"arguments": arguments, "environment": environment, "log": str(folder.log)}
            with contextlib.suppress(OSError):
                return self._warm.send(job)
            self.cool_down()
        with folder.log.open("ab") as log:
            child = _start_apart("tlcore.nn.worker", *arguments, home=self._home, log=log.fileno(), **environment)
        self._children.append(child)

    def cool_down(self) -> None:
        """Do without a warm server from now on."""
        if self._warm is not None:
            self._warm.close()
        self._warm = None
