"""A table of predictions from elsewhere, read where it can't fill the memory, and written anew.

A few bytes of Parquet can stand for gigabytes, so they are read by a process of its own with
little memory and time: `python -m tlcore.runs.recoding SOURCE TARGET`. What comes out was written
by this lab.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from tlcore import paths
from tlcore.analysis.predictions import Predictions
from tlcore.errors import RunError, ThawError
from tlcore.runs.launch import passed_on
from tlcore.runs.parcel import refused

MEMORY = 1536 * 2**20
"""Of data. A million pictures of ten classes need a third of it."""

SECONDS = 60

_SLIM = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


def recode(source: Path, target: Path) -> None:
    """Write the predictions in `source` to `target`, or refuse them."""
    command = [sys.executable, "-m", "tlcore.runs.recoding", str(source), str(target)]
    try:
        done = subprocess.run(
            command, cwd=paths.PROJECT, env={**passed_on(os.environ), **_SLIM}, timeout=SECONDS,
            capture_output=True, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _unreadable("they take too long to read") from None
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().splitlines()
        raise _unreadable(said[0] if said else "they need too much memory")


def _unreadable(why: str) -> RunError:
    return refused(f"its predictions can't be read ({why:.200})")


def _main(source: str, target: str) -> int:
    for limit, most in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        resource.setrlimit(limit, (most, most))
    try:
        Predictions.read(Path(source)).write(Path(target))
    except ThawError as error:
        print(error.what)
        return 1
    except MemoryError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
