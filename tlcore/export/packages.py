"""Packages of networks that pages offer: made by a process of its own, kept as long as they fit.

A page never loads torch. It starts `python -m tlcore ship` and looks at what that has done: the
process outlives the page, the browser and the server. One is made at a time in a home.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from tlcore import machine
from tlcore.export.facts import Way
from tlcore.runs.jobs import BackgroundJob

State: TypeAlias = Literal["none", "working", "ready", "failed"]

KEPT = 8
"""Packages that stay: they can be made again, and a large network takes a hundred megabytes."""


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
    if path.is_file():
        return Package("ready", path)
    job = _job(path)
    if job.goes_on:
        said = job.said().splitlines()
        steps = [line.removesuffix(" …") for line in said if line.endswith(" …")]
        return Package("working", path, steps[-1] if steps else "Starting")
    if why := job.failure:
        return Package("failed", path, why)
    return Package("none", path)


def begin(home: Path, run: str, network: Path, way: Way | None = None) -> None:
    """Have a package made, unless there is one or it is being made.

    Raises:
        RunError: Another one is being made, or no process can be started.
    """
    path = _path(home, run, network, way)
    if path.is_file():
        return
    _clear_up(path.parent)
    rivals = [_job(each) for each in path.parent.glob("*.job") if each.stem != path.stem]
    threads = str(max(1, min(2, machine.cores() - 1)))
    settings = {"OMP_NUM_THREADS": threads, "TL_DEVICE": "cpu"}
    _job(path, run, way).start(home, rivals=rivals, settings=settings)


def measured(package: Package) -> str:
    """What its maker said of a package that is ready: parity, and what eight bits cost.

    Not where it lies, which is nobody's business who looks at a page.
    """
    lines = _job(package.path).said().splitlines()
    kept = (line for line in lines if line and not line.endswith(" …"))
    return "\n".join(line for line in kept if not line.startswith("place "))


def _job(path: Path, run: str = "", way: Way | None = None) -> BackgroundJob:
    """That makes a package; without a run, one to be looked at."""
    command = ("tlcore", "ship", run, "--to", str(path), *(("--int8", way) if way else ()))
    return BackgroundJob(path.with_suffix(""), command, "package")


def _clear_up(folder: Path) -> None:
    """Let the oldest packages go, with what was said of them."""
    packages = sorted(folder.glob("*.zip"), key=lambda path: path.stat().st_mtime)
    for path in packages[: -(KEPT - 1)]:
        path.unlink(missing_ok=True)
        _job(path).forget()


def _path(home: Path, run: str, network: Path, way: Way | None) -> Path:
    """A run that goes on training leaves another network, so its name is part of the package's."""
    eight = f"-{way}" if way else ""
    return home / "cache" / "ship" / f"{run}-{network.stem}{eight}.zip"
