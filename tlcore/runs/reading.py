"""What a run has said so far, read back in the order in which it was written."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Collection
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


def metrics_after(
    sql: sqlite3.Connection,
    run: int,
    since: int,
    names: Collection[str] = (),
    most: int | None = None,
) -> tuple[Metric, ...]:
    """Points that were written after number `since`, of all curves or of those named; about `most`
    of them, if there are more. SQLite keeps NaN as NULL."""
    wanted = (
        "FROM metric WHERE run = :run AND seq > :since "
        "AND (:names = '[]' OR name IN (SELECT value FROM json_each(:names)))"
    )
    given = {"run": run, "since": since, "names": json.dumps(list(names)), "apart": 1}
    if most is not None:
        (count,) = sql.execute(f"SELECT count(*) {wanted}", given).fetchone()
        given["apart"] = max(1, -(-count // most))
    columns = "SELECT name, epoch, step, value, seconds, seq"
    return tuple(
        Metric(name, epoch, step, math.nan if value is None else value, seconds, seq)
        for name, epoch, step, value, seconds, seq in sql.execute(
            f"{columns} {wanted} AND step % :apart = 0 ORDER BY seq", given
        )
    )


def changes_of(sql: sqlite3.Connection, run: int) -> tuple[Change, ...]:
    """Every state that a run went through."""
    query = "SELECT before, after, attempt, why, at FROM change WHERE run = ? ORDER BY seq"
    return tuple(
        Change(State(before) if before else None, State(after), *rest)
        for before, after, *rest in sql.execute(query, (run,))
    )
