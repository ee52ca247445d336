"""Where the recipes differ."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from tlcore.recipe_difference import differing_fields
from tlcore.report.story import RunStory


def show_recipes(stories: Sequence[RunStory], titles: Sequence[str]) -> None:
    """Only the fields that aren't the same in all of them."""
    fields = differing_fields([story.recipe for story in stories])
    if not fields:
        st.info("These runs have the same recipe: what differs is chance, or the machine.")
        return
    table = pd.DataFrame.from_dict(dict(fields), orient="index", columns=list(titles))
    table.index.name = "field"
    st.dataframe(table, alt="Fields of the recipes that differ, a column for each run")
    if list(fields) == ["seed"]:
        st.caption("Nothing but the seed differs: the difference is what a seed makes.")
