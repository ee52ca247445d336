"""More about the run that is looked at: its history, log and recipe, and all of it as one file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from tlcore.recipe_changes import changes_since
from tlcore.recipe_text import to_yaml
from tlcore.runs.owners import Owner
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.transfer import export_run, import_run
from tlcore.ui.choosing import remember
from tlcore.ui.page import told
from tlcore.ui.words import duration, moment

_LINES = 200
_LARGEST = 50  # megabytes, of a run as a file


def show_details(store: RunStore, run: Run, by: Owner) -> None:
    """One tab at a time is read from disk: the one that is open."""
    names = ("History", "Log", "Recipe", "As a file")
    shows = (_show_history, _show_log, _show_recipe, _show_export)
    tabs = st.tabs(names, key="details of run", on_change="rerun")
    for tab, show in zip(tabs, shows, strict=True):
        if tab.open:
            with tab, told():
                show(store, run, by)


def _show_history(store: RunStore, run: Run, by: Owner) -> None:
    """Every state it went through, and why."""
    changes = store.history(run.id, by=by)
    ends = [*(change.at for change in changes[1:]), None]
    rows = [
        {
            "when": moment(change.at, st.context.timezone),
            "state": str(change.after),
            "for": duration(end - change.at) if end else "",
            "attempt": str(change.attempt or ""),
            "why": change.why,
        }
        for change, end in zip(changes, ends, strict=True)
    ]
    st.dataframe(rows, hide_index=True, width="stretch", column_config={"why": {"width": "large"}})
    st.caption(f"Run {run.id}, recipe {run.recipe_id}")


def _show_log(store: RunStore, run: Run, by: Owner) -> None:
    """The last that its workers printed, read again as long as there may be more."""

    def show() -> None:
        log = store.folder(run.id, by=by).end_of_log()
        last = "\n".join(log.splitlines()[-_LINES:])
        if last:
            st.code(last, language=None, height=320, wrap_lines=True)
        else:
            st.caption("Its workers have printed nothing, which is what they print if all is well.")

    st.fragment(show, run_every=3 if run.state.active else None)()


def _show_recipe(store: RunStore, run: Run, by: Owner) -> None:
    recipe = store.recipe(run.id, by=by)
    text = to_yaml(recipe)
    st.download_button(
        "Download the recipe",
        text,
        f"{run.recipe_id}.yaml",
        "application/yaml",
        icon=":material/download:",
        on_click="ignore",
    )
    st.code(text, language="yaml")
    if changes := changes_since(store.recipe_version(run.id, by=by), recipe):
        listed = "\n".join(f"- {change}" for change in changes)
        st.info(f"An earlier version of the lab made this run. Since then:\n{listed}")


def _show_export(store: RunStore, run: Run, by: Owner) -> None:
    """The run with its network, predictions and curves, for another lab."""
    if run.state.active or run.state == State.QUEUED:
        st.caption("As soon as it is at rest, the whole run can be downloaded as one file.")
        return
    st.caption(
        "Everything about this run in one file, for another lab or for keeping: recipe, curves, "
        "network and predictions, sealed with checksums."
    )

    def export() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            return export_run(store, run.id, Path(folder) / "run", by=by).read_bytes()

    st.download_button(
        "Download the run",
        export,
        f"{run.id}.thaw",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
    )


def show_import(store: RunStore, by: Owner) -> None:
    """Take in a run that was downloaded from a lab."""
    with st.popover("Take in a run from a file", icon=":material/upload:"):
        round_ = st.session_state.setdefault("imports", 0)
        file = st.file_uploader(
            "A run that was downloaded from a lab (.thaw)",
            max_upload_size=_LARGEST,
            key=f"run as a file {round_}",
        )
        if file is not None and st.button("Take it in", type="primary"):
            with told(), st.spinner("Checking every part of it"):
                remember([_take_in(store, file.getvalue(), by).id])
                st.session_state["imports"] = round_ + 1  # another uploader, which is empty
                st.rerun()


def _take_in(store: RunStore, content: bytes, by: Owner) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.thaw"
        path.write_bytes(content)
        return import_run(store, path, by=by)
