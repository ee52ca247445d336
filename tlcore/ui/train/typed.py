"""This session's form, in step with the draft that pages share and with the page's address.

The address says the last recipe that was right, and, while something is wrong, also what was
typed: so a reload loses nothing, and neither does a look at another page.
"""

from __future__ import annotations

import streamlit as st

from tlcore.errors import RecipeError
from tlcore.recipe import Recipe
from tlcore.recipe_text import Fields
from tlcore.ui.draft import (
    draft,
    keep_draft,
    packed_fields,
    show_in_address,
    typed_by_hand,
    unpacked,
)
from tlcore.ui.page import show_error
from tlcore.ui.train.form import Form

_FORM, _KEPT, _TYPED = "the form of Train", "what Train kept", "typed"


def form() -> Form:
    """The form of this session, which `opened` has opened."""
    found: Form = st.session_state[_FORM]
    return found


def opened() -> Form:
    """The form, with what other pages or an address have changed in the draft since."""
    try:
        recipe = draft()
    except RecipeError as error:
        return _with_what_is_wrong(error)
    form: Form | None = st.session_state.get(_FORM)
    if form is None:
        form = st.session_state[_FORM] = Form(recipe, typed_by_hand())
        form.replace(_fields_in(_TYPED) or form.fields)
    elif recipe != st.session_state.get(_KEPT):
        form.take_over(recipe)
    return form


def keep(form: Form) -> None:
    """Make the recipe the draft of all pages, and have the address reopen it."""
    keep_draft(form.recipe)
    st.session_state[_KEPT] = form.recipe
    show_in_address(form.recipe)
    if form.problems:
        st.query_params[_TYPED] = packed_fields(form.fields)
    elif _TYPED in st.query_params:
        del st.query_params[_TYPED]


def _with_what_is_wrong(error: RecipeError) -> Form:
    """A link that holds a recipe with mistakes opens with them; one that holds none is told."""
    fields = _fields_in("recipe")
    if fields is None:
        show_error(error)
    form: Form = st.session_state.setdefault(_FORM, Form(Recipe()))
    form.replace(fields or form.fields)
    return form


def _fields_in(name: str) -> Fields | None:
    """The fields that a part of the address holds, if it is whole."""
    try:
        return dict(unpacked(st.query_params[name])) if name in st.query_params else None
    except RecipeError:
        return None
