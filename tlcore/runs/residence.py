"""One home, one machine: whoever works on runs says so beside them, again and again.

Locks and leases hold between the processes of one machine. Two machines on one folder, on a network
disk or in two containers, would take each other's runs for lost and spoil the database. So the
machine that works keeps a file in the home fresh, and another one that finds it fresh does no work.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from tlcore.errors import StoreError
from tlcore.runs.identity import boot_id

SAYS_EVERY = 5.0
FRESH = 30.0
"""Seconds after which whoever has said nothing works no more."""

_FILE = "machine.json"
_MACHINE_ID = Path("/etc/machine-id")


@dataclass(frozen=True)
class Machine:
    """A machine, or a container, as far as it can be told from others.

    Attributes:
        name: What people call it.
        number: What it was given when it was installed.
        boot: Its boot: containers share it with the machine that they run on, and its locks.
    """

    name: str
    number: str
    boot: str

    def is_same(self, other: Machine) -> bool:
        """Whether locks hold between the two, or one of them is the other before a restart."""
        if self.boot and self.boot == other.boot:
            return True
        return (self.name, self.number) == (other.name, other.number)


@cache
def here() -> Machine:
    """The machine that asks."""
    number = ""
    with suppress(OSError):
        number = _MACHINE_ID.read_text().strip()
    return Machine(socket.gethostname(), number or f"{uuid.getnode():012x}", boot_id())


def keep(home: Path) -> str:
    """Say that this machine works here; or tell which other one does, and say nothing."""
    if other := elsewhere(home):
        return other
    draft = home / f".{_FILE}.{secrets.token_hex(8)}.tmp"  # not forced to disk: it is but a word
    try:
        draft.write_text(json.dumps(asdict(here())), encoding="utf-8")
        os.replace(draft, home / _FILE)
    finally:
        draft.unlink(missing_ok=True)
    return ""


def elsewhere(home: Path) -> str:
    """The name of another machine that works here; empty if none does."""
    try:
        fields = json.loads((home / _FILE).read_text(encoding="utf-8"))
        found = Machine(str(fields["name"]), str(fields["number"]), str(fields["boot"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return found.name or "without a name" if _is_fresh(home) and not found.is_same(here()) else ""


def refuse_elsewhere(home: Path) -> None:
    """Raise a sentence if another machine works here."""
    if other := elsewhere(home):
        raise StoreError(
            f"Another machine, {other}, is working on the runs of this lab",
            where=str(home),
            remedy="Runs are started there alone: two machines that write into one folder spoil "
            "it. Close the lab on one of the two, or give this one a folder of its own: TL_HOME.",
        )


def _is_fresh(home: Path) -> bool:
    """By the clock that gives files their dates: those of two machines may disagree."""
    probe = home / f".{_FILE}.{secrets.token_hex(8)}.tmp"
    try:
        probe.touch()
        return probe.stat().st_mtime - (home / _FILE).stat().st_mtime < FRESH
    except OSError:  # the disk is full, or the file has just been replaced: rather one look more
        return True
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
