"""The run's name, the button that sends it off, and why it can't be pressed yet."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.errors import ThawError
from tlcore.hub.things import lacking
from tlcore.ladder import begins_with_something, from_scratch
from tlcore.paths import PROJECT
from tlcore.recipe import Recipe
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.ui.choosing import remember
from tlcore.ui.page import show_error
from tlcore.ui.session import me, store
from tlcore.ui.shared.getting import show_getting
from tlcore.ui.train.controls import show_field
from tlcore.ui.train.form import Form, preset_like
from tlcore.ui.train.hindrances import hindrances
from tlcore.ui.words import literal

_RUNS = PROJECT / "pages" / "runs.py"


def show_sending(form: Form, *, pair: bool = True) -> None:
    """Name it, and train it.

    Args:
        form: What would be trained.
        pair: Offer the pair of transfer and scratch as well.
    """
    show_field(form, "name", label="Name of the run")
    found = hindrances(form)
    final = [each.words for each in found if each.final]
    if final:
        st.error(literal("\n".join(final)), icon=":material/block:")
    for each in found:
        if not each.final:
            st.warning(literal(each.words), icon=":material/wifi_off:")
    if not form.problems:
        for thing in lacking([form.recipe]):
            st.caption(f"This recipe needs {literal(thing.title)}.")
            show_getting(thing, place="on Train")
    with st.container(horizontal=True, gap="small"):
        train = st.button(
            "Train", type="primary", key="train", disabled=bool(final), icon=":material/play_arrow:"
        )
        both = pair and st.button(
            "Train transfer and scratch",
            key="train transfer and scratch",
            disabled=bool(final) or not begins_with_something(form.recipe),
            help="Twice the same data, budget and seed: once as it stands, once from random "
            "weights, where everything trains.",
        )
    if train:
        send(form, [form.recipe])
    if both:
        send(form, [form.recipe, from_scratch(form.recipe)])


def send(form: Form, recipes: Sequence[Recipe]) -> None:
    """Put the runs into the queue, and go where one can watch them."""
    runs = []
    try:
        for recipe in recipes:
            like = preset_like(recipe)
            preset = like.name if like else ""
            runs.append(store().submit(recipe, by=me(), preset=preset).id)
        ensure_dispatcher(store().home)
    except ThawError as error:
        if len(runs) == 1:
            st.warning("The first of the two runs is in the queue; the second was refused.")
        show_error(error)
        return
    form.forget_name()
    remember(runs)
    st.switch_page(_RUNS, query_params={"run": ",".join(runs)})
