"""Finding runs whose worker is gone: dead, silent, or from before a reboot."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

from tlcore.runs.identity import Clock, Identity, is_alive
from tlcore.runs.records import LEASE, Run
from tlcore.runs.rows import AT_WORK, again, move
from tlcore.runs.states import State

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
