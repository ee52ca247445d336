"""The first page: the carried demo, trained in the background, and its two curves.

The page never trains. It starts `python -m tlcore demo` as a process of its own and reads what
the two runs write down, so closing the tab or reloading it loses nothing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from tlcore import paths
from tlcore.colours import EMBER, ICE
from tlcore.runs.folder import RunFolder

SYSTEMS = {"demo-transfer": "by transfer", "demo-scratch": "from scratch"}
WORDS = """
A network that has already learned to see **some** shapes needs only a few examples to learn
**new** ones: its layers know edges, corners and curves. *Freezing* keeps them as they are while
a small new head learns; then they *thaw*, gently. Here two networks learn ten new shapes from
ten labelled pictures of each: one by transfer, one from scratch.
"""


def show_demo() -> None:
    """The page, from top to bottom."""
    st.title("🧊 Thaw")
    st.markdown(WORDS)
    busy = _is_busy()
    if st.button("Train both", type="primary", disabled=busy):
        st.session_state["demo"] = _start()
        st.rerun()
    st.fragment(_show_runs, run_every=1 if busy else None)()


def _is_busy() -> bool:
    """Whether a demo is under way, be it of this tab, another one or one before a reload."""
    process = st.session_state.get("demo")
    if process is not None and process.poll() is None:
        return True
    return any(run.state() == "running" for run in _latest_runs().values())


def _start() -> subprocess.Popen[bytes]:
    """Run the demo apart from the server, so that it outlives the server."""
    log = _log()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tlcore", "demo"],
            cwd=paths.PROJECT,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _show_runs() -> None:
    """Draw what the runs have said so far; once they are done, redraw the whole page."""
    runs, busy = _latest_runs(), _is_busy()
    if runs:
        st.altair_chart(_curves(runs), width="stretch", key="curves")
        _show_verdict(runs)
    elif busy:
        st.info("The demo is starting: loading the torch library takes a few seconds.")
    process = st.session_state.get("demo")
    if process is not None and process.poll():
        st.error("The demo could not finish. This is the end of its log:")
        st.code(_log().read_text(errors="replace")[-1500:], language=None)
    if st.session_state.get("busy") and not busy:
        st.session_state["busy"] = False
        st.rerun()
    st.session_state["busy"] = busy


def _latest_runs() -> dict[str, RunFolder]:
    """The newest run of each of the two systems, from this demo or an earlier one."""
    return {run.preset(): run for run in RunFolder.all() if run.preset() in SYSTEMS}


def _curves(runs: dict[str, RunFolder]) -> alt.LayerChart:
    """Accuracy over epochs, and a mark where frozen layers thaw."""
    points = [
        {"system": SYSTEMS[preset], "epoch": epoch["epoch"] + 1, "accuracy": _accuracy(epoch)}
        for preset, run in runs.items()
        for epoch in run.epochs()
    ]
    table = pd.DataFrame(points, columns=["system", "epoch", "accuracy"])
    table = table.astype({"system": str, "epoch": int, "accuracy": float})
    last = max(run.recipe().epochs for run in runs.values())
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
    chart: alt.LayerChart = (lines + _thaw_marks(runs)).properties(height=340)
    return chart


def _thaw_marks(runs: dict[str, RunFolder]) -> alt.LayerChart:
    """A dashed line where a run begins a later phase."""
    begun = [
        {"epoch": event["epoch"] + 0.5, "text": f"thaws: {event['thawed']}"}
        for run in runs.values()
        for event in run.read_events()
        if event["event"] == "PhaseBegan" and event["phase"]
    ]
    table = pd.DataFrame(begun, columns=["epoch", "text"]).astype({"epoch": float, "text": str})
    marks = alt.Chart(table).encode(x="epoch:Q")
    dashes = marks.mark_rule(strokeDash=[6, 4], color=EMBER)
    words = marks.mark_text(align="left", dx=6, y=12, color=EMBER).encode(text="text:N")
    both: alt.LayerChart = dashes + words
    return both


def _accuracy(epoch: dict[str, Any]) -> float:
    validated = epoch["validation_accuracy"]
    return float(epoch["train_accuracy"] if validated is None else validated)


def _show_verdict(runs: dict[str, RunFolder]) -> None:
    """What the untouched test set says, once both runs have seen it."""
    if len(runs) < 2 or any(run.state() != "finished" for run in runs.values()):
        return
    results = [runs[preset].read_result() for preset in SYSTEMS]
    for column, result in zip(st.columns(2), results, strict=True):
        accuracy = result["report"]["accuracy"]
        column.metric(SYSTEMS[result["preset"]], f"{accuracy['value']:.0%}", border=True)
        column.caption(
            f"right of {accuracy['n']} test pictures; 95 % interval {accuracy['low']:.0%} to "
            f"{accuracy['high']:.0%}; {result['seconds']:.0f} s"
        )


def _log() -> Path:
    return paths.home() / "demo.log"
