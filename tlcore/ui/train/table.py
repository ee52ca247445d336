"""The phases of the freeze schedule as a table: the strip's twin, which can say more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from pydantic import ValidationError

from tlcore.errors import Problem
from tlcore.recipe import Recipe
from tlcore.recipe.fields import field_cards
from tlcore.schedule import FreezeSchedule
from tlcore.schedule.outline import Outline
from tlcore.schedule.selection import RULE
from tlcore.ui.shared.what_is import what_is
from tlcore.ui.train.controls import show_problems
from tlcore.ui.train.form import Form
from tlcore.ui.train.form import form as current_form

Row = dict[str, Any]
COLUMNS = ("thaw", "epochs", "rate", "decay", "restart", "balance")


def show_table(form: Form, outline: Outline | None) -> None:
    """Each phase a row; whatever is changed makes the schedule one's own."""
    import pandas as pd

    rows = rows_of(form, outline)
    text = json.dumps(rows)
    key = f"phases {hashlib.sha256(text.encode()).hexdigest()[:8]}"
    st.caption(f"What a phase thaws {RULE}.")
    what_is("phase")
    st.data_editor(
        pd.DataFrame(rows, columns=COLUMNS).astype(
            {"thaw": "string", "epochs": "Int64", "balance": "string"}
        ),
        key=key,
        num_rows="dynamic",
        hide_index=True,
        column_config=_columns(),
        on_change=_take,
        args=(key, text),
        alt="The phases of the freeze schedule",
    )


def show_problems_of_phases(form: Form) -> None:
    """What is wrong with the phases, and a button that makes them fit where only that is wrong."""
    problems = form.problems_at("schedule.phases")
    show_problems(_with_place(problem) for problem in problems)
    epochs = form.value("epochs")
    if not isinstance(epochs, int) or [p.field for p in problems] != ["schedule.phases"]:
        return
    if fitting := _fitted(form.value("schedule.phases"), epochs):
        st.button(
            f"Fit the phases to {epochs} epochs",
            key="fit the phases",
            on_click=form.set,
            args=("schedule.phases", fitting),
        )


def rows_of(form: Form, outline: Outline | None) -> list[Row]:
    """The phases as they were typed, or as the schedule's preset makes them."""
    if form.value("schedule.preset") == "custom" and form.problems_at("schedule"):
        typed = form.value("schedule.phases")
        if isinstance(typed, list) and all(isinstance(row, dict) for row in typed):
            return [_usual() | {c: row[c] for c in COLUMNS if c in row} for row in typed]
    return _phases(form.recipe, len(outline.blocks) if outline else 1)


def changed(rows: Sequence[Row], edits: Mapping[str, Any]) -> list[Row]:
    """The rows after what was done to them in the table.

    >>> rows = [{"thaw": "head", "epochs": 2}, {"thaw": "all", "epochs": 3}]
    >>> changed(rows, {"edited_rows": {1: {"thaw": "last 1 block"}}, "deleted_rows": [0]})
    [{'thaw': 'last 1 block', 'epochs': 3}]
    """
    edited = edits.get("edited_rows", {})
    gone = edits.get("deleted_rows", ())
    kept = [
        {**row, **edited.get(number, edited.get(str(number), {}))}
        for number, row in enumerate(rows)
        if number not in gone
    ]
    return kept + [_usual() | added for added in edits.get("added_rows", ())]


def as_phases(rows: Sequence[Row], epochs: int) -> list[Row]:
    """Rows as a recipe's phases. If they fill the run, the last one takes what is left, so that
    they go on doing so in a longer run.

    >>> as_phases([{"thaw": "head", "epochs": 2}, {"thaw": "all", "epochs": 3}], epochs=5)
    [{'thaw': 'head', 'epochs': 2}, {'thaw': 'all'}]
    """
    usual = _usual()
    phases = [
        {name: value for name, value in row.items() if value is not None and value != usual[name]}
        for row in rows
    ]
    phases = [{"thaw": row["thaw"] or "", **phase} for row, phase in zip(rows, phases, strict=True)]
    if sum(phase.get("epochs", 0) for phase in phases) == epochs:
        phases[-1].pop("epochs")
    return phases


def _take(key: str, text: str) -> None:
    form = current_form()
    rows = changed(json.loads(text), st.session_state[key])
    if rows:
        phases = as_phases(rows, form.recipe.epochs)
        batchnorm = form.value("schedule.batchnorm")
        form.set("schedule", {"preset": "custom", "phases": phases, "batchnorm": batchnorm})


def _phases(recipe: Recipe, blocks: int) -> list[Row]:
    return [phase.model_dump() for phase in recipe.schedule.phases_for(recipe.epochs, blocks)]


def _usual() -> Row:
    return {name: field_cards()[f"schedule.phases.{name}"].default for name in COLUMNS}


def _fitted(phases: Any, epochs: int) -> list[Row] | None:
    """The phases cut or stretched to a run of so many epochs."""
    try:
        schedule = FreezeSchedule.model_validate({"preset": "custom", "phases": phases})
    except ValidationError:
        return None
    return as_phases([p.model_dump() for p in schedule.phases_for(epochs, 1)], epochs)


def _with_place(problem: Problem) -> Problem:
    """Phases are counted from 1 by people."""
    number, _, name = problem.field.removeprefix("schedule.phases.").partition(".")
    where = f"Phase {int(number) + 1}, {name or 'as a whole'}: " if number.isdecimal() else ""
    return Problem(problem.field, problem.value, where + problem.rule, problem.suggestion)


def _columns() -> dict[str, Any]:
    cards = field_cards()

    def meaning(name: str) -> str:
        return cards[f"schedule.phases.{name}"].meaning

    column = st.column_config
    return {
        "thaw": column.TextColumn("Thaws", help=meaning("thaw"), width="medium", default="head"),
        "epochs": column.NumberColumn("Epochs", help=meaning("epochs"), step=1, default=1),
        "rate": column.NumberColumn("× rate", help=meaning("rate"), default=1.0),
        "decay": column.NumberColumn("Decay", help=meaning("decay"), default=1.0),
        "restart": column.CheckboxColumn("Restarts", help=meaning("restart"), default=False),
        "balance": column.SelectboxColumn(
            "Balance", help=meaning("balance"), options=cards["schedule.phases.balance"].choices
        ),
    }
