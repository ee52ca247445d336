"""What is to be said of a run that has no result, or of a lab that has no runs."""

from __future__ import annotations

import streamlit as st

from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.ui.linking import link
from tlcore.ui.live import show_live
from tlcore.ui.session import me, store
from tlcore.ui.words import literal


def show_no_runs() -> None:
    """The way to a first one."""
    st.info("There are no runs yet. Train one, and its results appear here.", icon="🧊")
    with st.container(horizontal=True):
        link("start", "See the demo", icon=":material/play_circle:")
        link("train", "Train a network", icon=":material/tune:")


def show_unfinished(run: Run) -> None:
    """What a run without a result is doing, or why it does nothing. Once it has been tested, the
    page shows its result by itself."""
    st.info(_words(run), icon=_ICONS.get(run.state, ":material/hourglass_empty:"))
    if run.state in (State.FAILED, State.LOST) and run.reason:
        st.code(run.reason, language=None, wrap_lines=True)
    link("runs", "See it among the runs", icon=":material/monitoring:", run=run.id)
    show_live([run], key="unfinished")  # and a rerun as soon as its state is another


def tell_unfinished(run: Run) -> None:
    """Say so if a run that was tested has been taken up again since."""
    if run.state not in (State.FINISHED, State.STOPPED):
        st.info(
            f"This is what was found when the run was last tested. Since then it is {run.state}.",
            icon=":material/history:",
        )


_ICONS = {
    State.FAILED: ":material/error:",
    State.LOST: ":material/error:",
    State.PAUSED: ":material/pause_circle:",
    State.STOPPED: ":material/stop_circle:",
}


def _words(run: Run) -> str:
    done = f"{run.epoch} of {run.epochs} epochs are done"
    match run.state:
        case State.QUEUED:
            place = store().position(run.id, by=me())
            return (
                f"This run waits for its turn{f', number {place} in the queue' if place else ''}."
            )
        case State.STARTING:
            return "This run is starting. Its results appear here once it has been tested."
        case State.PAUSED:
            return f"This run is paused; {done}. Resume it to get results."
        case State.STOPPED:
            why = literal(run.reason).rstrip(".")
            return f"This run was stopped before it was tested: {why}. {done[0]}{done[1:]}."
        case State.FAILED:
            return f"This run failed; {done}. This is the reason:"
        case State.LOST:
            return f"This run was lost: nobody works on it any more; {done}. This is the reason:"
        case _:
            return f"This run is at work; {done}. Its results appear here once it has been tested."
