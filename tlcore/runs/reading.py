"""What a run has said so far, read back in the order in which it was written."""

from __future__ import annotations

import json
import math
import sqlite3
from typing import Any

from tlcore.runs.records import Change, Metric
from tlcore.runs.states import State


def events_after(sql: sqlite3.Connection, run: int, since: int) -> tuple[dict[str, Any], ...]:
    """Events that were written after number `since`."""
    query = "SELECT * FROM event WHERE run = ? AND seq > ? ORDER BY seq"
    return tuple(
        {
            "seq": row["seq"],
            "attempt": row["attempt"],
            "at": row["at"],
            **json.loads(row["fields"]),
        }
        for row in sql.execute(query, (run, since))
    )


def metrics_after(sql: sqlite3.Connection, run: int, since: int) -> tuple[Metric, ...]:
    """Points that were written after number `since`. SQLite keeps NaN as NULL."""
    query = (
        "SELECT name, epoch, step, value, seconds, seq FROM metric "
        "WHERE run = ? AND seq > ? ORDER BY seq"
    )
    return tuple(
        Metric(name, epoch, step, math.nan if value is None else value, seconds, seq)
        for name, epoch, step, value, seconds, seq in sql.execute(query, (run, since))
    )


def changes_of(sql: sqlite3.Connection, run: int) -> tuple[Change, ...]:
    """Every state that a run went through."""
    query = "SELECT before, after, attempt, why, at FROM change WHERE run = ? ORDER BY seq"
    return tuple(
        Change(State(before) if before else None, State(after), *rest)
        for before, after, *rest in sql.execute(query, (run,))
    )
