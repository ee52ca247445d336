"""Why the networks say so, and why not something else: two maps over the picture, on one scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from tlcore.analysis.heatmaps import AGAINST, FOR, laid_over, strip, strongest
from tlcore.formatting import literal
from tlcore.inference.client import Block, Why
from tlcore.inference.methods import METHODS, Method
from tlcore.ui.shared.page import told
from tlcore.ui.shared.what_is import what_is
from tlcore.ui.try_it.answers import in_columns
from tlcore.ui.try_it.asked import Asked, ask_inside, ask_why, seconds_for
from tlcore.ui.try_it.words import reading, resemblance, share_in_words


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


SECOND = ""
WIDE, NARROW = 225, 150
PATIENCE = 2.0
"""Seconds that a second map may take unasked."""

_OTHER = "try other"
_FOR = f"<span style='color:{FOR}'>■</span> speaks for it"
_AGAINST = f" &nbsp; <span style='color:{AGAINST}'>■</span> speaks against it"


def choose_other(name: str) -> None:
    """Ask about this class from now on."""
    st.session_state[_OTHER] = name


def show_why(asked: Sequence[Asked]) -> None:
    """The choice of a method and of another class, and the maps of each network."""
    st.subheader("Why?", anchor=False)
    method, other, check = _controls(asked)
    st.caption(method.says)
    if method.name == "grad-cam":
        what_is("grad-cam")
    st.html(f"<p style='margin:0'>{_FOR}{_AGAINST if method.signed else ''}</p>")
    for each, place in zip(asked, in_columns(len(asked)), strict=False):
        with place, told():
            if len(asked) > 1:
                st.markdown(f"**{literal(each.run.name)}**")
            width = WIDE if len(asked) == 1 else NARROW
            _show_one(each, method, other, check=check, width=width)


def _controls(asked: Sequence[Asked]) -> tuple[Method, str, bool]:
    fitting = {way for each in asked for way in each.answer.ways}
    methods = {each.title: each for each in METHODS if each.name in fitting}
    names = list(methods)
    title = st.segmented_control(
        "By which method", names, default=names[0], required=True, key="try method", wrap=True
    )
    classes = list(dict.fromkeys(name for each in asked for name in each.answer.classes))
    if st.session_state.get(_OTHER, SECOND) not in (SECOND, *classes):
        st.session_state[_OTHER] = SECOND
    left, right = st.columns(2, vertical_alignment="bottom")
    other = left.selectbox(
        "And why not",
        [SECOND, *classes],
        format_func=lambda name: name or "its second choice",
        key=_OTHER,
    )
    check = right.toggle(
        "Compare with shuffled weights",
        key="try check",
        help="The same map from the same network with its weights shuffled, so that nothing of "
        "what it learned is left. A map that looks the same is not about what it learned.",
    )
    return methods[title or names[0]], other, check


def _show_one(asked: Asked, method: Method, other: str, *, check: bool, width: int) -> None:
    answer = asked.answer
    if method.name not in answer.ways:
        st.info(f"{method.title} doesn't fit this network. Choose another method to see why.")
        return
    if other and other not in answer.classes:
        st.info(f"This network knows no class {literal(other)}.")
        return
    quick = seconds_for(asked, method) < PATIENCE
    targets = _targets(asked, other, both=bool(other) or quick)
    maps = [ask_why(asked, method, number) for number in targets]
    scale = max(strongest(found.map) for found in maps)
    with st.container(horizontal=True, gap="small"):
        for number, found in zip(targets, maps, strict=True):
            words = f"{_question(asked, number)} {reading(method.name, found)}"
            alt = f"{_asks(asked, number)} {answer.classes[number]}, by {method.title}"
            _show_map(asked, found, words, alt, scale, width)
        if check:
            random = ask_why(asked, method, targets[0], shuffled=True)
            words = f"With shuffled weights. {resemblance(maps[0].map, random.map)}"
            alt = f"With shuffled weights, by {method.title}"
            _show_map(asked, random, words, alt, strongest(random.map), width)


def _targets(asked: Asked, other: str, *, both: bool) -> list[int]:
    """The class it says, and the one that is asked about instead."""
    first, *others = [number for number, _ in asked.answer.ranked()]
    if other and asked.answer.classes[first] != other:
        return [first, asked.answer.classes.index(other)]
    return [first, *others[:1]] if both else [first]


def _question(asked: Asked, number: int) -> str:
    share = share_in_words(float(asked.answer.probabilities[0, number]))
    name = literal(asked.answer.classes[number])
    return f"{_asks(asked, number)} **{name}** ({share})?"


def _asks(asked: Asked, number: int) -> str:
    return "Why" if number == asked.surest else "Why not"


def _show_map(asked: Asked, found: Why, words: str, alt: str, scale: float, width: int) -> None:
    size = found.map.shape[0]
    seen: NDArray[np.uint8] = np.asarray(Image.fromarray(asked.pixels[0]).resize((size, size)))
    with st.container(width=width, gap="xsmall"):
        painted = laid_over(seen, found.map, scale)
        st.image(painted, width="stretch", output_format="PNG", alt=alt)
        st.caption(words)
