"""What people may ask of a run, depending on how it stands; whatever makes no sense is refused in
words."""

from __future__ import annotations

import sqlite3

from tlcore.errors import RunError
from tlcore.runs.records import Request
from tlcore.runs.rows import change, move, next_ticket
from tlcore.runs.states import State

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
