"""Links from one page to another."""

from __future__ import annotations

import streamlit as st

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
