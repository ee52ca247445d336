"""Results: How good is a run, and where does it fail?"""

import streamlit as st

from tlcore.runs.records import Run
from tlcore.ui.results.calibration import show_calibration
from tlcore.ui.results.classes import show_classes
from tlcore.ui.results.confusion import show_confusion
from tlcore.ui.results.corrections import tell_corrected
from tlcore.ui.results.embedding import show_embedding
from tlcore.ui.results.pictures import show_mistakes, show_suspects
from tlcore.ui.results.robustness import show_robustness
from tlcore.ui.results.ship import show_ship
from tlcore.ui.results.summary import show_summary, show_training
from tlcore.ui.shared.choosing import choose_run, tell_gone
from tlcore.ui.shared.outcomes import (
    Outcome,
    open_outcome,
    show_no_runs,
    show_unfinished,
    tell_unfinished,
)
from tlcore.ui.shared.page import link, page_setup, told
from tlcore.ui.shared.reports import offer_reports
from tlcore.ui.shared.session import me, store

FIRST = {"Confusion": show_confusion, "Mistakes": show_mistakes, "Classes": show_classes}
"""How good, where wrong, whom it fails: what everybody asks."""

FURTHER = {
    "Calibration": show_calibration,
    "Labels": show_suspects,
    "Map": show_embedding,
    "Robustness": show_robustness,
}
MORE, TRAINING, ALONG = "More", "Training", "Take it with you"


def read_older_address() -> None:
    """Earlier links name what is now behind More as a part of its own."""
    if (older := st.query_params.get("part")) in (*FURTHER, TRAINING):
        del st.query_params["part"]
        st.session_state.update({"part": MORE, "more": older})


def show_further(run: Run, outcome: Outcome) -> None:
    """What some want to know, once they have seen the rest."""
    tabs = st.tabs([*FURTHER, TRAINING], key="more", on_change="rerun", bind="query-params")
    for tab, show in zip(tabs, FURTHER.values(), strict=False):
        if tab.open:
            with tab, told():
                show(outcome)
    if tabs[-1].open:
        with tabs[-1], told():
            show_training(run, outcome)


with page_setup("Results", "How good is a run, and where does it fail?"):
    tell_gone(store(), me())
    run = choose_run(store(), me())
    if run is None:
        show_no_runs()
        st.stop()
    outcome = open_outcome(run)
    if outcome is None:
        show_unfinished(run)
        st.stop()
    tell_unfinished(run)
    tell_corrected(outcome)
    show_summary(outcome)
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_reports([outcome.story], key="results")
        link("compare", "Compare with other runs", icon=":material/compare_arrows:", run=run.id)
    read_older_address()
    tabs = st.tabs([*FIRST, ALONG, MORE], key="part", bind="query-params")
    for tab, show in zip(tabs, FIRST.values(), strict=False):
        if tab.open:
            with tab, told():
                show(outcome)
    along, further = tabs[len(FIRST) :]
    if further.open:
        with further:
            show_further(run, outcome)
    if along.open:
        with along, told():
            show_ship(run)
