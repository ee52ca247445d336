"""Runs: How far are the runs?"""

import streamlit as st

from tlcore import access
from tlcore.access import Owner
from tlcore.runs.store import RunStore
from tlcore.ui.runs.actions import forget_undo, show_emptying, show_undo
from tlcore.ui.runs.detail import find_chosen, show_chosen, show_import
from tlcore.ui.runs.listing import Shown, choose_shown, show_list
from tlcore.ui.runs.sweeps import show_sweeps
from tlcore.ui.shared.choosing import remember
from tlcore.ui.shared.page import link, page_setup, told
from tlcore.ui.shared.session import expiry, me, store


def show_runs(runs: RunStore, by: Owner) -> None:
    """The list on the left; the run that was chosen on the right."""
    warn_of_forgetting(runs)
    show_undo(runs, by)
    shown = choose_shown(runs, by)
    left, right = st.columns([1, 2.2], gap="medium")
    with left:
        chosen = find_chosen(runs, shown.runs, by)
        if chosen is not None:
            remember([chosen.id])
        if clicked := show_list(runs, shown, chosen.id if chosen else "", by):
            forget_undo()
            remember([clicked])
            st.rerun()
        if not shown.runs:
            show_nothing(shown)
        if shown.binned:
            show_emptying(runs, by)
        show_import(runs, by)
        if words := expiry():
            st.caption(words)
    if chosen is not None:
        with right, told():
            show_chosen(runs, chosen, by)
    show_sweeps(runs, by)


def warn_of_forgetting(runs: RunStore) -> None:
    """Where the disk goes with the next restart."""
    if access.forgets(runs.home):
        st.warning(
            "This Space forgets all runs when it restarts. Export a run that you want to keep: "
            "press **Export** beside it, and take it in where it lasts.",
            icon=":material/hourglass_bottom:",
        )


def show_nothing(shown: Shown) -> None:
    """What to do where there is nothing to list."""
    if shown.binned:
        st.caption("The bin is empty.")
        return
    st.caption("There are no such runs yet.")
    link("start", "See one: the demo trains two", icon=":material/play_arrow:")
    link("train", "Put a recipe of your own together", icon=":material/tune:")


with page_setup("Runs", "How far are the runs?"):
    show_runs(store(), me())
