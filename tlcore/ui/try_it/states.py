"""Which runs can be asked, and what is said where there are none."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.runs.owners import Owner
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.linking import link


def askable(store: RunStore, by: Owner) -> list[Run]:
    """The runs that have left a network: those that finished, or were stopped and tested."""
    tested = store.list(by=by, states=(State.FINISHED, State.STOPPED))
    return [
        run
        for run in tested
        if run.state == State.FINISHED or store.artifact(run.id, "best", by=by) is not None
    ]


def show_nobody_to_ask(runs: Sequence[Run]) -> None:
    """The way to a first network, or to the one that is on its way."""
    if any(run.state.active or run.state == State.QUEUED for run in runs):
        st.info(
            "No run has finished yet. As soon as one has, its network can be asked here.",
            icon=":material/hourglass_empty:",
        )
        link("runs", "See how far the runs are", icon=":material/monitoring:")
        return
    st.info(
        "There is no trained network to ask yet. The demo trains two in half a minute.", icon="🧊"
    )
    with st.container(horizontal=True):
        link("start", "Train the demo", icon=":material/play_circle:")
        link("train", "Train a network of your own", icon=":material/tune:")
