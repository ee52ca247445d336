"""Rows of the register as plain values. Who may see them, whoever calls has asked."""

from __future__ import annotations

import json
import sqlite3

from tlcore.access import Owner
from tlcore.classroom.lesson import from_lesson_text
from tlcore.classroom.measures import Outcome, read_outcome
from tlcore.classroom.records import Answer, Class, Sitting
from tlcore.errors import RunError
from tlcore.runs import artifacts, gates
from tlcore.runs.folder import RunFolder
from tlcore.runs.records import Kind, Run
from tlcore.runs.rows import as_run
from tlcore.runs.store import RunStore


def class_row(sql: sqlite3.Connection, code: str) -> sqlite3.Row:
    found = sql.execute("SELECT * FROM class WHERE code = ?", (code,)).fetchone()
    if found is None:
        remedy = "Look at the board again; it may also have been deleted."
        raise RunError("There is no class with this code", where=code[:20], remedy=remedy)
    return found  # type: ignore[no-any-return]


def as_class(row: sqlite3.Row, *, with_invite: bool = True) -> Class:
    """A class; its second teachers' link is for teachers alone."""
    return Class(
        code=row["code"], title=row["title"], text=row["lesson"],
        invite=row["invite"] if with_invite else "", created=row["created"],
        frozen=bool(row["frozen"]), opened=frozenset(json.loads(row["opened"])),
    )  # fmt: skip


def take_seat(
    sql: sqlite3.Connection,
    now: float,
    by: Owner,
    code: str | None,
    address: str,
    text: str,
    seat: int,
    nickname: str,
    team: str,
) -> int:
    """A new sitting, and the gates before its results."""
    lesson = from_lesson_text(text, where=address)
    (number,) = sql.execute(
        "INSERT INTO sitting (owner, class, address, lesson, seat, nickname, team, joined, "
        "moved) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
        (by.id, code, address, text, seat, nickname, team, now, now),
    ).fetchone()
    for step in lesson.predictions:
        keys = (gates.key_of(lesson.recipe(run, 0)) for run in lesson.sealed_by(step))
        gates.close(sql, number, step.name, keys, by, now)
    return int(number)


def read_sitting(sql: sqlite3.Connection, number: int) -> Sitting:
    """Somebody at a lesson, with all they said and had trained."""
    row = sql.execute("SELECT * FROM sitting WHERE number = ?", (number,)).fetchone()
    answers = {
        each["step"]: Answer(each["value"], each["words"], each["at"])
        for each in sql.execute("SELECT * FROM answer WHERE sitting = ?", (number,))
    }
    runs: dict[str, Run] = {}
    for each in sql.execute(
        "SELECT run.*, lesson_run.name AS planned FROM lesson_run JOIN run "
        "ON run.number = lesson_run.run WHERE sitting = ? ORDER BY run.number",
        (number,),
    ):
        runs[each["planned"]] = as_run(each)
    return Sitting(
        number=number, code=row["class"] or "", address=row["address"], text=row["lesson"],
        seat=row["seat"], nickname=row["nickname"], team=row["team"], step=row["step"],
        hand=row["hand"], joined=row["joined"], moved=row["moved"], answers=answers, runs=runs,
        failures=_failures(sql, row["owner"]),
    )  # fmt: skip


def read_run(store: RunStore, run: Run) -> Outcome | None:
    """What a run came to, past all gates: whoever calls this has asked who may know."""
    with store.database.reading() as sql:
        row = sql.execute("SELECT * FROM run WHERE id = ?", (run.id,)).fetchone()
        folder = RunFolder(store.home / "runs" / run.id)
        kinds: tuple[Kind, ...] = ("result", "predictions")
        files = [artifacts.published(sql, row["number"], kind, folder) for kind in kinds]
        query = (
            "SELECT value FROM metric WHERE run = ? AND name = 'train_accuracy' "
            "ORDER BY epoch DESC LIMIT 1"
        )
        last = sql.execute(query, (row["number"],)).fetchone()
    if not all(files):
        return None
    return read_outcome(files[0][0].path, files[1][0].path, last["value"] if last else None)


def _failures(sql: sqlite3.Connection, owner: str) -> int:
    """How many of somebody's newest runs failed, one after another."""
    query = "SELECT state FROM run WHERE owner = ? AND state IN ('finished', 'failed', 'lost')"
    states = [state for (state,) in sql.execute(f"{query} ORDER BY number DESC LIMIT 5", (owner,))]
    return next((n for n, state in enumerate(states) if state == "finished"), len(states))
