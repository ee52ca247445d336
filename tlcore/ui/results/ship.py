"""A run's network to be taken along: made when somebody asks, by a process of its own."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tlcore.export import packages
from tlcore.export.facts import TOLERANCE, Way
from tlcore.export.packages import Package
from tlcore.export.script import FILE, missing
from tlcore.formatting import literal, size
from tlcore.runs.records import Run
from tlcore.ui.shared.page import told
from tlcore.ui.shared.session import me, store

_LOOK_EVERY = 1.0
_WAYS: dict[str, Way | None] = {
    "as it is (float32)": None,
    "and in eight bits (static)": "static",
    "and in eight bits (dynamic)": "dynamic",
}
_WHAT = f"""\
A zip that runs without this lab: the network as **ONNX**, ten lines of Python that use it
(onnxruntime, numpy and Pillow), the classes, the recipe, and a **model card** with all that was
measured here.

It is given away only if it answers as the lab does: on the run's own test pictures no probability
may differ by more than {TOLERANCE:g}.
"""


def show_ship(run: Run) -> None:
    """What can be taken along, and the button that makes it."""
    st.markdown(_WHAT)
    if lacking := missing():
        st.info(
            f"For this the lab needs {', '.join(lacking)}, which not every lab has. "
            f"Whoever runs it installs them with `pip install -r {FILE}`.",
            icon=":material/deployed_code:",
        )
        return
    network = store().artifact(run.id, "best", by=me())
    if network is None:
        st.info("The network of this run is gone. Train it again.", icon=":material/history:")
        return
    way = _WAYS[st.selectbox("The network", list(_WAYS), key=f"ship way {run.id}")]
    found = packages.look(store().home, run.id, network, way)
    every = _LOOK_EVERY if found.state == "working" else None
    st.fragment(_show_package, run_every=every)(run.id, network, way, every is not None)


def _show_package(run: str, network: Path, way: Way | None, watching: bool) -> None:
    found = packages.look(store().home, run, network, way)
    if watching and found.state != "working":
        st.rerun()  # of the page, which then no longer looks every second
    if found.state == "working":
        st.status(f"{literal(found.words)} …", state="running")
    elif found.state == "ready":
        _offer(found, run)
    else:
        if found.state == "failed":
            st.error(literal(found.words), icon=":material/error:")
        _ask(run, network, way, again=found.state == "failed")


def _ask(run: str, network: Path, way: Way | None, *, again: bool) -> None:
    label = "Try again" if again else "Make the package"
    if st.button(label, key=f"ship {run}", icon=":material/deployed_code:", type="primary"):
        with told():
            packages.begin(store().home, run, network, way)
            st.rerun()


def _offer(found: Package, run: str) -> None:
    st.download_button(
        f"Package ({size(found.path.stat().st_size)})",
        data=found.path.read_bytes,
        file_name=f"thaw-{run}.zip",
        mime="application/zip",
        key=f"package {run}",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
    )
    with st.expander("What was measured of it", icon=":material/fact_check:"):
        st.code(packages.measured(found), language=None, wrap_lines=True)
