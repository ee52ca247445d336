"""Where runs can work and how many at once, found out without torch.

A GPU takes one run. Without one the CPU does: one run for every eight cores, because two runs that
share few cores slow each other down by far more than half.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tlcore import machine
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
    return max(1, machine.cores() // max(1, sum(slots().values())))


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
    return max(1, machine.cores() // CORES_OF_A_RUN)


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
