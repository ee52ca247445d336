"""A process of its own that swallows hostile files, and how much time and memory that took it.

The memory is the process's own, from before the first file on: what was freed meanwhile and not
given back to the system can't hide what the next file takes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tlcore.errors import ThawError

PROJECT = Path(__file__).resolve().parents[3]
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Trial:
    """What became of one file.

    Attributes:
        file: Its name.
        outcome: What was said of it; refusals begin with `refused`.
        seconds: By the clock on the wall.
        megabytes: The process's peak so far above what it had at first; 0 where the system can't
            tell (Linux can).
    """

    file: str
    outcome: str
    seconds: float
    megabytes: float


def swallowed(module: str, files: Iterable[Path], **environment: str) -> list[Trial]:
    """Have another process take all files, one after the other. It must get through to the end."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, files)],
        cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr[-2000:]}"
    return [Trial(**json.loads(line)) for line in done.stdout.splitlines()]


def swallow(take: Callable[[Path], str], files: Iterable[str]) -> None:
    """In that process: take one after the other and report. Only our own errors are caught."""
    before = peak()
    for file in map(Path, files):
        began = time.perf_counter()
        try:
            outcome = take(file)
        except ThawError as error:
            outcome = f"refused: {error}"
        seconds = time.perf_counter() - began
        trial = Trial(file.name, outcome, seconds, peak() - before)
        print(json.dumps(asdict(trial)), flush=True)


def peak() -> float:
    """Megabytes of memory at this process's worst moment; 0 where the system can't tell."""
    found = re.search(r"VmHWM:\s+(\d+)", _STATUS.read_text()) if _STATUS.exists() else None
    return int(found[1]) / 1024 if found else 0.0
