"""Twins for any run on drawn shapes with a cue, wherever it was put together."""

from __future__ import annotations

import streamlit as st

from tlcore.biaslab import describe
from tlcore.data.drawn.world import class_names
from tlcore.recipe import Recipe
from tlcore.runs.records import Run
from tlcore.ui.bias.twins import ask_about_twins, show_flips, show_report, twins_of
from tlcore.ui.words import literal

_ASKED = "runs asked about twins"


def offer_twins(run: Run, recipe: Recipe) -> None:
    """Offer to ask this run's network about twins; then show what it says."""
    if recipe.data.name != "shapes" or recipe.data.shapes.cue == "none":
        return
    st.header("Does it go by the cue?", anchor=False)
    asked: set[str] = st.session_state.setdefault(_ASKED, set())
    if run.id not in asked:
        st.markdown(
            f"In {recipe.data.shapes.cue_share:.0%} of its training pictures the "
            f"{recipe.data.shapes.cue} went with the class. Counterfactual twins tell whether the "
            "network goes by it: the same pictures, with nothing exchanged but the cue."
        )
        st.button("Ask it about twins", on_click=asked.add, args=(run.id,), type="primary")
        return
    report = ask_about_twins(run.id)
    st.markdown(literal(describe(report, "this network")))
    show_report(report)
    names = class_names(recipe.data.shapes)
    show_flips(report, twins_of(recipe), names, key=f"flips of {run.id}")
