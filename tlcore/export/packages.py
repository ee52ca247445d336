"""Packages of networks that pages offer: made by a process of its own, kept as long as they fit.

A page never loads torch. It starts `python -m tlcore ship` and looks at what that has done: the
process outlives the page, the browser and the server. One is made at a time in a home.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import Popen
from typing import Literal, TypeAlias

from tlcore import machine
from tlcore.errors import RunError
from tlcore.export.facts import Way
from tlcore.files import written_whole
from tlcore.runs import identity
from tlcore.runs.identity import Identity
from tlcore.runs.spawn import start_apart

State: TypeAlias = Literal["none", "working", "ready", "failed"]

KEPT = 8
"""Packages that stay: they can be made again, and a large network takes a hundred megabytes."""

_LONGEST = 20_000
_started: list[Popen[bytes]] = []  # looked at now and then, so that ended ones are no zombies
_starting = threading.Lock()


@dataclass(frozen=True)
class Package:
    """What has become of a package.

    Attributes:
        state: Whether there is one.
        path: Where it is, or will be.
        words: What is being done, or what went wrong; empty else.
    """

    state: State
    path: Path
    words: str = ""


def look(home: Path, run: str, network: Path, way: Way | None = None) -> Package:
    """Whether there is a package of this very network."""
    path = _path(home, run, network, way)
    for process in _started:
        process.poll()
    if path.is_file():
        return Package("ready", path)
    maker = _maker(path)
    if maker is None:
        return Package("none", path)
    said = _said(path)
    if identity.is_alive(maker):
        steps = [line.removesuffix(" …") for line in said.splitlines() if line.endswith(" …")]
        return Package("working", path, steps[-1] if steps else "Starting")
    return Package("failed", path, _complaint(said))


def begin(home: Path, run: str, network: Path, way: Way | None = None) -> None:
    """Have a package made, unless there is one or it is being made.

    Raises:
        RunError: Another one is being made, or no process can be started.
    """
    with _starting:
        found = look(home, run, network, way)
        if found.state in ("ready", "working"):
            return
        if _is_busy(found.path.parent):
            raise RunError(
                "Another package is being made, and one is made at a time",
                remedy="Wait until it is ready, then ask again.",
            )
        _start(home, run, found.path, way)


def measured(package: Package) -> str:
    """What its maker said of a package that is ready: parity, and what eight bits cost.

    Not where it lies, which is nobody's business who looks at a page.
    """
    lines = _said(package.path).splitlines()
    kept = (line for line in lines if line and not line.endswith(" …"))
    return "\n".join(line for line in kept if not line.startswith("place "))


def _start(home: Path, run: str, path: Path, way: Way | None) -> None:
    _clear_up(path.parent)
    _log(path).unlink(missing_ok=True)
    command = ["tlcore", "ship", run, "--to", str(path), *(["--int8", way] if way else [])]
    threads = str(max(1, min(2, machine.cores() - 1)))
    try:
        process = start_apart(
            command, home, _log(path), {"OMP_NUM_THREADS": threads, "TL_DEVICE": "cpu"}
        )
    except OSError as error:
        raise RunError(
            f"No process can be started: {error.strerror}",
            remedy="Free some memory or disk space, then try again.",
        ) from None
    _started[:] = [each for each in _started if each.poll() is None] + [process]
    if maker := identity.of(process.pid):
        with written_whole(_record(path)) as draft:
            draft.write_text(json.dumps(asdict(maker)))


def _clear_up(folder: Path) -> None:
    """Let the oldest packages go, with what was said of them."""
    packages = sorted(folder.glob("*.zip"), key=lambda path: path.stat().st_mtime)
    for path in packages[: -(KEPT - 1)]:
        for file in (path, _log(path), _record(path)):
            file.unlink(missing_ok=True)


def _path(home: Path, run: str, network: Path, way: Way | None) -> Path:
    """A run that goes on training leaves another network, so its name is part of the package's."""
    eight = f"-{way}" if way else ""
    return home / "cache" / "ship" / f"{run}-{network.stem}{eight}.zip"


def _log(path: Path) -> Path:
    return path.with_suffix(".log")


def _record(path: Path) -> Path:
    return path.with_suffix(".json")


def _maker(path: Path) -> Identity | None:
    """Who makes or made it; None if nobody did."""
    with suppress(OSError, ValueError, TypeError):
        return Identity(**json.loads(_record(path).read_bytes()))
    return None


def _is_busy(folder: Path) -> bool:
    waiting = (path for path in folder.glob("*.json") if not path.with_suffix(".zip").exists())
    makers = (_maker(path) for path in waiting)
    return any(identity.is_alive(maker) for maker in makers if maker)


def _said(path: Path) -> str:
    with suppress(OSError):
        return _log(path).read_bytes()[-_LONGEST:].decode(errors="replace")
    return ""


def _complaint(said: str) -> str:
    """The error in our own words, if there is one; else the last that was said."""
    if found := re.search(r"^Error: (.*)", said, re.MULTILINE | re.DOTALL):
        return found[1].strip()
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
    return f"The process ended without a package. {last[:300]}".strip()
