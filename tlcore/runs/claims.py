"""From waiting to starting: who is next, and the right to work on it."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping

from tlcore.runs.identity import Clock, Identity
from tlcore.runs.limits import rules_in
from tlcore.runs.owners import LOCAL
from tlcore.runs.records import LEASE, Attempt
from tlcore.runs.rows import AT_WORK, move, next_ticket
from tlcore.runs.states import ACTIVE, State
from tlcore.runs.turns import Waiting, in_turn


def choose(sql: sqlite3.Connection) -> str | None:
    """The run whose turn it is, of an owner who may have one more at work."""
    limit, at_work = rules_in(sql).running, _at_work(sql)
    queue = [
        each
        for each in _queue(sql)
        if limit is None or each.owner == LOCAL.id or at_work.get(each.owner, 0) < limit
    ]
    return next(in_turn(queue, at_work, _last_turns(sql)), None)


def position(sql: sqlite3.Connection, run: str) -> int | None:
    """Its place in the queue, 1 for the next; None if it doesn't wait."""
    order = list(in_turn(_queue(sql), _at_work(sql), _last_turns(sql)))
    return order.index(run) + 1 if run in order else None


def grant(
    sql: sqlite3.Connection,
    row: sqlite3.Row,
    clock: Clock,
    device: str,
    worker: Identity | None,
) -> Attempt:
    """Give the right to work on a waiting run; whoever had it before has it no more."""
    attempt = Attempt(row["id"], row["attempt"] + 1, secrets.token_hex(16), device)
    move(
        sql,
        row,
        State.STARTING,
        "",
        clock.wall(),
        attempt=attempt.number,
        device=device,
        ticket=next_ticket(sql),
        progress=0,
    )
    sql.execute(
        "INSERT INTO attempt (run, number, token, device, worker_boot, worker_pid, "
        "worker_started, lease_boot, lease_until, claimed, claimed_steady) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row["number"],
            attempt.number,
            attempt.token,
            device,
            *((worker.boot, worker.pid, worker.started) if worker else (None, None, None)),
            clock.boot(),
            clock.steady() + LEASE,
            clock.wall(),
            clock.steady(),
        ),
    )
    return attempt


def granted(sql: sqlite3.Connection, row: sqlite3.Row) -> Attempt | None:
    """The attempt that holds the right to work on a run; None if nobody does."""
    if State(row["state"]) not in ACTIVE:
        return None
    (token,) = sql.execute(
        "SELECT token FROM attempt WHERE run = ? AND number = ?", (row["number"], row["attempt"])
    ).fetchone()
    return Attempt(row["id"], row["attempt"], token, row["device"])


def waiting(sql: sqlite3.Connection) -> int:
    """How many runs wait."""
    (count,) = sql.execute("SELECT count(*) FROM run WHERE state = 'queued'").fetchone()
    return int(count)


def _queue(sql: sqlite3.Connection) -> list[Waiting]:
    query = "SELECT id, owner, priority, ticket FROM run WHERE state = 'queued'"
    return [Waiting(*row) for row in sql.execute(query)]


def _at_work(sql: sqlite3.Connection) -> Mapping[str, int]:
    query = f"SELECT owner, count(*) FROM run WHERE {AT_WORK} GROUP BY owner"
    return dict(sql.execute(query))


def _last_turns(sql: sqlite3.Connection) -> Mapping[str, int]:
    """Of the owners who wait: when a run of theirs was last claimed."""
    query = (
        "SELECT owner, max(ticket) FROM run WHERE attempt > 0 AND state != 'queued' "
        "AND owner IN (SELECT owner FROM run WHERE state = 'queued') GROUP BY owner"
    )
    return dict(sql.execute(query))
