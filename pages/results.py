"""Results: How good is a run, and where does it fail?"""

import streamlit as st

from tlcore.ui.choosing import choose_run, tell_gone
from tlcore.ui.linking import link
from tlcore.ui.outcomes import open_outcome
from tlcore.ui.page import page_setup, told
from tlcore.ui.reports import offer_reports
from tlcore.ui.results.calibration import show_calibration
from tlcore.ui.results.classes import show_classes
from tlcore.ui.results.confusion import show_confusion
from tlcore.ui.results.corrections import tell_corrected
from tlcore.ui.results.embedding import show_embedding
from tlcore.ui.results.mistakes import show_mistakes, show_suspects
from tlcore.ui.results.robustness import show_robustness
from tlcore.ui.results.ship import show_ship
from tlcore.ui.results.states import show_no_runs, show_unfinished, tell_unfinished
from tlcore.ui.results.summary import show_summary
from tlcore.ui.results.training import show_training
from tlcore.ui.session import me, store

PARTS = {
    "Confusion": show_confusion,
    "Mistakes": show_mistakes,
    "Classes": show_classes,
    "Calibration": show_calibration,
    "Labels": show_suspects,
    "Map": show_embedding,
    "Robustness": show_robustness,
}

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
    tabs = st.tabs([*PARTS, "Training", "Take it with you"], key="part", bind="query-params")
    for tab, show in zip(tabs, PARTS.values(), strict=False):
        if tab.open:
            with tab, told():
                show(outcome)
    training, along = tabs[len(PARTS) :]
    if training.open:
        with training, told():
            show_training(run, outcome)
    if along.open:
        with along, told():
            show_ship(run)
