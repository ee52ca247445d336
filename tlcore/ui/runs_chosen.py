"""The run that is looked at on the page Runs: how it stands, its curves, what can be done."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.errors import RunError, StoreError
from tlcore.runs.owners import Owner
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.choosing import chosen_ids
from tlcore.ui.linking import link
from tlcore.ui.live import Axis, show_live
from tlcore.ui.page import show_error
from tlcore.ui.runs_acts import show_acts
from tlcore.ui.runs_details import show_details
from tlcore.ui.words import literal, moment

_AXIS, _AXES = "curves over", ("Over epochs", "Over time")
_BAD = (State.FAILED, State.LOST)


def find_chosen(store: RunStore, listed: Sequence[Run], by: Owner) -> Run | None:
    """The run that the address names, or that was looked at last; else the first of the list. One
    that is not there any more is told of, if the address asks for it."""
    for wanted in chosen_ids():
        try:
            return store.get(wanted, by=by)
        except StoreError:
            raise
        except RunError as error:
            if "run" in st.query_params:
                show_error(error)
    return listed[0] if listed else None


def show_chosen(store: RunStore, run: Run, by: Owner) -> None:
    """All about it."""
    st.subheader(literal(run.name), anchor=False)
    st.caption(" · ".join(_facts(run)))
    if run.reason and run.state != State.FINISHED:
        (st.error if run.state in _BAD else st.info)(literal(run.reason))
    show_acts(store, run, by)
    show_live([run], key="curves of run", axis=_chosen_axis())
    _show_axes()
    _show_next(store, run, by)
    show_details(store, run, by)


def _facts(run: Run) -> list[str]:
    """What doesn't change any more, in a line."""
    facts = [f"{run.state}: {literal(run.reason)}" if run.state == State.FINISHED else run.state]
    facts += ["in the bin"] if run.binned else []
    facts += [f"asked for {moment(run.created, st.context.timezone)}"]
    facts += [f"as {literal(run.preset)}"] if run.preset else []
    facts += [f"attempt {run.attempt}"] if run.attempt > 1 else []
    facts += [f"on {literal(run.device)}"] if run.device else []
    facts += ["made in another lab"] if run.origin else []
    return facts


def _chosen_axis() -> Axis:
    """What was chosen below the curves, the last time that the page was drawn."""
    return "seconds" if st.session_state.get(_AXIS) == _AXES[1] else "epoch"


def _show_axes() -> None:
    st.segmented_control(
        "Curves over", _AXES, default=_AXES[0], required=True, key=_AXIS,
        label_visibility="collapsed",
    )  # fmt: skip


def _show_next(store: RunStore, run: Run, by: Owner) -> None:
    """Where a run that has been tested is looked at more closely."""
    if run.binned or store.artifact(run.id, "result", by=by) is None:
        return
    with st.container(horizontal=True):
        link("results", "Results and mistakes", icon=":material/fact_check:", run=run.id)
        link("compare", "Compare with others", icon=":material/compare_arrows:", run=run.id)
        link("try_it", "Try it on a picture", icon=":material/image_search:", run=run.id)
