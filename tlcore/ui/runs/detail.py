"""The run that is looked at on the page Runs: how it stands, its curves, what can be done."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from tlcore.access import Owner
from tlcore.errors import RunError, StoreError
from tlcore.formatting import duration, literal, moment
from tlcore.recipe.changes import changes_since
from tlcore.recipe.text import to_yaml
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.transfer import export_run, import_run
from tlcore.ui.runs.actions import show_acts
from tlcore.ui.shared.choosing import chosen_ids, remember
from tlcore.ui.shared.live import Axis, show_live
from tlcore.ui.shared.page import link, show_error, told

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
