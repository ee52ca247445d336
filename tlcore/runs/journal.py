"""A file of JSON lines that only ever grows, and survives being cut off at any byte.

>>> from tempfile import mkdtemp
>>> journal = Path(mkdtemp()) / "events.jsonl"
>>> append_line(journal, {"epoch": 0})
>>> with journal.open("a") as file:  # the power fails
...     _ = file.write('{"epo')
>>> read_lines(journal)
[{'epoch': 0}]
>>> append_line(journal, {"epoch": 1})
>>> read_lines(journal)
[{'epoch': 0}, {'epoch': 1}]
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from tlcore.errors import RunError

LONGEST_LINE = 1024 * 1024


def append_line(path: Path, fields: dict[str, Any]) -> None:
    """Add a line, after cutting off what an interrupted writer left of its last one."""
    line = json.dumps(fields).encode() + b"\n"
    with path.open("a+b") as file:
        _cut_torn_line(file)
        file.write(line)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All whole lines. A torn last one never happened; a damaged one before it is an error."""
    if not path.exists():
        return []
    *lines, _ = path.read_bytes().split(b"\n")
    return [_parse(line, number, path) for number, line in enumerate(lines, start=1)]


def _parse(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        remedy = "Delete that line; the others can then be read."
        raise RunError(f"Line {number} is damaged", where=str(path), remedy=remedy)
    return fields


def _cut_torn_line(file: BinaryIO) -> None:
    """Whole lines end with a line break, so whatever follows the last one is torn."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - LONGEST_LINE))
    tail = file.read()
    if tail and not tail.endswith(b"\n"):
        file.truncate(start + tail.rfind(b"\n") + 1)
