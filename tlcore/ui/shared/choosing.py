"""Which runs a page is about: chosen on it, kept in its address, carried to the next page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import streamlit as st

from tlcore.access import Owner
from tlcore.errors import RunError
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

MOST = 50
"""Runs that a box offers at once; a page with ten thousand in it opens slowly, and helps nobody."""

_REMEMBERED = "chosen runs"


def choose_run(store: RunStore, by: Owner, *, label: str = "Run") -> Run | None:
    """One of the runs, in a box; at first the one in the address, else the last looked at. None if
    there are none."""
    found = {run.id: run for run in _offered(store, by, tuple(State), label)}
    if not found:
        return None
    runs = tuple(found.values())
    first = next((run for run in chosen_ids() if run in found), runs[0].id)
    ids = list(found)
    chosen = st.selectbox(
        label, ids, index=ids.index(first), format_func=lambda run: title(found[run])
    )
    remember([chosen])
    return found[chosen]


def choose_runs(
    store: RunStore,
    by: Owner,
    states: Sequence[State],
    *,
    label: str = "Runs",
    at_first: int = 2,
    fit: Callable[[Run], bool] = lambda run: True,
) -> list[Run]:
    """Some of the runs in these states, in a box; first those in the address, else the newest."""
    found = {run.id: run for run in _offered(store, by, states, label) if fit(run)}
    asked = [run for run in chosen_ids() if run in found]
    asked += [run for run in found if run not in asked][: max(0, at_first - len(asked))]
    chosen = st.multiselect(
        label, list(found), default=asked, format_func=lambda run: title(found[run])
    )
    remember(chosen)
    return [found[run] for run in chosen]


def _offered(store: RunStore, by: Owner, states: Sequence[State], label: str) -> list[Run]:
    """What a box offers: runs that are chosen, then finished ones, then others, the newest first.
    Where there are many, a field above it finds the others, and only what it finds is sent."""
    counted = store.counts(by=by)
    words = ""
    if sum(counted.get(state, 0) for state in states) > MOST:
        words = st.text_input(
            f"Find among {sum(counted.get(state, 0) for state in states):,} runs",
            key=f"find {label}", placeholder="A part of the name or id", max_chars=100,
            icon=":material/search:", persist_state="session",
        )  # fmt: skip
    chosen = [run for run in _still_there(store, by, chosen_ids()) if run.state in states]
    first = [state for state in states if state == State.FINISHED]
    others = [state for state in states if state != State.FINISHED]
    found = store.list(by=by, states=first, limit=MOST, words=words) if first else ()
    if others and len(found) < MOST:
        found += store.list(by=by, states=others, limit=MOST - len(found), words=words)
    known = {run.id: run for run in found}
    missing = [run for run in chosen if run.id not in known]
    if words and not found:
        st.caption("No run is called so.")
    return [*missing, *known.values()]


def _still_there(store: RunStore, by: Owner, runs: Sequence[str]) -> list[Run]:
    found = []
    for run in runs[:MOST]:
        with suppress(RunError):
            found.append(store.get(run, by=by))
    return [run for run in found if run.binned is None]


def tell_gone(store: RunStore, by: Owner) -> None:
    """Say so if the address names a run that isn't there: deleted, or somebody else's."""
    named = [run for run in st.query_params.get("run", "").split(",") if run]
    if named and not _still_there(store, by, named):
        st.info(
            "The run that this address names isn't here: it was deleted, or belongs to somebody "
            "else.",
            icon=":material/link_off:",
        )


def chosen_ids() -> list[str]:
    """The runs that the address names, or that were looked at last on another page."""
    named = [run for run in st.query_params.get("run", "").split(",") if run]
    return named or list(st.session_state.get(_REMEMBERED, ()))


def remember(runs: Sequence[str]) -> None:
    """Write the choice into the address, and keep it for the other pages."""
    st.session_state[_REMEMBERED] = list(runs)
    if runs:
        st.query_params["run"] = ",".join(runs)
    elif "run" in st.query_params:
        del st.query_params["run"]


def title(run: Run) -> str:
    """A run's name with what tells it from others of the same name."""
    return f"{run.name} · {run.state} · {run.id[-4:]}"
