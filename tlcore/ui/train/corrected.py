"""Corrections that the recipe brings along: made on the Results page, told and dropped here."""

from __future__ import annotations

import streamlit as st

from tlcore.corrections import in_words, listed
from tlcore.ui.train.form import Form
from tlcore.ui.train.typed import form as current_form
from tlcore.ui.words import literal

_PATH = "data.corrections"


def corrections_told(form: Form) -> str:
    """How many the recipe has, as the label of a fold says it; empty for none."""
    return in_words(form.recipe.data.corrections) if form.value(_PATH) else ""


def show_corrections(form: Form) -> None:
    """What they are, and the way to do without."""
    corrections = form.recipe.data.corrections
    if not form.value(_PATH):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Corrected by hand: {in_words(corrections)} ({literal(listed(corrections))}).")
        st.button(
            "Drop the corrections", key="drop corrections", icon=":material/undo:",
            on_click=_drop,
        )  # fmt: skip


def _drop() -> None:
    current_form().set(_PATH, None)
