"""Starting a process of the lab's that outlives whoever started it, with what it may know."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

from tlcore import paths
from tlcore.runs.lock import locked

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
