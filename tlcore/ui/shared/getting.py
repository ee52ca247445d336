"""Getting something from the hub: a button that says what it takes, then a bar, wherever somebody
finds that it is missing."""

from __future__ import annotations

import streamlit as st

from tlcore.errors import FetchError
from tlcore.hub import downloads
from tlcore.hub.downloads import Download
from tlcore.hub.things import Thing, refuse_unless_allowed
from tlcore.runs.owners import LOCAL
from tlcore.ui.page import told
from tlcore.ui.session import me
from tlcore.ui.words import literal

_LOOK = 1.0


def show_getting(thing: Thing, *, place: str = "") -> None:
    """The button, or how far the download is; it goes on whatever becomes of this page.

    Args:
        thing: What is missing.
        place: Tells two buttons for the same thing apart.
    """
    found = downloads.look(thing)
    busy = found is not None and found.goes_on
    look = st.fragment(_show_state, run_every=_LOOK if busy else None)
    look(thing, place, was_busy=busy)


def _show_state(thing: Thing, place: str, *, was_busy: bool) -> None:
    found = downloads.look(thing)
    if found is not None and found.goes_on:
        _show_progress(found, place)
        return
    if was_busy:
        st.rerun()  # of the page: now it is here, or there is something to say
    if found is not None:
        _tell_how_it_ended(found)
    _offer(thing, place, again=found is not None and found.state != "done")


def _show_progress(found: Download, place: str) -> None:
    st.progress(found.share, f"**{literal(found.thing.title)}**: {literal(found.words)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("It goes on when this page is closed.")
        if _may(found.thing):
            st.button(
                "Cancel", key=f"cancel {found.thing.slug} {place}", icon=":material/close:",
                on_click=downloads.cancel, args=(found.thing,),
            )  # fmt: skip


def _tell_how_it_ended(found: Download) -> None:
    title = literal(found.thing.title)
    if found.state == "failed":
        st.error(f"{literal(found.what)}. {literal(found.remedy)}", icon=":material/cloud_off:")
    elif found.state == "interrupted":
        st.warning(f"Getting {title} was interrupted.", icon=":material/cloud_off:")
    elif found.state == "cancelled":
        st.info(f"Getting {title} was cancelled.", icon=":material/close:")


def _offer(thing: Thing, place: str, *, again: bool) -> None:
    if not _may(thing):
        st.caption("Its owner decides what this lab gets from the hub.")
        return
    words = "Try again" if again else "Get it"
    if st.button(
        f"{words} ({literal(thing.words)})", key=f"get {thing.slug} {place}",
        icon=":material/download:", help=f"{thing.repo} on the Hugging Face hub",
    ):  # fmt: skip
        with told():
            downloads.start(thing)
            st.rerun()


def _may(thing: Thing) -> bool:
    """Whether this person may have it fetched here."""
    if me() == LOCAL:
        return True
    try:
        refuse_unless_allowed(thing)
    except FetchError:
        return False
    return True
