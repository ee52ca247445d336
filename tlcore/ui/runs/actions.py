"""What can be done with the run that is looked at: the buttons that make sense as it stands."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from tlcore.access import LOCAL, Owner
from tlcore.formatting import literal, size
from tlcore.paths import PROJECT
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.records import Request, Run
from tlcore.runs.retention import drop_pictures, empty_bin, showing
from tlcore.runs.rows import LONGEST_NAME
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.shared.choosing import remember
from tlcore.ui.shared.draft import keep_draft
from tlcore.ui.shared.page import told

_DELETED = "run just deleted"
_EMPTIED = "uploads just deleted for good"
_NAMED = 3
_RESUME = {
    State.PAUSED: ("Resume", "Goes on where it was paused."),
    State.STOPPED: ("Go on", "Goes on from the last state that was saved."),
    State.FAILED: ("Try again", "Goes on from the last state that was saved."),
    State.LOST: ("Try again", "Goes on from the last state that was saved."),
}


def show_acts(store: RunStore, run: Run, by: Owner) -> None:
    """The buttons, in one row. A run of somebody else's can only be copied."""
    mine = by in (LOCAL, run.owner)
    with st.container(horizontal=True):
        if run.binned is not None:
            if mine:
                _act("Restore", "restore_from_trash", lambda: store.restore(run.id, by=by), run)
            return
        if mine:
            _show_asking(store, run, by)
        help = "Opens its recipe on the page Train, to be changed and run."
        _act("Duplicate", "content_copy", lambda: _duplicate(store, run, by), run, help)
        if mine:
            _show_renaming(store, run, by)
            if not (run.state.active or run.state == State.QUEUED):
                _act("Delete", "delete", lambda: _delete(store, run, by), run)
    if not mine:
        whose = f"{literal(run.owner.name)}'s" if run.owner.name else "somebody else's"
        st.caption(f"This run is {whose}: look at it, or duplicate it to make one of your own.")


def show_undo(store: RunStore, by: Owner) -> None:
    """Where a run was just deleted: say so, and offer to take that back."""
    deleted = st.session_state.get(_DELETED)
    if not deleted:
        return
    with told(), st.container(horizontal=True, vertical_alignment="center"):
        run = store.get(deleted, by=by)
        st.markdown(f":material/delete: **{literal(run.name)}** lies in the bin.")
        _act("Undo", "undo", lambda: _undelete(store, run, by), run)


def forget_undo() -> None:
    """Somebody has gone on to something else."""
    st.session_state.pop(_DELETED, None)


def show_emptying(store: RunStore, by: Owner) -> None:
    """Delete for good what lies in the bin, after asking once more."""
    _show_what_stayed(store, by)
    going = empty_bin(store, by=by, dry_run=True)
    if not going:
        return
    freed = size(sum(each.bytes for each in going))
    with st.popover("Empty the bin", icon=":material/delete_forever:"):
        runs = sum(each.what == "run" for each in going)
        others = f" and {len(going) - runs} sets of pictures" if len(going) > runs else ""
        st.markdown(f"{runs} runs{others} would be gone for good. That frees {freed}.")
        if st.button("Delete them for good", type="primary"):
            with told():
                gone = empty_bin(store, by=by)
                uploads = {each.name for each in gone if each.what == "upload"}
                st.session_state[_EMPTIED] = {*uploads, *st.session_state.get(_EMPTIED, ())}
                forget_undo()
                st.rerun()


def _show_what_stayed(store: RunStore, by: Owner) -> None:
    """Which runs still show pictures of uploads that have just been deleted, and a way to delete
    those, too."""
    runs = showing(store, st.session_state.get(_EMPTIED, ()), by=by)
    if not runs:
        return
    named = ", ".join(f"**{literal(run.name)}**" for run in runs[:_NAMED])
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    with st.container(border=True):
        st.markdown(
            f"The pictures are gone. Small copies of some are still shown by {named}{more}. "
            "What a run answered stays in any case, with the names of the files."
        )
        if st.button("Delete these copies too", icon=":material/hide_image:"):
            with told():
                for run in runs:
                    drop_pictures(store, run.id, by=by)
                st.rerun()


def _show_asking(store: RunStore, run: Run, by: Owner) -> None:
    """What may be asked of a run that isn't at its end."""

    def ask(label: str, icon: str, what: Request, help: str) -> None:
        _act(label, icon, lambda: store.ask(run.id, what, by=by), run, help)

    if run.state in _RESUME:
        label, help = _RESUME[run.state]
        _act(label, "play_arrow", lambda: _resume(store, run, by), run, help)
    if run.state in (State.STARTING, State.RUNNING):
        ask("Pause", "pause", "pause", "After this step, with everything saved, to go on later.")
    if run.state.active and run.state != State.STOPPING:
        ask("Stop and keep the best", "flag", "stop", "Tests the best network until now, and ends.")
    may_be_cancelled = run.state.active or run.state in (State.QUEUED, State.PAUSED)
    if may_be_cancelled and run.request != "cancel":
        ask("Cancel", "stop_circle", "cancel", "Ends it as soon as possible, without a test.")


def _show_renaming(store: RunStore, run: Run, by: Owner) -> None:
    with st.popover("Rename", icon=":material/edit:"):
        name = st.text_input(
            "Name", run.name, max_chars=LONGEST_NAME, key=f"name {run.id} {run.name}"
        )
        _act("Keep this name", "check", lambda: store.rename(run.id, name, by=by), run)


def _act(label: str, icon: str, do: Callable[[], object], run: Run, help: str = "") -> None:
    """A button; what it does shows on the page at once, or says why it can't be done."""
    if st.button(label, icon=f":material/{icon}:", key=f"act {label} {run.id}", help=help or None):
        with told():
            do()
            st.rerun()


def _duplicate(store: RunStore, run: Run, by: Owner) -> None:
    keep_draft(store.recipe(run.id, by=by).model_copy(update={"name": ""}))
    st.switch_page(PROJECT / "pages" / "train.py")


def _resume(store: RunStore, run: Run, by: Owner) -> None:
    store.resume(run.id, by=by)
    ensure_dispatcher(store.home)


def _delete(store: RunStore, run: Run, by: Owner) -> None:
    store.delete(run.id, by=by)
    st.session_state[_DELETED] = run.id
    remember([])


def _undelete(store: RunStore, run: Run, by: Owner) -> None:
    store.restore(run.id, by=by)
    forget_undo()
    remember([run.id])
