"""What whoever works on a run may write, and only while the right to it is theirs.

Every function first holds the token against the store, in the transaction that it writes in: an
attempt that another one has replaced can write nothing, however late it comes to itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence

from tlcore.access import LOCAL
from tlcore.errors import Fenced
from tlcore.events import EpochDone, Event, Started, StepDone, as_fields
from tlcore.recipe.problems import shown
from tlcore.runs.identity import Clock, Identity, is_alive
from tlcore.runs.limits import rules_in, spent, usage_of
from tlcore.runs.records import LEASE, Attempt, Metric, Run, metrics_of
from tlcore.runs.rows import AT_WORK, again, as_run, change, is_id, move
from tlcore.runs.states import ACTIVE, State

_QUERY = (
    "SELECT run.*, lease_boot, lease_until, worker_boot, worker_pid, worker_started FROM run "
    "JOIN attempt ON attempt.run = run.number AND attempt.number = run.attempt "
    f"WHERE {AT_WORK}"
)


def overdue(sql: sqlite3.Connection, clock: Clock) -> Iterator[tuple[sqlite3.Row, str]]:
    """Runs at work that nobody works on, each with what has become of its worker."""
    for row in sql.execute(_QUERY).fetchall():
        if reason := _why_gone(row, clock) or _why_silent(row, clock):
            yield row, reason


def silent(sql: sqlite3.Connection, clock: Clock) -> Iterator[tuple[sqlite3.Row, str]]:
    """Those of them of which nothing is known but that they gave no sign of life."""
    for row, reason in overdue(sql, clock):
        if not _why_gone(row, clock):
            yield row, reason


def mark_overdue(
    sql: sqlite3.Connection, clock: Clock, spared: Collection[str] = ()
) -> tuple[Run, ...]:
    """Mark them all but those that are spared."""
    lost = [(row, reason) for row, reason in overdue(sql, clock) if row["id"] not in spared]
    for row, reason in lost:
        mark(sql, row, reason, clock.wall())
    return tuple(again(sql, row) for row, _ in lost)


def mark(sql: sqlite3.Connection, row: sqlite3.Row, reason: str, now: float) -> None:
    """Whoever wanted it stopped has got that; everything else is lost, until it is resumed."""
    if row["state"] == State.STOPPING:
        asked = "cancelled" if row["request"] == "cancel" else "asked to stop"
        words = f"{asked}; {reason} before it had answered"
        move(sql, row, State.STOPPED, words, now, request=None, ended=now)
    else:
        move(sql, row, State.LOST, reason, now, request=None, ended=now)


def abandon(sql: sqlite3.Connection, reason: str, now: float) -> tuple[Run, ...]:
    """Mark all that are at work, and forget who worked: they are at another home's runs."""
    at_work = sql.execute(_QUERY).fetchall()
    for row in at_work:
        mark(sql, row, reason, now)
    sql.execute("UPDATE attempt SET worker_boot = NULL, worker_pid = NULL, worker_started = NULL")
    return tuple(again(sql, row) for row in at_work)


def worker_of(sql: sqlite3.Connection, run: sqlite3.Row) -> Identity | None:
    """Who works on a run, or did in its latest attempt; None if that was never said."""
    query = "SELECT * FROM attempt WHERE run = ? AND number = ?"
    row = sql.execute(query, (run["number"], run["attempt"])).fetchone()
    return _worker(row) if row else None


def _worker(row: sqlite3.Row) -> Identity | None:
    if row["worker_pid"] is None:
        return None
    return Identity(row["worker_boot"], row["worker_pid"], row["worker_started"])


def _why_gone(row: sqlite3.Row, clock: Clock) -> str:
    """In words; empty if it may still be at work. A lease that ends too late was given before a
    reboot, on a system that doesn't name its boots."""
    if row["lease_boot"] != clock.boot():
        return "the machine was restarted"
    worker = _worker(row)
    if worker is not None and not is_alive(worker):
        return f"its process ({worker.pid}) ended without a word"
    left = row["lease_until"] - clock.steady()
    return "the machine was restarted" if left > LEASE else ""


def _why_silent(row: sqlite3.Row, clock: Clock) -> str:
    left = row["lease_until"] - clock.steady()
    return f"it gave no sign of life for {LEASE - left:.0f} seconds" if left < 0 else ""


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
