"""Bias & ethics: Whom does a network fail, and what follows from that?"""

import streamlit as st

from tlcore.runs.records import Run
from tlcore.ui.bias.evidence import show_checklist, show_classes_served, show_notes
from tlcore.ui.bias.groups import show_groups
from tlcore.ui.bias.lab import show_lab
from tlcore.ui.bias.twins import offer_twins
from tlcore.ui.shared.choosing import choose_run, tell_gone
from tlcore.ui.shared.outcomes import open_outcome, show_no_runs, show_unfinished
from tlcore.ui.shared.page import page_setup, told
from tlcore.ui.shared.session import me, store


def show_run(run: Run) -> None:
    """The evidence of one run, and the notes that stand on it."""
    outcome = open_outcome(run)
    if outcome is None:
        show_unfinished(run)
        return
    st.header("Who is served worst", anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("By class", anchor=False)
        show_classes_served(outcome)
    with right:
        st.subheader("By group", anchor=False)
        tables = show_groups(outcome)
    offer_twins(run, outcome.story.recipe)
    st.header("What to bear in mind", anchor=False)
    show_notes(outcome, tables)


def read_older_address() -> None:
    """Earlier links name the part as those to Results do."""
    if older := st.query_params.get("part"):
        del st.query_params["part"]
        st.session_state["about"] = older


with page_setup("Bias & ethics", "Whom does a network fail, and what follows from that?"):
    read_older_address()
    evidence, lab, checklist = st.tabs(
        ["A run's evidence", "The cue lab", "Checklist"],
        key="about",
        on_change="rerun",
        bind="query-params",
    )
    for tab, show in ((evidence, show_run), (checklist, show_checklist)):
        if tab.open:
            with tab, told():
                tell_gone(store(), me())
                run = choose_run(store(), me())
                if run is not None:
                    show(run)
                else:
                    show_no_runs()
    if lab.open:
        with lab, told():
            show_lab()
