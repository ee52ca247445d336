"""What every page begins with: its name, the question it answers, and errors told to people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from tlcore.errors import ThawError
from tlcore.ui.words import literal

# Streamlit leaves a hand's breadth above the title, which a projector can't spare.
_LESS_SPACE = "<style>.stMainBlockContainer {padding-top: 4.5rem; max-width: 90rem}</style>"


@contextmanager
def page_setup(title: str, question: str) -> Iterator[None]:
    """Name the browser's tab, say what the page is for, and tell what goes wrong inside."""
    st.set_page_config(page_title=f"{title} · Thaw", page_icon="🧊", layout="wide")
    st.html(_LESS_SPACE)
    st.title(title, anchor=False)
    st.caption(question)
    with told():
        yield


@contextmanager
def told() -> Iterator[None]:
    """Show an error of the lab's where it happened, in its own words, and go on after it."""
    try:
        yield
    except ThawError as error:
        show_error(error)


def show_error(error: ThawError) -> None:
    """What is wrong, where, and what to do. Nothing in it is ever read as markup."""
    st.error(literal(str(error)), icon=":material/error:")
