"""What a run's numbers depend on besides its recipe: versions, processor, threads."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import tlcore
from tlcore import machine
from tlcore.libraries import libraries
from tlcore.runs.folder import RunFolder

_CPUINFO = Path("/proc/cpuinfo")


def describe_environment(device: str, threads: int) -> dict[str, Any]:
    """The machine as far as it matters. Its name and its paths don't, and are nobody's business."""
    return {
        "thaw": tlcore.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": machine.cores(),
        "device": device,
        "threads": threads,
        "libraries": {each.name: each.installed for each in libraries() if each.installed},
    }


def threads_before(folder: RunFolder) -> int | None:
    """With how many threads an earlier attempt computed; None if there was none.

    Sums over other shares of the numbers differ in their last bits, so a run keeps to its number.
    """
    try:
        threads = json.loads(folder.environment.read_bytes())["threads"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return threads if isinstance(threads, int) and threads > 0 else None


def _processor() -> str:
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
