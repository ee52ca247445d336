"""Links for a class: this very recipe, with as much of the page hidden as a lesson wants.

`?hide=backbone,rest` hides these sections; `?lesson=1` hides all but the strip, what stands beside
it, and the button.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from tlcore.ui.shared.draft import packed
from tlcore.ui.train.form import Form

SECTIONS: Mapping[str, str] = {
    "beginning": "Recipes to begin with",
    "data": "Data",
    "backbone": "Backbone",
    "presets": "Schedules to choose from",
    "table": "Phases as a table",
    "aside": "What trains, time and memory",
    "batchnorm": "BatchNorm",
    "rest": "The rest of the recipe",
    "text": "Recipe as text",
    "pair": "Train transfer and scratch",
}
LESSON = ("beginning", "backbone", "table", "batchnorm", "rest", "text", "pair")
_HIDE, _LESSON = "hide", "lesson"


def hidden() -> frozenset[str]:
    """The sections that the address hides."""
    named = st.query_params.get(_HIDE, "").split(",")
    usual = LESSON if st.query_params.get(_LESSON, "0") not in ("", "0") else ()
    return frozenset(SECTIONS) & {*named, *usual}


def show_way_out() -> None:
    """In a lesson: say that there is more, and how to see it."""
    if hidden():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("This is a lesson: a part of the page is hidden.")
            st.button("Show everything", key="leave lesson", on_click=_leave, type="tertiary")


def _leave() -> None:
    for name in (_HIDE, _LESSON):
        if name in st.query_params:
            del st.query_params[name]


def show_sharing(form: Form) -> None:
    """The link to this recipe, whole or as a lesson."""
    with st.popover("Share", icon=":material/link:"):
        as_lesson = st.toggle("As a lesson, with parts of the page hidden", key="share as lesson")
        parts: list[str] = []
        if as_lesson:
            parts = st.multiselect(
                "Hidden", list(SECTIONS), default=LESSON, format_func=lambda name: SECTIONS[name]
            )
        st.code(address(form, parts), language=None, wrap_lines=True)
        if form.problems:
            st.caption("The link holds the last recipe that was right.")


def address(form: Form, hide: list[str]) -> str:
    """Where the page shows this recipe, without these sections."""
    page = str(st.context.url or "train").partition("?")[0]
    hiding = f"&{_HIDE}={','.join(hide)}" if hide else ""
    return f"{page}?recipe={packed(form.shared)}{hiding}"
