"""What can go wrong with a run, done on purpose: `python bench/faults.py`, for
docs/measured/FAULTS.md.

    --quick         fewer trials, in less than a minute
    --only 1,2,7    these rows alone
    --write         write the table

The exit code is 0 if whatever could be tried here holds, and 1 otherwise.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python bench/faults.py`
os.environ["OMP_NUM_THREADS"] = "1"  # read when torch and numpy are first imported, and with
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads of theirs nothing could be forked

from bench.faulting import table
from bench.faulting.all import ROWS
from bench.faulting.rows import Result, Row
from bench.faulting.run import run_all


def main(words: list[str]) -> int:
    """Run rows, telling each; 1 if any doesn't hold."""
    asked = _asked(words)
    began = time.monotonic()
    results = []
    for result in run_all(_chosen(asked.only), quick=asked.quick):
        results.append(result)
        _tell(result)
        if asked.write:
            table.write(results, list(ROWS))
    broken = [result for result in results if result.verdict == "FAILS"]
    held = sum(result.verdict == "holds" for result in results)
    print(f"{held} of {len(results)} rows hold, {len(broken)} don't; the rest can't be tried here.")
    print(f"{time.monotonic() - began:.0f} seconds.")
    return 1 if broken else 0


def _asked(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer trials, under a minute")
    parser.add_argument("--only", default="", help="numbers of rows, such as 1,2,7 or 20-25")
    parser.add_argument("--write", action="store_true", help="write docs/measured/FAULTS.md")
    asked = parser.parse_args(words)
    if asked.quick and asked.write:
        parser.error("the table is of the full run: leave out --quick or --write")
    return asked


def _chosen(only: str) -> list[Row]:
    wanted: set[int] = set()
    for part in filter(None, only.split(",")):
        first, _, last = part.partition("-")
        wanted |= set(range(int(first), int(last or first) + 1))
    return [row for row in ROWS if not wanted or row.number in wanted]


def _tell(result: Result) -> None:
    row, mark = result.row, result.verdict
    print(f"{row.number:3} {mark:8} {row.fault} ({result.trials:,} trials, {result.seconds:.1f} s)")
    print(f"             {result.found}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
