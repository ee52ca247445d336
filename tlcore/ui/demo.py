"""The first page: the carried demo, trained in the background, and its two curves.

The page never trains. It asks for two runs and reads what their workers write down, so closing
the tab or reloading it loses nothing.
"""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from tlcore import presets
from tlcore.colours import EMBER, ICE
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.owners import Owner
from tlcore.runs.records import Metric, Run
from tlcore.runs.results import read_result
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.session import me as owner
from tlcore.ui.session import store as opened

SYSTEMS = {"demo-transfer": "by transfer", "demo-scratch": "from scratch"}
WORDS = """
A network that has already learned to see **some** shapes needs only a few examples to learn
**new** ones: its layers know edges, corners and curves. *Freezing* keeps them as they are while
a small new head learns; then they *thaw*, gently. Here two networks learn ten new shapes from
ten labelled pictures of each: one by transfer, one from scratch.
"""


def show_demo() -> None:
    """The page, from top to bottom."""
    st.markdown(WORDS)
    store, me = opened(), owner()
    busy = _is_busy(_latest_runs(store, me))
    if st.button("Train both", type="primary", disabled=busy):
        _start(store, me)
        st.rerun()
    st.fragment(_show_runs, run_every=1 if busy else None)(store, me)


def _is_busy(runs: dict[str, Run]) -> bool:
    """Whether a demo is under way, be it of this tab, another one or one before a reload."""
    return any(run.state.active or run.state == State.QUEUED for run in runs.values())


def _start(store: RunStore, me: Owner) -> None:
    for preset in SYSTEMS:
        store.submit(presets.find(preset).recipe, by=me, preset=preset)
    ensure_dispatcher(store.home)


def _show_runs(store: RunStore, me: Owner) -> None:
    """Draw what the runs have said so far; once they are done, redraw the whole page."""
    runs = _latest_runs(store, me)
    busy = _is_busy(runs)
    if any(run.started for run in runs.values()):
        st.altair_chart(_curves(store, me, runs), width="stretch", key="curves")
        _show_verdict(store, me, runs)
    elif busy:
        st.info("The demo is starting: loading the torch library takes a few seconds.")
    for preset, run in runs.items():
        if run.state.resumable and run.state != State.STOPPED:
            st.error(f"The run {SYSTEMS[preset]} is {run.state}. This is the reason:")
            st.code(run.reason, language=None)
    if st.session_state.get("busy") and not busy:
        st.session_state["busy"] = False
        st.rerun()
    st.session_state["busy"] = busy


def _latest_runs(store: RunStore, me: Owner) -> dict[str, Run]:
    """The newest run of each of the two systems, from this demo or an earlier one."""
    mine = [run for run in store.list(by=me) if run.owner == me and run.preset in SYSTEMS]
    return {run.preset: run for run in reversed(mine)}


def _curves(store: RunStore, me: Owner, runs: dict[str, Run]) -> alt.LayerChart:
    """Accuracy over epochs, and a mark where frozen layers thaw."""
    points = [
        {"system": SYSTEMS[preset], "epoch": point.epoch + 1, "accuracy": point.value}
        for preset, run in runs.items()
        for point in _accuracies(store.metrics(run.id, by=me))
    ]
    table = pd.DataFrame(points, columns=["system", "epoch", "accuracy"])
    table = table.astype({"system": str, "epoch": int, "accuracy": float})
    last = max(run.epochs for run in runs.values())
    colours = alt.Scale(domain=list(SYSTEMS.values()), range=[ICE, EMBER])
    epoch = alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1))
    lines = (
        alt.Chart(table)
        .mark_line(point=True, strokeWidth=3)
        .encode(
            x=epoch.scale(domain=(0, last)),
            y=alt.Y("accuracy:Q", title="accuracy", axis=alt.Axis(format="%")).scale(domain=(0, 1)),
            color=alt.Color("system:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
            tooltip=["system", "epoch", alt.Tooltip("accuracy:Q", format=".1%")],
        )
    )
    chart: alt.LayerChart = (lines + _thaw_marks(store, me, runs)).properties(height=340)
    return chart


def _thaw_marks(store: RunStore, me: Owner, runs: dict[str, Run]) -> alt.LayerChart:
    """A dashed line where a run begins a later phase."""
    begun = [
        {"epoch": event["epoch"] + 0.5, "text": f"thaws: {event['thawed']}"}
        for run in runs.values()
        for event in store.events(run.id, by=me)
        if event["event"] == "PhaseBegan" and event["phase"]
    ]
    table = pd.DataFrame(begun, columns=["epoch", "text"]).astype({"epoch": float, "text": str})
    marks = alt.Chart(table).encode(x="epoch:Q")
    dashes = marks.mark_rule(strokeDash=[6, 4], color=EMBER)
    words = marks.mark_text(align="left", dx=6, y=12, color=EMBER).encode(text="text:N")
    both: alt.LayerChart = dashes + words
    return both


def _accuracies(points: tuple[Metric, ...]) -> list[Metric]:
    """On the validation share, or on what is learned from where there is none."""
    validated = [point for point in points if point.name == "validation_accuracy"]
    return validated or [point for point in points if point.name == "train_accuracy"]


def _show_verdict(store: RunStore, me: Owner, runs: dict[str, Run]) -> None:
    """What the untouched test set says, once both runs have seen it."""
    if len(runs) < 2 or any(run.state != State.FINISHED for run in runs.values()):
        return
    results = [read_result(store, runs[preset].id, by=me) for preset in SYSTEMS]
    for column, result in zip(st.columns(2), results, strict=True):
        accuracy = result["report"]["accuracy"]
        column.metric(SYSTEMS[result["preset"]], f"{accuracy['value']:.0%}", border=True)
        column.caption(
            f"right of {accuracy['n']} test pictures; 95 % interval {accuracy['low']:.0%} to "
            f"{accuracy['high']:.0%}; {result['seconds']:.0f} s"
        )
