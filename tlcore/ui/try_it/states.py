"""Which runs can be asked, and what is said where there are none."""

from __future__ import annotations

import streamlit as st

from tlcore.runs.owners import Owner
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.linking import link
from tlcore.ui.session import me, store

TESTED = (State.FINISHED, State.STOPPED)


def askable(run: Run) -> bool:
    """Whether a run has left a network: it finished, or was stopped and tested."""
    return run.state == State.FINISHED or store().artifact(run.id, "best", by=me()) is not None


def anybody_to_ask(runs: RunStore, by: Owner) -> bool:
    """Whether any run has left a network."""
    return bool(runs.counts(by=by).get(State.FINISHED)) or any(
        askable(run) for run in runs.list(by=by, states=[State.STOPPED])
    )


def show_nobody_to_ask(runs: RunStore, by: Owner) -> None:
    """The way to a first network, or to the one that is on its way."""
    if any(state.active or state == State.QUEUED for state in runs.counts(by=by)):
        st.info(
            "No run has finished yet. As soon as one has, its network can be asked here.",
            icon=":material/hourglass_empty:",
        )
        link("runs", "See how far the runs are", icon=":material/monitoring:")
        return
    st.info(
        "There is no trained network to ask yet. The demo trains two, usually in 15 to 30 seconds.",
        icon="🧊",
    )
    with st.container(horizontal=True):
        link("start", "Train the demo", icon=":material/play_circle:")
        link("train", "Train a network of your own", icon=":material/tune:")
