"""The picture as a network sees it."""

from __future__ import annotations

import streamlit as st

from tlcore.heat import magnified
from tlcore.ui.try_it.asked import Asked
from tlcore.ui.try_it.chosen import Chosen
from tlcore.ui.try_it.words import what_it_can_say
from tlcore.ui.words import literal

_STRANGE = (
    "How sure it is of a picture unlike those that it learned from means little: nothing has "
    "taught it to doubt."
)


def show_preview(picture: Chosen, asked: Asked) -> None:
    """Every pixel of it, large."""
    side = asked.pixels.shape[1]
    alt = f"{picture.caption}{f': {picture.truth}' if picture.truth else ''}"
    st.image(magnified(asked.pixels[0]), width="stretch", output_format="PNG", alt=alt)
    what = f": **{literal(picture.truth)}**" if picture.truth else ""
    st.caption(
        f"{picture.caption}{what}. The network sees these {side} × {side} pixels. "
        f"{what_it_can_say(asked.answer.classes)}"
    )
    if not picture.truth:
        st.caption(_STRANGE)
    if picture.note:
        st.info(picture.note, icon=":material/info:")
