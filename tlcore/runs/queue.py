"""From waiting to starting: who is next, and the right to work on it."""

from __future__ import annotations

import heapq
import secrets
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType

from tlcore.access import LOCAL
from tlcore.errors import RunError
from tlcore.runs.identity import Clock, Identity
from tlcore.runs.limits import rules_in
from tlcore.runs.records import LEASE, Attempt, Request
from tlcore.runs.rows import AT_WORK, change, move, next_ticket
from tlcore.runs.states import ACTIVE, State

CALLED_FORWARD = 1000
"""A priority that no owner can give: a teacher's, which counts among everybody's runs."""

_NOBODY: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Waiting:
    """A run in the queue.

    Attributes:
        run: Its id.
        owner: The id of its owner.
        priority: The highest of an owner's goes first; from `CALLED_FORWARD` on, of everybody's.
        ticket: Its place in time: grows with every run that is queued or claimed.
    """

    run: str
    owner: str
    priority: int
    ticket: int


def in_turn(
    queue: Iterable[Waiting],
    at_work: Mapping[str, int] = _NOBODY,
    last_turns: Mapping[str, int] = _NOBODY,
) -> Iterator[str]:
    """The runs in the order in which they would be taken, were none to end meanwhile.

    Args:
        queue: What waits.
        at_work: How many runs each owner has at work.
        last_turns: The ticket of the latest claim of each owner's.
    """
    lines = _lines(queue)
    owners = [
        (at_work.get(owner, 0), max(_first_come(line), last_turns.get(owner, 0)), owner)
        for owner, line in lines.items()
    ]
    yield from _called_forward(lines)
    owners = [owner for owner in owners if lines[owner[2]]]
    later = count(max((since for _, since, _ in owners), default=0) + 1)
    heapq.heapify(owners)
    while owners:
        working, _, owner = heapq.heappop(owners)
        yield lines[owner].popleft().run
        if lines[owner]:
            heapq.heappush(owners, (working + 1, next(later), owner))


def _called_forward(lines: Mapping[str, deque[Waiting]]) -> Iterator[str]:
    """What a teacher lets go before everybody's, in the order of time."""
    first = [each for line in lines.values() for each in line if each.priority >= CALLED_FORWARD]
    for each in sorted(first, key=lambda each: each.ticket):
        lines[each.owner].remove(each)
        yield each.run


def _lines(queue: Iterable[Waiting]) -> dict[str, deque[Waiting]]:
    """The runs of each owner, in their own order."""
    lines: dict[str, deque[Waiting]] = defaultdict(deque)
    for waiting in sorted(queue, key=lambda waiting: (-waiting.priority, waiting.ticket)):
        lines[waiting.owner].append(waiting)
    return lines


def _first_come(line: Iterable[Waiting]) -> int:
    return min(waiting.ticket for waiting in line)


_DONE_FOR: dict[Request, str] = {
    "pause": "paused",
    "stop": "stopped",
    "cancel": "cancelled",
}


def ask(sql: sqlite3.Connection, row: sqlite3.Row, what: Request, now: float) -> None:
    """Pass a request on to the worker. What nobody works on is cancelled at once."""
    state = State(row["state"])
    if state in (State.QUEUED, State.PAUSED) and what == "cancel":
        move(sql, row, State.STOPPED, f"cancelled while it was {state}", now, ended=now)
    elif not state.active or (state == State.STOPPING and what == "pause"):
        raise _senseless(row, what)
    elif state == State.STOPPING:
        if what == "cancel":  # from then on, keeping the best is not worth the time
            change(sql, row, request=what, updated=now)
    elif what == "pause":
        if state != State.PAUSING:
            move(sql, row, State.PAUSING, "", now, request=what)
    else:
        move(sql, row, State.STOPPING, "", now, request=what)


def put_back(sql: sqlite3.Connection, row: sqlite3.Row, now: float) -> None:
    """Put a run that is at rest back into the queue, at its end."""
    state = State(row["state"])
    if not state.resumable:
        raise RunError(f"This run can't be resumed: it is {state}", where=row["id"])
    reason = f"to be resumed after it was {state}"
    ticket = next_ticket(sql)
    move(sql, row, State.QUEUED, reason, now, ticket=ticket, request=None, ended=None)


def put_into_bin(sql: sqlite3.Connection, row: sqlite3.Row, now: float) -> None:
    """Put a run into the bin, unless something is still to become of it."""
    state = State(row["state"])
    if state == State.QUEUED or state.active:
        remedy = "Cancel it first."
        raise RunError(f"This run is {state}", where=row["id"], remedy=remedy)
    change(sql, row, binned=row["binned"] or now, updated=now)


def refuse_in_bin(row: sqlite3.Row) -> None:
    """What is in the bin is left alone."""
    if row["binned"] is not None:
        raise RunError("This run is in the bin", where=row["id"], remedy="Restore it first.")


def _senseless(row: sqlite3.Row, what: Request) -> RunError:
    state = State(row["state"])
    remedies = {
        State.QUEUED: "It hasn't begun. Cancel it if it shall not.",
        State.PAUSED: "Resume it first, or cancel it.",
        State.STOPPING: "Wait until it has stopped; then it can be resumed.",
    }
    words = f"A run that is {state} can't be {_DONE_FOR[what]}"
    return RunError(words, where=row["id"], remedy=remedies.get(state, ""))


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
