"""Compare: Which run is better, and why?"""

import streamlit as st

from tlcore.formatting import literal, short
from tlcore.runs.results import other_seeds
from tlcore.runs.states import State
from tlcore.ui.compare.curves import show_curves
from tlcore.ui.compare.labels import show_labels
from tlcore.ui.compare.table import show_recipes, show_table
from tlcore.ui.compare.verdict import show_changes, show_ensemble, show_verdict
from tlcore.ui.shared.choosing import choose_runs, tell_gone
from tlcore.ui.shared.outcomes import Outcome, open_outcome
from tlcore.ui.shared.page import link, page_setup, told
from tlcore.ui.shared.reports import offer_reports
from tlcore.ui.shared.seeds import offer_seeds
from tlcore.ui.shared.session import me, store

TESTED = (State.FINISHED, State.STOPPED)
MOST = 6


def show_too_few(count: int) -> None:
    """What to do as long as there are no two runs to compare."""
    lacks = "There are no tested runs yet." if not count else "There is only one tested run so far."
    st.info(f"{lacks} Two are needed to compare.", icon=":material/compare_arrows:")
    with st.container(horizontal=True):
        link("start", "Train scratch and transfer side by side", icon=":material/play_circle:")
        link("train", "Train a network", icon=":material/tune:")


def show_comparison(outcomes: list[Outcome]) -> None:
    """The verdict, then all that it stands on."""
    stories = [outcome.story for outcome in outcomes]
    titles = [f"{number} · {short(story.name)}" for number, story in enumerate(stories, 1)]
    show_verdict(outcomes, titles)
    offer_seeds([story.recipe for story in stories], key="seeds of comparison")
    offer_reports(stories, key="compare")
    table, curves, labels, pictures, together, recipes = st.tabs(
        ["Table", "Curves", "Labels", "Pictures", "Together", "Recipes"],
        key="side",
        bind="query-params",
    )
    if table.open:
        with table, told():
            show_table(outcomes, titles)
    if curves.open:
        with curves, told():
            show_curves(stories, titles)
    if labels.open:
        with labels, told():
            show_labels(outcomes)
    if pictures.open:
        with pictures, told():
            show_changes(outcomes, titles)
    if together.open:
        with together, told():
            show_ensemble(outcomes)
    if recipes.open:
        with recipes, told():
            show_recipes(stories, titles)


with page_setup("Compare", "Which run is better, and why?"):
    tell_gone(store(), me())
    if (count := len(store().list(by=me(), states=TESTED, limit=2))) < 2:
        show_too_few(count)
        st.stop()
    label = "Runs; the oldest is run 1, which the others are held against"
    chosen = choose_runs(store(), me(), TESTED, label=label)
    chosen.sort(key=lambda run: (run.created, run.id))
    opened = [
        (run, open_outcome(run, seeds=other_seeds(store(), run.id, by=me())))
        for run in chosen[:MOST]
    ]
    for run, outcome in opened:
        if outcome is None:
            st.info(f"**{literal(short(run.name))}** was stopped before it was tested.")
    if len(chosen) > MOST:
        st.info(f"At most {MOST} runs are compared at once: the first {MOST} are.")
    tested = [outcome for _, outcome in opened if outcome is not None]
    if len(tested) < 2:
        st.info("Choose two or more runs.", icon=":material/compare_arrows:")
        st.stop()
    show_comparison(tested)
