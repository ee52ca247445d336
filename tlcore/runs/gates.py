"""What stays closed until a student has made a prediction; and a class whose new runs are held.

A gate stands between one person and the results of all runs with a lesson's recipe, whatever their
seed, that were asked for since. It stands in the store, so every page, export and command meets
it. A row goes when the prediction is written down.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from tlcore.access import Owner
from tlcore.errors import NotAllowed, RecipeError, Sealed
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_text
from tlcore.runs.records import KINDS, Kind, Metric

RESULTS: frozenset[Kind] = frozenset(kind for kind, each in KINDS.items() if each.tells)
"""Files that tell how good a network is, or can be asked."""

_TELLING = ("loss", "accuracy")
_WHY = "The result of this run opens once you have predicted it"
_REMEDY = "Go back to the lesson, write down your prediction, and it opens at once."


def key_of(recipe: Recipe) -> str:
    """What recipes share that differ in nothing but their dice: the id with all of them at 0."""
    data = recipe.data.model_copy(update={"split_seed": 0})
    return recipe.model_copy(update={"seed": 0, "data": data}).id


def close(
    sql: sqlite3.Connection, sitting: int, step: str, keys: Iterable[str], by: Owner, now: float
) -> None:
    """Put up a gate before runs with these recipes, unless it stands already."""
    sql.executemany(
        "INSERT OR IGNORE INTO gate VALUES (?, ?, ?, ?, ?)",
        [(sitting, step, key, by.id, now) for key in set(keys)],
    )


def open_for_good(sql: sqlite3.Connection, sitting: int, step: str) -> None:
    """The prediction is written down."""
    sql.execute("DELETE FROM gate WHERE sitting = ? AND step = ?", (sitting, step))


def is_sealed(sql: sqlite3.Connection, row: sqlite3.Row, by: Owner) -> bool:
    """Whether somebody has a prediction to make before a run's result opens for them."""
    standing = sql.execute(
        "SELECT recipe, min(since) AS since FROM gate WHERE owner = ? GROUP BY recipe", (by.id,)
    ).fetchall()
    if not standing:
        return False
    key = _key(row["recipe_id"], row["recipe"])
    return any(gate["recipe"] == key and row["created"] >= gate["since"] for gate in standing)


def awaits(sql: sqlite3.Connection, recipe: Recipe, by: Owner) -> bool:
    """Whether somebody has a prediction to make of what a recipe gives."""
    query = "SELECT EXISTS (SELECT 1 FROM gate WHERE owner = ? AND recipe = ?)"
    return bool(sql.execute(query, (by.id, key_of(recipe))).fetchone()[0])


def stands(sql: sqlite3.Connection, by: Owner) -> bool:
    """Whether any gate stands before somebody."""
    query = "SELECT EXISTS (SELECT 1 FROM gate WHERE owner = ?)"
    return bool(sql.execute(query, (by.id,)).fetchone()[0])


def refuse_sealed(sql: sqlite3.Connection, row: sqlite3.Row, by: Owner) -> None:
    """Refuse to open what is sealed."""
    if is_sealed(sql, row, by):
        raise Sealed(_WHY, where=row["id"], remedy=_REMEDY)


def without_results(events: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Events that don't tell how good a network is: that an epoch is done, but not how well.

    >>> without_results([{"event": "EpochDone", "epoch": 2, "train_loss": 0.5}])
    ({'event': 'EpochDone', 'epoch': 2, 'train_loss': None},)
    """
    return tuple(
        {name: None if _tells(name) else value for name, value in event.items()} for event in events
    )


def without_points(points: Iterable[Metric]) -> tuple[Metric, ...]:
    """Points of those curves alone that don't tell either."""
    return tuple(replace(point) for point in points if not _tells(point.name))


def _tells(name: str) -> bool:
    return name.endswith(_TELLING) or name == "best"


@lru_cache(maxsize=4096)
def _key(recipe_id: str, text: str) -> str:
    """Read once for each recipe; what a lab to come has written is nobody's lesson."""
    try:
        return key_of(from_text(text, where=recipe_id))
    except RecipeError:
        return ""


def refuse_frozen(sql: sqlite3.Connection, by: Owner) -> None:
    """Refuse a new run of somebody whose teacher has asked for everybody's attention."""
    query = (
        "SELECT class.title FROM sitting JOIN class ON class.code = sitting.class "
        "WHERE sitting.owner = ? AND class.frozen"
    )
    if found := sql.execute(query, (by.id,)).fetchone():
        raise NotAllowed(
            f"Your teacher holds new runs back for a moment, in the class {found['title']}",
            remedy="Runs that have begun go on. Ask your teacher when it goes on.",
        )
