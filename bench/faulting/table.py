"""`docs/measured/FAULTS.md`: a line for each row, as it was last measured."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.faulting.rows import Result, Row
from bench.faulting.trees import PROJECT
from tlcore import machine
from tlcore.runs.folder import describe_environment

TABLE = PROJECT / "docs" / "measured" / "FAULTS.md"

_HEAD = """\
# What goes wrong, and what holds all the same

Written by `python bench/faults.py --write`. Each line says what was done to the lab, what must
hold, in how many trials it was looked at, and when. "Not here" is what that machine doesn't let
anybody try, with the reason; "later" is what isn't built yet. `python bench/faults.py --quick`
makes fewer trials, in less than a minute. All is bounded, in number and in time, and stays on this
machine: a count "of" another one is as far as a row got in its time.

What the trials don't show:

- Row 3 cuts off an ext4 file system in a file (`EXT4_IOC_SHUTDOWN`, nothing flushed), not a real
  disk. What is acknowledged while the cut is being made isn't counted, for ext4 may call a wait for
  the disk a success whose journal ended in its midst: in 300 cuts with an eye on this, 2 of 34 such
  commits were gone, and none of the 44,490 that were acknowledged before the cut began.
- Row 4 kills a process that asks for runs and watches them as the server does. The real server is
  killed in a test, under a tab that stays open (`tests/browser/test_runs.py`).
- Row 13 injects the kernel's kill: for a real one the memory groups of the machine would have to be
  changed, and they belong to whoever looks after it. Row 14 injects what a GPU says.
- Row 27: plain safetensors files and torch's old format carry no sum, so nobody can tell a changed
  number in them from another number. Checkpoints of the lab, and torch's zips, do.

| # | fault | must hold | trials | result | measured |
|--:|---|---|--:|---|---|
"""
_LINE = re.compile(r"^\| (\d+) \|.*$", re.MULTILINE)


def write(results: list[Result], rows: list[Row]) -> None:
    """Write the lines of these results; those of the other rows stay as they are."""
    standing = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    lines = {int(found[1]): found[0] for found in _LINE.finditer(standing)}
    when = stamp()
    lines |= {result.row.number: _line(result, when) for result in results}
    known = {row.number for row in rows}
    text = _HEAD + "".join(f"{lines[number]}\n" for number in sorted(lines) if number in known)
    TABLE.write_text(text, encoding="utf-8")


def _line(result: Result, when: str) -> str:
    row = result.row
    made = f"{result.trials:,}"
    if result.verdict in ("holds", "FAILS") and result.trials < row.full:
        made += f" of {row.full:,}"
    verdict = f"**{result.verdict}**: {result.found}"
    cells = (str(row.number), row.fault, row.holds, made, verdict, when)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def stamp() -> str:
    """When, on what, and at which commit."""
    processor = describe_environment("cpu", 1)["processor"]
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine.cores()} cores of {processor}, {_commit()}"


def _commit() -> str:
    def git(*words: str) -> str:
        command = ["git", *words]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = "+" if git("status", "--porcelain", "--", "tlcore", "bench", "tests") else ""
    return git("rev-parse", "--short", "HEAD") + changed


def place() -> Path:
    """Where the table lies, for people."""
    return TABLE.relative_to(PROJECT)
