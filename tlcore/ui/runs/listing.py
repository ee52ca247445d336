"""The list of runs on the page Runs: in groups, some at a time, each a button."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st

from tlcore.access import LOCAL, Owner
from tlcore.errors import ThawError
from tlcore.formatting import with_interval
from tlcore.recipe.summary import summary_of
from tlcore.runs.records import Run
from tlcore.runs.results import read_test
from tlcore.runs.rows import upload_name
from tlcore.runs.states import ACTIVE, State
from tlcore.runs.store import RunStore
from tlcore.ui.shared.frontend import widget
from tlcore.ui.shared.points_route import ROUTE
from tlcore.ui.shared.waiting import in_words, seconds_until

AT_ONCE = 10
"""Runs on one page of the list."""

BIN = "Bin"
GROUPS: Mapping[str, frozenset[State]] = {
    "At work": ACTIVE,
    "In the queue": frozenset({State.QUEUED}),
    "Paused": frozenset({State.PAUSED}),
    "Ended": frozenset({State.FINISHED, State.STOPPED, State.FAILED, State.LOST}),
}
FILTERS: Mapping[str, frozenset[State]] = {
    "All": frozenset(State),
    "Under way": ACTIVE | {State.QUEUED, State.PAUSED},
    "Finished": frozenset({State.FINISHED}),
    "Stopped or failed": frozenset({State.STOPPED, State.FAILED, State.LOST}),
}

_list = widget("runs/listing")


@dataclass(frozen=True)
class Shown:
    """What the list offers.

    Attributes:
        runs: One page of it, in the order of the list.
        pages: How many there are.
        binned: Whether it is the bin.
    """

    runs: tuple[Run, ...]
    pages: int
    binned: bool


def choose_shown(store: RunStore, by: Owner) -> Shown:
    """Which runs to list: a row of buttons, each with how many there are."""
    counted = store.counts(by=by)
    counts = {
        name: sum(counted.get(state, 0) for state in states) for name, states in FILTERS.items()
    }
    chosen = st.segmented_control(
        "Which runs",
        [*FILTERS, BIN],
        default="All",
        required=True,
        key="which runs",
        label_visibility="collapsed",
        format_func=lambda name: f"{name} ({counts[name]})" if name in counts else name,
    )
    if chosen == BIN:
        pages = _pages(sum(store.counts(by=by, binned=True).values()))
        offset = AT_ONCE * (_page(pages) - 1)
        return Shown(store.list(by=by, limit=AT_ONCE, offset=offset, binned=True), pages, True)
    pages = _pages(counts[chosen or "All"])
    offset = AT_ONCE * (_page(pages) - 1)
    return Shown(_in_groups(store, by, FILTERS[chosen or "All"], counted, offset), pages, False)


def _in_groups(
    store: RunStore, by: Owner, wanted: frozenset[State], counted: Mapping[State, int], offset: int
) -> tuple[Run, ...]:
    """What is at work first, then the queue, the oldest first, then what is paused and the rest,
    the newest first; one page of that."""
    found: tuple[Run, ...] = ()
    for name, states in GROUPS.items():
        here = sum(counted.get(state, 0) for state in states & wanted)
        if offset < here and len(found) < AT_ONCE:
            found += store.list(
                by=by, states=states & wanted, limit=AT_ONCE - len(found), offset=offset,
                oldest_first=name == "In the queue",
            )  # fmt: skip
        offset = max(0, offset - here)
    return found


def _pages(count: int) -> int:
    return max(1, -(-count // AT_ONCE))


def _page(pages: int) -> int:
    return max(1, min(pages, int(st.session_state.get("page of runs", 1))))


def show_list(store: RunStore, shown: Shown, chosen: str, by: Owner) -> str:
    """Show one page of the list; give the run that was clicked just now, else an empty text."""
    told = _list(
        data={
            "address": ROUTE.path,
            "chosen": chosen,
            "items": [_item(store, run, by, grouped=not shown.binned) for run in shown.runs],
        },
        key="list of runs",
        on_chosen_change=lambda: None,
        on_changed_change=lambda: None,
    )
    if shown.pages > 1:
        st.pagination(shown.pages, key="page of runs", max_visible_pages=5)
    return told.chosen or ""


def _group(run: Run) -> str:
    return next(name for name, states in GROUPS.items() if run.state in states)


def _item(store: RunStore, run: Run, by: Owner, *, grouped: bool) -> dict[str, Any]:
    """A run as its button needs it."""
    return {
        "id": run.id,
        "name": run.name,
        "state": run.state,
        "group": _group(run) if grouped else "In the bin",
        "about": _about(store, run, by),
        "words": _words(store, run, by),
        "live": grouped and (run.state.active or run.state == State.QUEUED),
        "epoch": run.epoch,
        "epochs": run.epochs,
        "created": run.created,
        "owner": _whose(run.owner, by),
    }


def _whose(owner: Owner, by: Owner) -> str:
    """Whose it is, where it isn't one's own."""
    if owner == by:
        return ""
    return owner.name or ("this lab" if owner == LOCAL else f"visitor {owner.id[:4]}")


def _about(store: RunStore, run: Run, by: Owner) -> str:
    """What it learns from, with what, and how: what tells it from its neighbours."""
    with suppress(ThawError):
        recipe = store.recipe(run.id, by=by)
        return summary_of(recipe, upload=upload_name(recipe, run.owner.id)).line
    return ""


def _words(store: RunStore, run: Run, by: Owner) -> str:
    """How it stands, in half a line: of a finished run, what the test says."""
    if run.state == State.QUEUED:
        place = store.position(run.id, by=by)
        return in_words(place, seconds_until(store, place)) if place else run.state
    if run.state.active or run.state == State.PAUSED:
        return f"{run.state} · {run.epoch} of {run.epochs} epochs"
    stopped = "" if run.state == State.FINISHED else f"{run.state} · "
    if run.state in (State.FINISHED, State.STOPPED):
        with suppress(ThawError):
            accuracy = read_test(store, run.id, by=by).accuracy
            return f"{stopped}{with_interval(accuracy)} right"
    return run.state
