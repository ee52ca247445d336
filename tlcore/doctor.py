"""What this machine has, what it lacks, and what to do about that.

>>> {finding.topic for finding in examine(probe=["false"])} >= {"Python", "device", "disk"}
True
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from tlcore import machine, paths
from tlcore.catalog.weight_files import ENDINGS
from tlcore.data import cifar
from tlcore.files import written_whole
from tlcore.machine import how_to_install, libraries

OLDEST_PYTHON = (3, 11)
GIGABYTE = 10**9
ENOUGH_DISK = 5 * GIGABYTE
ENOUGH_MEMORY = 2 * GIGABYTE
PROBE = (sys.executable, "-m", "tlcore.nn.device")
"""Torch is looked at from another process: this one stays plain, and survives a crash there."""

_ONCE = how_to_install() if paths.INSTALLED else "make run"
_ANEW = how_to_install() if paths.INSTALLED else "make clean run"
PATIENCE = 180  # seconds; the first import after an installation compiles a lot
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

State: TypeAlias = Literal["ok", "warn", "missing"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: What it is about, in a word or two.
        state: `ok`; `warn` if the lab works without it, or slowly; `missing` if it doesn't.
        what: What was found.
        remedy: What to do, unless all is well.
    """

    topic: str
    state: State
    what: str
    remedy: str = ""


def examine(probe: Sequence[str] = PROBE) -> tuple[Finding, ...]:
    """Look at everything; `probe` is the command that describes torch and the device as JSON."""
    return (
        _python(),
        *_libraries(),
        *_device(probe),
        *_data(),
        *_weights(),
        _state_folder(),
        _database(),
        _disk(),
        _memory(),
        _cores(),
        _browser(),
    )


def _python() -> Finding:
    what = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= OLDEST_PYTHON:
        return Finding("Python", "ok", what)
    return Finding("Python", "missing", what, f"Install Python 3.11 or newer, then: {_ANEW}")


def _libraries() -> Iterator[Finding]:
    wanted = libraries()
    for library in wanted:
        if library.installed is None:
            yield Finding("libraries", "missing", f"{library.name} is not installed", _ONCE)
        elif not library.fits:
            what = f"{library.name} is {library.installed}, and {library.wanted} was tested"
            yield Finding("libraries", "warn", what, _ANEW)
    if all(library.fits for library in wanted):
        versions = ", ".join(f"{library.name} {library.installed}" for library in wanted)
        yield Finding("libraries", "ok", versions)


def _device(probe: Sequence[str]) -> Iterator[Finding]:
    try:
        found = _asked(probe)
    except _NoAnswer as reason:
        remedy = (
            "torch and torchvision must be a pair that was built together; "
            f"{_ANEW} installs the tested one"
        )
        yield Finding("device", "missing", f"torch can't be used here: {reason}", remedy)
        return
    threads = "1 thread" if found["threads"] == 1 else f"{found['threads']} threads"
    what = f"{found['device']} ({found['device_name']}), {found['precision']}, {threads}"
    yield Finding("device", "ok", what)


class _NoAnswer(Exception):
    """The probe ended without describing the device."""


def _asked(probe: Sequence[str]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            probe,
            cwd=paths.PROJECT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _NoAnswer(f"no answer in {PATIENCE} s") from None
    if done.returncode < 0:
        raise _NoAnswer(f"it crashed (signal {-done.returncode})")
    if done.returncode > 0:
        raise _NoAnswer(_last_words(done.stderr))
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        raise _NoAnswer("its answer is no JSON") from None


def _last_words(stderr: str) -> str:
    """The sentence of the error below a traceback."""
    sentences = [line for line in stderr.splitlines() if line[:1].strip()]
    return sentences[-1] if sentences else "it gave no reason"


def _data() -> Iterator[Finding]:
    yield Finding("data", "ok", "shapes (drawn by code) and digits (scikit-learn's): always here")
    for name in get_args(cifar.Name):
        if found := cifar.find(name):
            yield Finding("data", "ok", f"{name} at {found.folder}")
        else:
            what = f"{name} is not on this machine"
            yield Finding("data", "warn", what, cifar.remedy(name))


def _weights() -> Iterator[Finding]:
    found = {folder: _weight_files(folder) for folder in paths.weight_folders()}
    for folder, names in found.items():
        if names:
            yield Finding("weights", "ok", f"{', '.join(names)} in {folder}")
    if not any(found.values()):
        remedy = (
            f"Put .safetensors files into {paths.home() / 'weights'}, or let TL_WEIGHTS name "
            "their folder; or get them from the hub: python -m tlcore get resnet18"
        )
        yield Finding("weights", "warn", "no pre-trained weights on this machine", remedy)


def _weight_files(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.suffix in ENDINGS)
    except OSError:  # it isn't there, or isn't ours to read
        return []


def _state_folder() -> Finding:
    home = paths.home()
    try:
        with written_whole(home / "doctor.txt") as draft:
            draft.write_text("writable")
        (home / "doctor.txt").unlink()
    except OSError as error:
        what = f"{home} can't be written to: {error.strerror}"
        return Finding("state", "missing", what, "Let TL_HOME name a folder that is yours")
    return Finding("state", "ok", f"{home} is writable")


def _database() -> Finding:
    """Network drives often can't do the locking that several processes need."""
    try:
        with tempfile.TemporaryDirectory(dir=paths.home()) as folder:
            connection = sqlite3.connect(Path(folder) / "doctor.sqlite")
            [mode] = connection.execute("PRAGMA journal_mode=WAL").fetchone()
            connection.close()
    except (OSError, sqlite3.Error) as error:
        mode = str(error)
    if mode == "wal":
        return Finding("database", "ok", f"SQLite {sqlite3.sqlite_version}, several may write")
    what = f"SQLite {sqlite3.sqlite_version} can't share a database there: {mode}"
    return Finding("database", "warn", what, "Let TL_HOME name a folder on a local disk")


def _disk() -> Finding:
    place = next(f for f in (paths.home(), *paths.home().parents) if f.exists())
    free = shutil.disk_usage(place).free
    what = f"{free / GIGABYTE:.1f} GB free at {place}"
    if free >= ENOUGH_DISK:
        return Finding("disk", "ok", what)
    remedy = f"Free some: what lies in {paths.cache()} is made again when needed"
    return Finding("disk", "warn", what, remedy)


def _memory() -> Finding:
    free = machine.available_memory()
    what = f"{free / GIGABYTE:.1f} GB available"
    if free >= ENOUGH_MEMORY:
        return Finding("memory", "ok", what)
    return Finding(
        "memory", "warn", what, "Close other programs, or choose small inputs and batches"
    )


def _cores() -> Finding:
    """How many this process may use, which in a container is fewer than there are."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("cores", "ok", f"{count} ({platform.machine()}, {platform.system()})")


def _browser() -> Finding:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found:
        return Finding("browser", "ok", f"{found}, for the tests of the pages")
    remedy = "Only the tests of the pages want one; Debian, Ubuntu: apt install chromium"
    return Finding("browser", "warn", "no Chromium that tests could drive", remedy)
