"""`python -m bench.engine --write docs/measured/ENGINE.md`: the engine held against plain loops.

Weights and CIFAR-10 are looked for where the lab looks (`TL_WEIGHTS`, `TL_DATA`); rows that need
them are left out, and named, where there are none.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from platform import python_version

import torch

from bench.engine import lines, rows, with_weights
from bench.engine.rows import Row
from tlcore.errors import DataMissing, WeightsMissing

REFERENCE = "tests/nn/reference"
HELD = re.compile(r"^(?P<what>.{62}) +(?P<off>\S+)  allowed (?P<allowed>\S+)$")
TESTS = {
    "dropout is seeded on the device that is used (3)": "tests/nn/test_device.py",
    "bfloat16 only where it is native (4)": "tests/nn/test_device.py",
    "float32 is float32 and not TF32, convolutions repeat (12)": "tests/nn/test_device.py",
    "memory is given back outside the `except` (8)": "tests/nn/engine/test_balance.py",
    "a resumed run is the run, bit for bit": "tests/nn/engine/test_resume.py",
    "what each schedule freezes, layer by layer": "tests/nn/engine/test_freeze.py",
    "metrics against independent implementations": "tests/analysis",
}
"""What no number shows, and which tests hold it."""


def measured(
    parts: Sequence[Callable[[], Iterator[Row]]],
    missing: list[str],
    kept: Path | None = None,
    *,
    only: str = "",
) -> Iterator[Row]:
    """All rows of these parts; whoever lacks weights or data is noted.

    Args:
        kept: Where finished parts are, so that a bench that was stopped goes on.
        only: Parts whose name begins so are measured; of the others, what was kept is taken.
    """
    known = json.loads(kept.read_text()) if kept and kept.exists() else {}
    for part in parts:
        if part.__name__ not in known and not part.__name__.startswith(only):
            missing.append(f"{part.__name__}: was left out")
            continue
        print(f"{part.__name__} …", file=sys.stderr, flush=True)
        try:
            rows_of_part = known.get(part.__name__) or [vars(row) for row in part()]
        except (WeightsMissing, DataMissing, FileNotFoundError) as error:
            missing.append(f"{part.__name__}: {str(error).splitlines()[0][:90]}")
            continue
        known[part.__name__] = rows_of_part
        if kept:
            kept.write_text(json.dumps(known))
        yield from (Row(**fields) for fields in rows_of_part)


def reference() -> Iterator[Row]:
    """The reference suite, each kind by its worst comparison."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", REFERENCE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    kinds: dict[str, list[tuple[float, float]]] = {}
    for found in filter(None, map(HELD.match, done.stdout.splitlines())):
        kind = re.split(r"[:,]", found["what"])[0].strip()
        kinds.setdefault(kind, []).append((float(found["off"]), float(found["allowed"])))
    for kind, pairs in kinds.items():
        off, allowed = max(pairs, key=lambda pair: pair[0] / max(pair[1], 1e-300))
        yield Row("reference suite", f"{kind} ({len(pairs)} held)", "", f"{off:.1e}",
                  f"≤ {allowed:.0e}", off <= allowed)  # fmt: skip
    passed = done.returncode == 0
    colour = "green" if passed else "red"
    yield Row("reference suite", "all of it", "", f"{seconds:.0f} s, {colour}",
              "green, under 40 s of an idle machine", passed)  # fmt: skip


def accelerators() -> str:
    """How many lines need one, in words."""
    asking = lines.asking()
    names = ", ".join(f"`{what}` ({path})" for path, what in sorted(lines.ONLY_REAL))
    return (
        f"{len(asking)} lines of `tlcore/nn` ask or tell an accelerator something, all of them in "
        f"{' and '.join(sorted({path for path, _ in asking}))}. Tests drive every schedule and "
        "dial on a pretended card (`tests/nn/pretend`), which reaches all of them but "
        f"{names}; what a real card answers them, how fast it is and how its kernels round is "
        "not tested here."
    )


def page(found: Sequence[Row], missing: Sequence[str]) -> str:
    """The tables as Markdown."""
    titles = ("about", "what", "then", "now", "allowed", "holds")
    head = f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"
    left_out = "".join(f"- {each}\n" for each in missing) or "Nothing.\n"
    tests = "".join(f"| {what} | `{where}` |\n" for what, where in TESTS.items())
    right = sum(row.holds for row in found)
    return (
        "# Does training do what it says?\n\n"
        "Made by `python -m bench.engine --write docs/measured/ENGINE.md`. The engine was once "
        "held against plain loops, and what was found then stands beside what the same question "
        "finds now; where no number was given then there is none. "
        f"{right} of {len(found)} rows hold (torch {torch.__version__}, Python "
        f"{python_version()}, {torch.get_num_threads()} threads).\n\n"
        f"{head}\n" + "\n".join(map(rows.as_line, found)) + "\n\n"
        f"## What only an accelerator shows\n\n{accelerators()}\n\n"
        f"## Held by tests alone\n\n| what | where |\n|---|---|\n{tests}\n"
        f"## Not measured this time\n\n{left_out}"
    )


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--no-reference", action="store_true", help="leave out the reference suite")
    parser.add_argument("--kept", type=Path, help="where finished parts are, to go on from")
    parser.add_argument("--only", default="", help="measure parts whose name begins so")
    given = parser.parse_args()
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["TL_HOME"] = home
        parts = (*rows.PARTS, *with_weights.PARTS, *(() if given.no_reference else (reference,)))
        found = list(measured(parts, missing, given.kept, only=given.only))
    text = page(found, missing)
    print(text)
    if given.write:
        given.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
