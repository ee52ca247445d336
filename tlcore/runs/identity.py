"""Which process is meant, and what time it is: neither may be fooled.

A number of a process is reused, after a reboot or before; together with the boot and the moment
the process started it is unique. A clock on the wall can be put right by a day; the clock that
leases go by can't, and every process of the machine reads the same one.
"""

from __future__ import annotations

import os
import subprocess
import time
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_DEAD = "ZX"  # a zombie has ended; only its parent has not yet taken note


@dataclass(frozen=True)
class Identity:
    """One process, never to be taken for another.

    Attributes:
        boot: The boot that it belongs to; empty where the system names none.
        pid: Its number.
        started: When it started, in the system's own ticks.
    """

    boot: str
    pid: int
    started: int


@cache
def boot_id() -> str:
    """What this boot of the machine is called; on Linux alone it has a name."""
    file = _PROC / "sys/kernel/random/boot_id"
    return file.read_text().strip() if file.exists() else ""


@dataclass(frozen=True)
class Clock:
    """Where the time comes from; tests bring their own.

    Attributes:
        wall: Seconds since 1970, for people to read.
        steady: Seconds that can't be set, for leases. The monotonic clock, and not the one that
            goes on while the machine sleeps: else every run would be lost by closing the lid.
        boot: The boot whose steady seconds these are.
    """

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    boot: Callable[[], str] = boot_id


SYSTEM = Clock()


def own() -> Identity:
    """The process that asks."""
    identity = of(os.getpid())
    assert identity is not None, "whoever asks is alive"
    return identity


def of(pid: int) -> Identity | None:
    """The process that has this number now; None if there is none, or but a zombie."""
    found = _from_proc(pid) if (_PROC / "self/stat").exists() else _from_ps(pid)
    if found is None or found[0] in _DEAD:
        return None
    return Identity(boot_id(), pid, found[1])


def is_alive(identity: Identity) -> bool:
    """Whether that very process still runs (or is stopped, but could go on)."""
    return of(identity.pid) == identity


def _from_proc(pid: int) -> tuple[str, int] | None:
    """State and start from `/proc`: the fields follow the name, which may hold anything."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return fields[0], int(fields[19])


def _from_ps(pid: int) -> tuple[str, int] | None:
    """The same where there is no `/proc`, to the second only: what `ps` tells everywhere."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    plain = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=plain)
    state, _, started = done.stdout.strip().partition(" ")
    if not started:
        return None
    return state[0], timegm(time.strptime(started.strip(), "%a %b %d %H:%M:%S %Y"))
