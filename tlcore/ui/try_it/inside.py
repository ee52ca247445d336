"""What each block of a network makes of the picture, from the stem to the last."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.asking.ask import Block
from tlcore.heat import strip
from tlcore.ui.page import told
from tlcore.ui.try_it.answers import in_columns
from tlcore.ui.try_it.asked import Asked, ask_inside
from tlcore.ui.words import literal


def show_inside(asked: Sequence[Asked]) -> None:
    """The strongest features of every block, once somebody wants to see them."""
    st.subheader("What each block makes of it", anchor=False)
    if not st.toggle("Show the strongest features of every block", True, key="try inside"):
        return
    st.caption(
        "From edges and colours to parts that only this task needs. Each small picture is one "
        "feature: bright where it is strong. Later blocks see less of where things are."
    )
    for each, place in zip(asked, in_columns(len(asked)), strict=False):
        with place, told():
            st.markdown(f"**{literal(each.run.name)}**")
            for block in ask_inside(each):
                _show_block(block)


def _show_block(block: Block) -> None:
    count, height, width = block.maps.shape
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if block.trained:
            st.badge("thawed", icon=":material/local_fire_department:", color="orange")
        else:
            st.badge("frozen", icon=":material/ac_unit:", color="blue")
        st.markdown(f"**{literal(block.name)}** · {block.channels} features · {height} × {width}")
    alt = f"{count} features of {block.name}"
    st.image(strip(block.maps), width="stretch", output_format="PNG", alt=alt)
