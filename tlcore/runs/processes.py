"""A process and all that came of it: found, and ended.

Signalling a process group is not enough: whatever opens a session of its own leaves the group. So
whoever descends from the process, or belongs to the session that it leads, is ended one by one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tlcore.runs import identity
from tlcore.runs.identity import Identity

CLOSING_PATIENCE = 5.0
_BETWEEN_LOOKS = 0.02
_PROC = Path("/proc")


@dataclass(frozen=True)
class _Process:
    """A line of the process table."""

    pid: int
    parent: int
    session: int


def family(root: Identity) -> tuple[Identity, ...]:
    """The process, its descendants, and the session it led, as far as they are alive.

    What a dead process left behind still goes by the number of its session. By now that number may
    be somebody else's, so only processes count that have a home of the lab, as workers do.
    """
    if root.boot != identity.boot_id() or identity.of(root.pid) not in (root, None):
        return ()
    table = {process.pid: process for process in _processes()}
    session = {process.pid for process in table.values() if process.session == root.pid}
    if not identity.is_alive(root):
        session = set(filter(_has_home, session))
    found = {root.pid, *session}
    while more := {p.pid for p in table.values() if p.parent in found} - found:
        found |= more
    found.discard(os.getpid())
    return tuple(member for pid in sorted(found) if (member := identity.of(pid)) is not None)


def command_of(process: Identity) -> str:
    """What the process was started with; empty if it can't be known."""
    file = _PROC / str(process.pid) / "cmdline"
    with suppress(OSError):
        if file.exists():
            return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        command = ["ps", "-o", "command=", "-p", str(process.pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return ""


def ask_to_end(process: Identity) -> None:
    """Send TERM, whose default is to end."""
    _signal(process, signal.SIGTERM)


def end_family(root: Identity) -> bool:
    """Kill the process and all that came of it; tell whether none of them is left.

    They are stopped first, so that none of them can start another meanwhile.
    """
    deadline = time.monotonic() + CLOSING_PATIENCE
    while members := family(root):
        for member in members:
            _signal(member, signal.SIGSTOP)
        for member in family(root):
            _signal(member, signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(_BETWEEN_LOOKS)
    return True


def _signal(process: Identity, number: int) -> None:
    """Signal this very process, and no other that has its number by now."""
    with suppress(ProcessLookupError, PermissionError):
        if not hasattr(os, "pidfd_open"):
            if identity.is_alive(process):
                os.kill(process.pid, number)
            return
        descriptor = os.pidfd_open(process.pid)
        try:
            if identity.is_alive(process):
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def _has_home(pid: int) -> bool:
    with suppress(OSError):
        return b"TL_HOME=" in (_PROC / str(pid) / "environ").read_bytes()
    return False


def _processes() -> Iterator[_Process]:
    if not (_PROC / "self/stat").exists():
        yield from _from_ps()
        return
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                text = (entry / "stat").read_text(errors="replace")
                fields = text[text.rindex(")") + 2 :].split()
                yield _Process(int(entry.name), int(fields[1]), int(fields[3]))


def _from_ps() -> Iterator[_Process]:
    """Where there is no `/proc`; the group stands for the session, as one process leads both."""
    command = ["ps", "-A", "-o", "pid=,ppid=,pgid="]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        yield _Process(*map(int, line.split()))
