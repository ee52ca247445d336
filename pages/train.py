"""Train: What stays frozen, and when does it thaw?"""

import streamlit as st

from tlcore.schedule.outline import Outline
from tlcore.ui.shared.page import page_setup
from tlcore.ui.train.advanced import show_rest
from tlcore.ui.train.backbones import show_backbone
from tlcore.ui.train.cost_panel import outline_of, show_aside, show_policy
from tlcore.ui.train.form import Form, keep, opened
from tlcore.ui.train.lesson import hidden, show_sharing, show_way_out
from tlcore.ui.train.preset_picker import show_beginning, show_data, show_story, show_suited
from tlcore.ui.train.schedule import misfits, show_blocks, show_dials, show_presets, show_undoing
from tlcore.ui.train.submit import show_sending
from tlcore.ui.train.table import show_problems_of_phases, show_table
from tlcore.ui.train.text import show_text
from tlcore.ui.train.trial import show_trial


def show_top(form: Form, hide: frozenset[str]) -> None:
    """What the recipe begins as, what it learns from, and with which backbone."""
    parts = {"beginning": _begin, "data": show_data, "backbone": show_backbone}
    shown = [name for name in parts if name not in hide]
    for name, column in zip(shown, st.columns(len(shown)) if shown else (), strict=True):
        with column:
            parts[name](form)


def _begin(form: Form) -> None:
    show_beginning(form)
    show_story(form)


def show_editor(form: Form, outline: Outline | None, hide: frozenset[str]) -> None:
    """The freeze schedule: dials, strip, table."""
    show_dials(form)
    show_blocks(form, outline)
    show_problems_of_phases(form)
    show_undoing(form)
    if "batchnorm" not in hide:
        show_policy(form, outline)
    if "table" not in hide:
        box = st.expander("**Phases as a table**", key="table box", on_change="rerun")
        with box:
            if box.open:
                show_table(form, outline)


def show_beside(form: Form, outline: Outline | None, hide: frozenset[str]) -> None:
    """What it will take, and the button."""
    if not misfits(form, outline) and "aside" not in hide:
        show_aside(form.recipe, outline)
    show_sending(form, pair="pair" not in hide)
    show_sharing(form)


with page_setup("Train", "What stays frozen, and when does it thaw?"):
    form, hide = opened(), hidden()
    keep(form)
    outline = outline_of(form.recipe)
    show_way_out()
    show_top(form, hide)
    show_suited(form)
    if "backbone" not in hide:
        show_trial(form)
    if "presets" not in hide:
        show_presets(form)
    left, right = st.columns([7, 4], gap="large")
    with left:
        show_editor(form, outline, hide)
    with right:
        show_beside(form, outline, hide)
    if "rest" not in hide:
        show_rest(form)
    if "text" not in hide:
        show_text(form)
