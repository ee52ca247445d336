"""What this machine has left and what a process takes of it, read without torch."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tlcore import paths
from tlcore.errors import ThawError

CORES_OF_A_RUN = 8

_DEVICES = Path("/dev")
_SLOT = re.compile(r"([a-z]+(?::\d+)?)=(\d+)")


def slots() -> Mapping[str, int]:
    """How many runs each device takes: what `TL_SLOTS` says, such as `cuda:0=1,cuda:1=2`."""
    if said := os.environ.get("TL_SLOTS", ""):
        return _read(said)
    if device := os.environ.get("TL_DEVICE", ""):
        return {device: _runs_on_cpu() if device == "cpu" else 1}
    return {f"cuda:{i}": 1 for i in range(_gpus())} or _without_nvidia()


def threads_of_a_run() -> int:
    """Threads for each run; `OMP_NUM_THREADS` overrules.

    All cores, since a run gives way to every other process (docs/LOG.md has what that costs).
    """
    if (said := os.environ.get("OMP_NUM_THREADS", "")).isdecimal():
        return max(1, int(said))
    return max(1, cores() // max(1, sum(slots().values())))


def _read(said: str) -> Mapping[str, int]:
    pairs = [_SLOT.fullmatch(part.strip()) for part in said.split(",")]
    if not all(pairs):
        raise ThawError(
            f"{said!r} doesn't say how many runs each device takes",
            where="TL_SLOTS",
            remedy="Write, for example, cpu=2 or cuda:0=1,cuda:1=1.",
        )
    return {pair[1]: int(pair[2]) for pair in pairs if pair}


def _runs_on_cpu() -> int:
    return max(1, cores() // CORES_OF_A_RUN)


def _without_nvidia() -> Mapping[str, int]:
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return {"mps": 1}
    return {"cpu": _runs_on_cpu()}


def _gpus() -> int:
    """How many of NVIDIA's torch would see."""
    if _torch_is_for_cpus():
        return 0
    found = sum(1 for file in _DEVICES.glob("nvidia*") if re.fullmatch(r"nvidia\d+", file.name))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return found
    named = visible.split("-1")[0].split(",")  # -1 hides itself and all that follow
    return min(found, sum(1 for name in named if name.strip()))


def _torch_is_for_cpus() -> bool:
    try:
        return version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return True


REQUIREMENTS = paths.PROJECT / "requirements.txt"


def how_to_install(file: str = REQUIREMENTS.name) -> str:
    """The command for what a requirements file names; a wheel's is called in no certain folder.

    >>> how_to_install()
    'pip install -r requirements.txt'
    """
    return f"pip install -r {paths.PROJECT / file if paths.INSTALLED else file}"


@dataclass(frozen=True)
class Library:
    """A line of requirements.txt held against this machine.

    Attributes:
        name: As package indexes name it.
        wanted: The versions asked for, such as `>=2.15,<2.16`.
        installed: The version that is here; None where there is none.
    """

    name: str
    wanted: str
    installed: str | None

    @property
    def fits(self) -> bool:
        return self.installed is not None and all(
            (_numbers(self.installed) >= _numbers(bound)) == (sign == ">=")
            for sign, bound in re.findall(r"(>=|<)([\d.]+)", self.wanted)
        )


def libraries(requirements: Path = REQUIREMENTS) -> tuple[Library, ...]:
    """Every library that a requirements file names."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    named = [re.match(r"([A-Za-z][\w.-]*)([^#;]*)", line) for line in lines]
    return tuple(
        Library(match[1], match[2].strip(), _installed(match[1])) for match in named if match
    )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """2.15.0+cpu as (2, 15): what comes after a plus, and zeros at the end, don't count."""
    numbers = [int(number) for number in re.findall(r"\d+", version.split("+")[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int:
    """Bytes of memory that a new allocation may count on, a container's limit included."""
    return min(_free_memory(), _container_headroom())


def _free_memory() -> int:
    """Linux says what is available; elsewhere half of what is built in is a careful guess."""
    if _MEMINFO.exists():
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def _container_headroom() -> int:
    """What a container may still take; without a limit, more than any machine has."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
        return max(0, int(limit) - used) if limit != "max" else 2**62
    except (OSError, ValueError):
        return 2**62


def memory_of(pid: int) -> int | None:
    """Bytes of memory that a process takes; None where the system doesn't tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def cores() -> int:
    """Cores that this process may use: in a container, often fewer than there are."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(allowed or 1, _container_cores()))


def _container_cores() -> int:
    """What a container's share of computing time is worth; without a limit, more than any has."""
    try:
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return -(-int(quota) // int(period)) if quota != "max" else 2**16
    except (OSError, ValueError):
        return 2**16


MOUNTS = Path("/proc/self/mounts")


def file_system_of(path: Path) -> str:
    """What the disk below a path is formatted as, such as `ext4` or `nfs4`; empty where the system
    doesn't tell."""
    try:
        lines = MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    mounted = {}
    for line in lines:
        _, place, form, *_ = line.split(" ")
        mounted[Path(place.replace("\\040", " "))] = form  # the last one covers those before
    real = path.resolve()
    return next((mounted[each] for each in (real, *real.parents) if each in mounted), "")
