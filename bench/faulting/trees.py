"""Processes as the system knows them: who descends from whom, and their end."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def end_tree(pid: int) -> None:
    """Kill a process and all that descends from it."""
    for each in [*descendants(pid), pid]:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """The children of a process, their children, and so on; the deepest first."""
    parents = {each: parent for each in pids() if (parent := _parent(each)) is not None}
    found: list[int] = []
    front = [pid]
    while front:
        front = [each for each, parent in parents.items() if parent in front]
        found = front + found
    return found


def pids() -> list[int]:
    """Every process there is."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def is_there(pid: int) -> bool:
    """Whether a process lives; a zombie doesn't."""
    return (fields := _fields(pid)) is not None and fields[0] not in "ZX"


def words(pid: int) -> list[str]:
    """A process's command; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _parent(pid: int) -> int | None:
    return int(fields[1]) if (fields := _fields(pid)) else None


def _fields(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()
