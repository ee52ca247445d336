"""Starting a worker in a session of its own: forked from a process that has torch in memory
already, or, where there is none, as a new process.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from fnmatch import fnmatchcase
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from tlcore import paths
from tlcore.runs.folder import RunFolder
from tlcore.runs.lock import locked
from tlcore.runs.records import Attempt

LOADING_TAKES = 120.0
"""Seconds after which a warm server that still isn't ready is given up."""

PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "XDG_*"),
    *("PYTHON*", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_*", "MALLOC_*", "GLIBC_*"),
    *("OMP_*", "GOMP_*", "KMP_*", "MKL_*", "OPENBLAS_*", "VECLIB_*", "TORCH*", "PYTORCH_*"),
    *("CUDA_*", "NVIDIA_*", "NCCL_*", "TRITON_*", "HIP_*", "HSA_*", "ROCR_*", "COVERAGE_*"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_*", "REQUESTS_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "CURL_CA_BUNDLE"),
    *("HF_HOME", "HF_HUB_*", "HF_ENDPOINT", "SPACE_ID", "TL_*"),
)
"""Variables that the lab's processes have from the server. All others stay with it: a key of the
host's, such as HF_TOKEN, is no business of a process that reads visitors' files. `TL_PASS` names
further ones."""

_KEPT_BACK = ("TL_OWNER_TOKEN",)


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
            with suppress(OSError):
                self._warm.send(job)
                return
            self.cool_down()
        command = ["tlcore.nn.worker", *arguments]
        self._children.append(start_apart(command, self._home, folder.log, environment))

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


def passed_on(before: Mapping[str, str]) -> dict[str, str]:
    """The variables that a process of the lab's has from this one.

    >>> passed_on({"PATH": "/bin", "HF_TOKEN": "x", "TL_HOME": "h", "TL_OWNER_TOKEN": "x"})
    {'PATH': '/bin', 'TL_HOME': 'h'}
    >>> passed_on({"HF_TOKEN": "x", "TL_PASS": "HF_TOKEN"})["HF_TOKEN"]
    'x'
    """
    named = (*PASSED_ON, *before.get("TL_PASS", "").replace(",", " ").split())
    return {
        name: value
        for name, value in before.items()
        if name not in _KEPT_BACK and any(fnmatchcase(name, pattern) for pattern in named)
    }


def start_apart(
    command: Sequence[str],
    home: Path,
    log: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
    channel: socket.socket | None = None,
) -> subprocess.Popen[bytes]:
    """Start a module as a process that outlives this one and shares nothing with it.

    Args:
        command: The module, and its arguments.
        home: The state folder that it works in.
        log: Where all that it prints is added.
        environment: Variables that it has besides what is passed on.
        channel: What it finds as its standard input.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=paths.PROJECT,
            env={**passed_on(os.environ), **paths.variables(), "TL_HOME": str(home), **environment},
            stdin=channel.fileno() if channel else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
