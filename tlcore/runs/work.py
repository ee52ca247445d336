"""What whoever works on a run may write, and only while the right to it is theirs.

Every function first holds the token against the store, in the transaction that it writes in: an
attempt that another one has replaced can write nothing, however late it comes to itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from tlcore.errors import Fenced
from tlcore.events import EpochDone, Event, Started, StepDone, as_fields
from tlcore.recipe_problems import shown
from tlcore.runs.identity import Clock, Identity
from tlcore.runs.limits import rules_in, spent, usage_of
from tlcore.runs.owners import LOCAL
from tlcore.runs.records import LEASE, Attempt, Metric, metrics_of
from tlcore.runs.rows import as_run, change, is_id, move
from tlcore.runs.states import ACTIVE, State

ENDS = (State.FINISHED, State.STOPPED, State.FAILED, State.PAUSED)


def held(sql: sqlite3.Connection, attempt: Attempt) -> sqlite3.Row:
    """The run, if this attempt still holds the right to it."""
    query = (
        "SELECT run.* FROM run JOIN attempt ON attempt.run = run.number "
        "AND attempt.number = run.attempt WHERE run.id = ? AND run.attempt = ? AND token = ?"
    )
    key = (attempt.run, attempt.number, attempt.token)
    row = sql.execute(query, key).fetchone() if is_id(attempt.run) else None
    if row is None or State(row["state"]) not in ACTIVE:
        raise Fenced(
            f"Attempt {attempt.number} has no right to this run any more",
            where=shown(attempt.run),
            remedy="Nothing of it was kept since; end this process.",
        )
    return row  # type: ignore[no-any-return]


def begin(sql: sqlite3.Connection, attempt: Attempt, worker: Identity, clock: Clock) -> None:
    """From starting to running, once. If it has been asked to pause or stop meanwhile, it still
    is."""
    row = held(sql, attempt)
    begun = sql.execute(
        "UPDATE attempt SET begun = 1, worker_boot = ?, worker_pid = ?, worker_started = ? "
        "WHERE run = ? AND number = ? AND NOT begun",
        (worker.boot, worker.pid, worker.started, row["number"], attempt.number),
    )
    if not begun.rowcount:
        raise Fenced(f"Attempt {attempt.number} was begun already", where=attempt.run)
    change(sql, row, started=row["started"] or clock.wall(), updated=clock.wall())
    if row["state"] == State.STARTING:
        move(sql, row, State.RUNNING, "", clock.wall())


def renew(sql: sqlite3.Connection, attempt: Attempt, progress: int, clock: Clock) -> None:
    """Note a sign of life. Whoever has used up what the rules give is asked to stop."""
    row = held(sql, attempt)
    now = clock.wall()
    sql.execute(
        "UPDATE attempt SET lease_until = ?, seconds = ? - claimed_steady "
        "WHERE run = ? AND number = ?",
        (clock.steady() + LEASE, clock.steady(), row["number"], attempt.number),
    )
    change(sql, row, progress=max(progress, row["progress"]), updated=now)
    owner = as_run(row).owner
    if row["state"] == State.RUNNING and owner != LOCAL:
        words = spent(rules_in(sql), usage_of(sql, owner, now))
        if words:
            move(sql, row, State.STOPPING, words[0], now, request="stop")


def record(
    sql: sqlite3.Connection,
    attempt: Attempt,
    events: Sequence[Event],
    metrics: Sequence[Metric],
    now: float,
) -> None:
    """Keep events and points of curves; a point that was there already is replaced."""
    row = held(sql, attempt)
    seq = _last(sql, "event", row["number"])
    kept = [json.dumps(as_fields(event)) for event in events if not isinstance(event, StepDone)]
    sql.executemany(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?)",
        [(row["number"], seq + i, attempt.number, now, text) for i, text in enumerate(kept, 1)],
    )
    points = [*(point for event in events for point in metrics_of(event)), *metrics]
    seq = _last(sql, "metric", row["number"])
    sql.executemany(
        "INSERT OR REPLACE INTO metric VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(row["number"], seq + i, *_columns(point)) for i, point in enumerate(points, 1)],
    )
    if columns := _headway(events):
        change(sql, row, updated=now, **columns)


def end(sql: sqlite3.Connection, attempt: Attempt, state: State, reason: str, clock: Clock) -> None:
    """Leave the run. From then on the attempt has no right to it."""
    if state not in ENDS or not reason:
        raise ValueError("a run is left finished, stopped, failed or paused, and in words")
    row = held(sql, attempt)
    sql.execute(
        "UPDATE attempt SET seconds = ? - claimed_steady WHERE run = ? AND number = ?",
        (clock.steady(), row["number"], attempt.number),
    )
    now = clock.wall()
    move(sql, row, state, reason, now, request=None, ended=now)


def _last(sql: sqlite3.Connection, table: str, run: int) -> int:
    (seq,) = sql.execute(
        f"SELECT coalesce(max(seq), 0) FROM {table} WHERE run = ?", (run,)
    ).fetchone()
    return int(seq)


def _columns(point: Metric) -> tuple[str, int, int, float, float]:
    return point.name, point.epoch, point.step, float(point.value), float(point.seconds)


def _headway(events: Sequence[Event]) -> dict[str, int]:
    """How far the run has come, by the latest event that says so."""
    columns: dict[str, int] = {}
    for event in events:
        if isinstance(event, Started):
            columns |= {"epoch": event.resumed_at, "epochs": event.epochs}
        elif isinstance(event, EpochDone):
            columns |= {"epoch": event.epoch + 1}
    return columns
