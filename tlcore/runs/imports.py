"""A run that was made elsewhere, taken into the store: whole, at rest, and marked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlcore.access import Owner
from tlcore.files import force_to_disk
from tlcore.recipe import Recipe
from tlcore.runs.limits import note_import
from tlcore.runs.records import Artifact, Metric
from tlcore.runs.rows import insert
from tlcore.runs.states import State


@dataclass(frozen=True)
class Foreign:
    """Everything that is known of a run from elsewhere.

    Attributes:
        recipe: What was asked for.
        version: In which version of recipes.
        name: For people.
        preset: The preset that the recipe began as.
        state: Finished or stopped.
        reason: Why, in words.
        origin: The id that it has where it was made.
        device: Where it ran.
        started: When work first began on it.
        ended: When work last ended.
        epoch: Epochs done.
        epochs: Epochs to do.
        events: What happened.
        metrics: The points of its curves.
        row_bytes: What both take in the store, about.
        files: What it made, in the folder that becomes the run's.
    """

    recipe: Recipe
    version: int
    name: str
    preset: str
    state: State
    reason: str
    origin: str
    device: str
    started: float | None
    ended: float | None
    epoch: int
    epochs: int
    events: Sequence[Mapping[str, Any]]
    metrics: Sequence[Metric]
    row_bytes: int
    files: tuple[Artifact, ...]

    @property
    def bytes(self) -> int:
        """What counts of it against the room that its owner has."""
        return sum(file.bytes for file in self.files) + self.row_bytes


def adopt(
    sql: sqlite3.Connection, run: str, foreign: Foreign, draft: Path, by: Owner, now: float
) -> None:
    """Write the rows of the run; its files must lie in the draft of its folder. Nothing is read or
    checked here any more: while this goes on, nobody else can write."""
    note_import(sql, by, now)
    insert(
        sql, run, foreign.recipe, by, foreign.name, foreign.preset, 0, now,
        version=foreign.version, state=foreign.state.value, reason=foreign.reason,
        origin=foreign.origin,
        device=foreign.device, started=foreign.started, ended=foreign.ended or now,
        epoch=foreign.epoch, epochs=foreign.epochs, row_bytes=foreign.row_bytes,
    )  # fmt: skip
    (number,) = sql.execute("SELECT number FROM run WHERE id = ?", (run,)).fetchone()
    sql.executemany(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?)",
        ((number, seq, *_columns(event)) for seq, event in enumerate(foreign.events, 1)),
    )
    sql.executemany(
        "INSERT OR REPLACE INTO metric VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (number, seq, point.name, point.epoch, point.step, point.value, point.seconds)
            for seq, point in enumerate(foreign.metrics, 1)
        ),
    )
    sql.executemany(
        "INSERT INTO artifact VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (number, each, file.kind, file.path.relative_to(draft).as_posix(), file.bytes,
             file.sha256, file.attempt, file.at)
            for each, file in enumerate(foreign.files, 1)
        ],
    )  # fmt: skip


def seal(draft: Path) -> None:
    """Force everything in it to disk."""
    for path in (*draft.rglob("*"), draft):
        force_to_disk(path)


def settle(draft: Path, folder: Path) -> None:
    """The draft becomes the run's folder, which must not be there yet."""
    draft.rename(folder)
    force_to_disk(folder.parent)


def _columns(event: Mapping[str, Any]) -> tuple[int, float, str]:
    fields = {name: value for name, value in event.items() if name not in ("attempt", "at")}
    return event["attempt"], event["at"], json.dumps(fields)
