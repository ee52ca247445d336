"""Which runs a page is about: chosen on it, kept in its address, carried to the next page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.runs.records import Run

_REMEMBERED = "chosen runs"


def choose_run(runs: Sequence[Run], *, label: str = "Run") -> Run:
    """One of these runs, in a box; at first the one in the address, else the last looked at."""
    found = {run.id: run for run in runs}
    first = next((run for run in chosen_ids() if run in found), runs[0].id)
    ids = list(found)
    chosen = st.selectbox(
        label, ids, index=ids.index(first), format_func=lambda run: title(found[run])
    )
    remember([chosen])
    return found[chosen]


def choose_runs(runs: Sequence[Run], *, label: str = "Runs", at_first: int = 2) -> list[Run]:
    """Some of these runs, in a box; at first those in the address, else the newest."""
    found = {run.id: run for run in runs}
    asked = [run for run in chosen_ids() if run in found]
    asked += [run for run in found if run not in asked][: max(0, at_first - len(asked))]
    chosen = st.multiselect(
        label, list(found), default=asked, format_func=lambda run: title(found[run])
    )
    remember(chosen)
    return [found[run] for run in chosen]


def tell_gone(runs: Sequence[Run]) -> None:
    """Say so if the address names a run that isn't there: deleted, or somebody else's."""
    found = {run.id for run in runs}
    named = [run for run in st.query_params.get("run", "").split(",") if run]
    if named and not found & set(named):
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
    return f"{name_of(run)} · {run.state} · {run.id[-4:]}"


def name_of(run: Run) -> str:
    """What people call a run, whether or not it was given a name."""
    return run.name or run.preset or run.recipe_id
