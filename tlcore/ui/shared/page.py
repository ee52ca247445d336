"""What every page begins with: its name, the question it answers, and errors told to people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from tlcore.errors import ThawError
from tlcore.formatting import literal
from tlcore.paths import PROJECT


def link(page: str, label: str, *, icon: str | None = None, **query: str) -> None:
    """A link to a page by its file's name, with what it needs to know in its address.

    Args:
        page: Such as `try_it`.
        label: Of the link, read as Markdown.
        icon: Such as `:material/science:`.
        query: Goes into the address.
    """
    file = PROJECT / "pages" / f"{page}.py"
    st.page_link(file, label=label, icon=icon, query_params=query or None)


# Streamlit leaves a hand's breadth above the title, which a projector can't spare, and writes what
# is chosen in the theme's colour, which is too dark for the dark theme, and captions too pale for
# either.
_STYLE = """<style>
.stMainBlockContainer {padding-top: 4.5rem; max-width: 90rem}
button[aria-checked="true"], [role="tab"][aria-selected="true"] {color: inherit !important}
button[aria-checked="true"] p, [role="tab"][aria-selected="true"] p {font-weight: 600}
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p {color: inherit}
[data-testid="stCaptionContainer"] {opacity: 0.82}
[data-testid="stSliderThumbValue"] {color: inherit}
</style>"""


@contextmanager
def page_setup(title: str, question: str) -> Iterator[None]:
    """Name the browser's tab, say what the page is for, and tell what goes wrong inside."""
    st.set_page_config(page_title=f"{title} · Thaw", page_icon="🧊", layout="wide")
    st.html(_STYLE)
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
