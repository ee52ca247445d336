"""The recipe as text: to read, to edit, to paste and to take along."""

from __future__ import annotations

import streamlit as st

from tlcore import strict
from tlcore.errors import Problem, RecipeError
from tlcore.recipe import Recipe
from tlcore.recipe.fields import field_cards
from tlcore.recipe.text import Fields, from_fields, parse, to_yaml
from tlcore.ui.train.controls import show_problems
from tlcore.ui.train.form import Form
from tlcore.ui.train.form import form as current_form

KEY = "recipe as text"
_UNREAD = "text that is no recipe"


def show_text(form: Form) -> None:
    """A box of YAML that is the same recipe as all the rest of the page."""
    box = st.expander(
        "**Recipe as text**", key="text box", on_change="rerun", icon=":material/code:"
    )
    with box:
        if not box.open:
            return
        if _meaning(st.session_state.get(KEY, "")) != form.fields and not _unread():
            st.session_state[KEY] = strict.dump(form.fields)
        st.text_area(
            "YAML or JSON",
            key=KEY,
            height=320,
            on_change=_take,
            help="What is left out has its default. Pasting a whole recipe is fine.",
            persist_state="session",
        )
        if _unread():
            show_problems(_unread())
            st.button("Back to the recipe", key="text back", on_click=_forget)
        show_problems(without_a_control(form))
        st.download_button(
            "Download",
            to_yaml(form.recipe),
            file_name="recipe.yaml",
            mime="application/yaml",
            icon=":material/download:",
            on_click="ignore",
        )


def without_a_control(form: Form) -> list[Problem]:
    """Problems in fields that no control shows, each with its field."""
    return [
        Problem(p.field, "", f"{p.field}: {p.value} {p.rule}" if p.value else f"{p.field} {p.rule}",
                p.suggestion)
        for p in form.problems
        if p.field not in field_cards() and not p.field.startswith("schedule.phases")
    ]  # fmt: skip


def _take() -> None:
    """Whatever can be read is taken over; what can't stays in the box as it is."""
    try:
        fields = parse(st.session_state[KEY])
        if isinstance(fields, dict):
            _forget()
            current_form().replace(fields)
        else:
            from_fields(fields)  # says what a recipe is
    except RecipeError as error:
        st.session_state[_UNREAD] = error.problems


def _forget() -> None:
    """Let go of a text that can't be read."""
    st.session_state[_UNREAD] = []


def _unread() -> list[Problem]:
    found: list[Problem] = st.session_state.get(_UNREAD, [])
    return found


def _meaning(text: str) -> Fields | None:
    """The fields that a text gives, as a form holds them; None where it gives none."""
    try:
        fields = parse(text)
    except RecipeError:
        return None
    if not isinstance(fields, dict):
        return None
    form = Form(Recipe())
    form.replace(fields)
    return form.fields
