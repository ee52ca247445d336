"""What this machine has left and what a process takes of it, read without torch."""

from __future__ import annotations

import os
from pathlib import Path

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
