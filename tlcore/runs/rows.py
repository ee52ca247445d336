"""Rows of the store as plain values: found, shown to those who may see them, and moved on.

What somebody may not see raises the very error that a run raises which doesn't exist.
"""

from __future__ import annotations

import json
import math
import re
import secrets
import sqlite3
from collections.abc import Collection
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tlcore.access import LOCAL, Owner
from tlcore.errors import DataError, NotAllowed, RecipeError, RunError
from tlcore.recipe import VERSION, Recipe
from tlcore.recipe.problems import shown
from tlcore.recipe.summary import name_of
from tlcore.recipe.text import from_text, to_json
from tlcore.runs.limits import rules_in
from tlcore.runs.records import Change, Metric, Run
from tlcore.runs.states import ACTIVE, State, check
from tlcore.strict import Line


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


_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{16}")
_PLAIN = [f.name for f in fields(Run) if f.name not in ("owner", "state")]
AT_WORK = f"state IN ({', '.join(repr(str(state)) for state in sorted(ACTIVE))})"
_COLUMNS = ", ".join(("owner", "owner_name", "state", *_PLAIN)) + (
    ", CASE name WHEN '' THEN recipe END AS recipe"  # it names what has no name
)
_SAYS = "AND instr(lower(name || ' ' || preset || ' ' || recipe_id || ' ' || id), :words) > 0"
_OF = "AND recipe_id IN (SELECT value FROM json_each(:recipes))"
_LIKE = " AND ".join(
    f"json_extract(recipe, '$.{path}') IS json_extract(:like, '$.{path}')"
    for path in ("data.name", "data.path", "model.backbone")
)
_BUT_SEED = "json_remove(recipe, '$.seed', '$.name') IS json_remove(:like, '$.seed', '$.name')"
_SEEN = "(:everybody OR owner = :owner)"
_LINE = TypeAdapter(Line)
LONGEST_NAME = 300
LONGEST_NICKNAME = 60
HIGHEST_PRIORITY = 100
_LONGEST_SLIP = 100
_REMEMBERED = 200


def new_id(now: float) -> str:
    """An id that sorts by the second (UTC) and that nobody can guess.

    >>> new_id(0.0)[:16]
    '19700101-000000-'
    """
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{secrets.token_hex(8)}"


def is_id(text: object) -> bool:
    """Whether this could name a run. Whatever else it is, it is looked for nowhere."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def checked(text: str, what: str, longest: int) -> str:
    """A name that fits into a line, as it is; anything else is refused, not mended.

    >>> checked("Ada", "A nickname", 60)
    'Ada'
    """
    try:
        fits = len(_LINE.validate_python(text)) <= longest
    except ValidationError:
        fits = False
    if not fits:
        rule = f"{what} must be one line of at most {longest} characters"
        raise RunError(f"{rule}, without control characters", where=shown(text))
    return text


def insert(
    sql: sqlite3.Connection,
    run: str,
    recipe: Recipe,
    by: Owner,
    name: str,
    preset: str,
    priority: int,
    now: float,
    *,
    version: int = VERSION,
    **columns: Any,
) -> None:
    """A new run, waiting unless its columns say otherwise."""
    if abs(priority) > HIGHEST_PRIORITY:
        raise RunError(f"A priority must lie from -{HIGHEST_PRIORITY} to {HIGHEST_PRIORITY}")
    values = {
        "id": run,
        "name": checked(name or recipe.name, "A name", LONGEST_NAME),
        "preset": preset,
        "priority": priority,
        "owner": by.id,
        "owner_name": checked(by.name, "A nickname", LONGEST_NICKNAME),
        "recipe": to_json(recipe, version),
        "recipe_id": recipe.id,
        "epochs": recipe.epochs,
        "state": State.QUEUED.value,
        "ticket": next_ticket(sql),
        "created": now,
        "updated": now,
        **columns,
    }
    marks = ", ".join(f":{name}" for name in values)
    sql.execute(f"INSERT INTO run ({', '.join(values)}) VALUES ({marks})", values)


def as_run(row: sqlite3.Row) -> Run:
    """The row as everybody else knows it."""
    owner = Owner(row["owner"], row["owner_name"])
    plain = {name: row[name] for name in _PLAIN}
    plain["name"] = plain["name"] or _called(row["recipe"], row["owner"]) or row["recipe_id"]
    return Run(owner=owner, state=State(row["state"]), **plain)


@lru_cache(maxsize=4096)
def _called(recipe: str, owner: str) -> str:
    """What a run is called to which nobody has given a name."""
    try:
        found = from_text(recipe, where="a run's recipe")
    except RecipeError:
        return ""  # of a lab to come, perhaps: whoever opens the run is told
    return name_of(found, upload=upload_name(found, owner))[:LONGEST_NAME]


def upload_name(recipe: Recipe, owner: str) -> str:
    """What an owner calls the pictures that a recipe learns from, if they have uploaded them."""
    from tlcore.data.uploads.folder import SCHEME, read_holders  # heavier than the store

    if not recipe.data.path.startswith(SCHEME):
        return ""
    with suppress(DataError):
        held = read_holders(recipe.data.path.removeprefix(SCHEME)).get(owner, {})
        return str(held.get("name", ""))
    return ""


def next_ticket(sql: sqlite3.Connection) -> int:
    """A number that grows with every run that is queued or claimed, whatever the clocks say."""
    (ticket,) = sql.execute("UPDATE ticket SET last = last + 1 RETURNING last").fetchone()
    return int(ticket)


def find(sql: sqlite3.Connection, run: str, by: Owner) -> sqlite3.Row:
    """A run that this owner may see."""
    query = f"SELECT * FROM run WHERE id = :run AND {_SEEN}"
    found = sql.execute(query, {"run": run, **_eyes(sql, by)}).fetchone() if is_id(run) else None
    if found is None:
        raise _unknown(sql, run, by)
    return found  # type: ignore[no-any-return]


def find_to_change(sql: sqlite3.Connection, run: str, by: Owner) -> sqlite3.Row:
    """A run that this owner may change."""
    row = find(sql, run, by)
    if by not in (LOCAL, as_run(row).owner):
        remedy = "Start a run of your own with the same recipe."
        raise NotAllowed("This run is somebody else's", where=run, remedy=remedy)
    return row


def find_all(
    sql: sqlite3.Connection,
    by: Owner,
    states: Collection[State] = (),
    limit: int = -1,
    offset: int = 0,
    binned: bool = False,
    words: str = "",
    oldest_first: bool = False,
    recipes: Collection[str] | None = None,
) -> tuple[Run, ...]:
    """Runs that this owner may see, the newest first; in any state if none is named."""
    wanted = ", ".join(f"'{State(state)}'" for state in states or State)
    query = (
        f"SELECT {_COLUMNS} FROM run WHERE {_SEEN} AND (binned IS NOT NULL) = :binned "
        f"AND state IN ({wanted}) {_SAYS if words else ''} {_OF if recipes is not None else ''} "
        f"ORDER BY number {'ASC' if oldest_first else 'DESC'} LIMIT :limit OFFSET :offset"
    )
    given = {"binned": binned, "limit": limit, "offset": offset, **_eyes(sql, by)}
    given |= {"words": words.strip().lower()} if words else {}
    given |= {"recipes": json.dumps([*recipes])} if recipes is not None else {}
    return tuple(as_run(row) for row in sql.execute(query, given))


def find_like(
    sql: sqlite3.Connection, by: Owner, recipe: Recipe, states: Collection[State], only_seeds: bool
) -> dict[str, str]:
    """Recipes of the same pictures and backbone, or of the same everything but seed and name, that
    this owner may see, with the newest run of each, the newest first. Those in other versions of
    recipes may say it otherwise: all are."""
    wanted = ", ".join(f"'{State(state)}'" for state in states or State)
    same = _BUT_SEED if only_seeds else _LIKE
    query = (
        f"SELECT recipe_id, id, max(number) AS newest FROM run WHERE {_SEEN} AND binned IS NULL "
        f"AND state IN ({wanted}) AND (({same}) OR "
        "json_extract(recipe, '$.version') IS NOT json_extract(:like, '$.version')) "
        "GROUP BY recipe_id ORDER BY newest DESC"
    )
    given = {"like": to_json(recipe), **_eyes(sql, by)}
    return {row["recipe_id"]: row["id"] for row in sql.execute(query, given)}


def count_all(sql: sqlite3.Connection, by: Owner, binned: bool = False) -> dict[State, int]:
    """How many runs in each state this owner may see."""
    query = (
        f"SELECT state, count(*) FROM run WHERE {_SEEN} AND (binned IS NOT NULL) = :binned "
        "GROUP BY state"
    )
    given = {"binned": binned, **_eyes(sql, by)}
    return {State(state): count for state, count in sql.execute(query, given)}


def move(
    sql: sqlite3.Connection,
    row: sqlite3.Row,
    state: State,
    reason: str,
    now: float,
    **columns: Any,
) -> None:
    """Let a run go to another state, and change other columns in the same breath."""
    check(State(row["state"]), state)
    change(sql, row, state=state.value, reason=reason, updated=now, **columns)


def change(sql: sqlite3.Connection, row: sqlite3.Row, **columns: Any) -> None:
    """Change columns of a run."""
    pairs = ", ".join(f"{name} = :{name}" for name in columns)
    given = {"number": row["number"], **columns}
    sql.execute(f"UPDATE run SET {pairs} WHERE number = :number", given)


def again(sql: sqlite3.Connection, row: sqlite3.Row) -> Run:
    """A run as it stands after a change."""
    query = "SELECT * FROM run WHERE number = ?"
    return as_run(sql.execute(query, (row["number"],)).fetchone())


def _eyes(sql: sqlite3.Connection, by: Owner) -> dict[str, Any]:
    return {"everybody": by == LOCAL or rules_in(sql).show_others, "owner": by.id}


def _unknown(sql: sqlite3.Connection, run: str, by: Owner) -> RunError:
    """Whom it is told decides which other runs are named."""
    known = [each.id for each in find_all(sql, by, limit=_REMEMBERED)]
    slip = isinstance(run, str) and len(run) <= _LONGEST_SLIP
    near = get_close_matches(run, known, n=1) if slip else []
    latest = f"The latest run is {known[0]}." if known else "There are no runs yet."
    remedy = f"Did you mean {near[0]}?" if near else latest
    return RunError(f"There is no run {shown(run)}", remedy=remedy)
