"""What goes to the terminal: tables for people, JSON for programs."""

from __future__ import annotations

import json
import re
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Any

from tlcore.errors import RecipeError, ThawError


@contextmanager
def stop_when_asked() -> Iterator[Callable[[], bool]]:
    """Meanwhile, the first Ctrl-C is only noted; gives a way to ask whether there was one."""
    asked = Event()

    def note(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("\nStopping after this step. Ctrl-C again stops at once.", file=sys.stderr)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


_NUMBER = re.compile(r"[+-]?\d|-$")


def print_json(fields: object) -> None:
    """One JSON document on stdout."""
    print(json.dumps(fields, indent=2, allow_nan=False))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns that line up, numbers to the right."""
    columns = [_aligned([printable(v) for v in c]) for c in zip(titles, *rows, strict=True)]
    for cells in zip(*columns, strict=True):
        print("  ".join(cells).rstrip())


def print_error(error: ThawError, *, as_json: bool) -> None:
    """What went wrong, to people on stderr and to programs on stdout too."""
    print(f"Error: {_lines(str(error))}", file=sys.stderr)
    if as_json:
        print_json({"error": _error_fields(error)})


def printable(value: object) -> str:
    """Text that can't move the cursor, however a class or a run is named.

    >>> printable("cat\\x1b[2J"), printable(None), printable(1234567)
    ('cat\\\\x1b[2J', '-', '1,234,567')
    """
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "".join(c if c.isprintable() else _escaped(c) for c in str(value))


def _aligned(column: list[str]) -> list[str]:
    """A title and its cells, all of the same width."""
    width = max(_width(cell) for cell in column)
    right = all(_NUMBER.match(cell) for cell in column[1:])
    spaces = [" " * (width - _width(cell)) for cell in column]
    return [s + cell if right else cell + s for s, cell in zip(spaces, column, strict=True)]


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.split("\n"))


def _width(text: str) -> int:
    """Columns on a terminal: East Asian characters take two, accents on their own none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)


def _error_fields(error: ThawError) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "kind": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "remedy": error.remedy,
    }
    if isinstance(error, RecipeError):
        fields["problems"] = [vars(problem) for problem in error.problems]
    return fields
