"""Why the networks say so, or why not: a map over the picture, by the method that is chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from tlcore.asking.ask import Why
from tlcore.asking.methods import METHODS, Method
from tlcore.ui.choosing import name_of
from tlcore.ui.page import told
from tlcore.ui.try_it.answers import in_columns
from tlcore.ui.try_it.asked import Asked, ask_why
from tlcore.ui.try_it.heat import AGAINST, FOR, laid_over
from tlcore.ui.words import duration, literal, percent

SUREST = ""
_TARGET = "try target"
_LEGEND = f"<p style='margin:0'><span style='color:{FOR}'>■</span> speaks for it{{against}}</p>"
_AGAINST = f" &nbsp; <span style='color:{AGAINST}'>■</span> speaks against it"


def choose_target(name: str) -> None:
    """Ask about this class from now on."""
    st.session_state[_TARGET] = name


def show_why(asked: Sequence[Asked]) -> None:
    """The choice of a method and a class, and a map for each network."""
    st.subheader("Why?", anchor=False)
    method, target, check = _controls(asked)
    st.html(_LEGEND.replace("{against}", _AGAINST if method.signed else ""))
    st.caption(method.says)
    for each, place in zip(asked, in_columns(len(asked)), strict=False):
        with place, told():
            if len(asked) > 1:
                st.markdown(f"**{literal(name_of(each.run))}**")
            _show_one(each, method, target, check=check)


def _controls(asked: Sequence[Asked]) -> tuple[Method, str, bool]:
    fitting = {way for each in asked for way in each.answer.ways}
    methods = {each.title: each for each in METHODS if each.name in fitting}
    names = list(methods)
    title = st.segmented_control(
        "By which method", names, default=names[0], required=True, key="try method"
    )
    classes = list(dict.fromkeys(name for each in asked for name in each.answer.classes))
    options = [SUREST, *classes]
    if st.session_state.get(_TARGET, SUREST) not in options:
        st.session_state[_TARGET] = SUREST
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    target = left.selectbox(
        "About which class",
        options,
        format_func=lambda name: name or "the one it says",
        key=_TARGET,
    )
    check = right.toggle(
        "Compare with shuffled weights",
        key="try check",
        help="The same map from the same network with its weights shuffled, so that nothing of "
        "what it learned is left. A map that looks the same is not about what it learned.",
    )
    return methods[title or names[0]], target, check


def _show_one(asked: Asked, method: Method, target: str, *, check: bool) -> None:
    answer = asked.answer
    if method.name not in answer.ways:
        st.info(f"{method.title} doesn't fit this network. Choose another method to see why.")
        return
    if target and target not in answer.classes:
        st.info(f"This network knows no class {literal(target)}.")
        return
    number = answer.classes.index(target) if target else asked.surest
    name, share = answer.classes[number], float(answer.probabilities[0, number])
    about = "Why" if number == asked.surest else "Why not"
    st.markdown(f"{about} {literal(name)}? ({percent(share, 0)})")
    waiting = _waiting_for(method, answer.milliseconds)
    found = ask_why(asked, method.name, number, shuffled=False, waiting=waiting)
    _show_map(asked, found, f"{method.title} for {name}")
    st.caption(_reading(method, found))
    if check:
        random = ask_why(asked, method.name, number, shuffled=True, waiting=waiting)
        _show_map(asked, random, f"{method.title} for {name}, with shuffled weights")
        st.caption(_comparison(found.map, random.map))


def _show_map(asked: Asked, found: Why, alt: str) -> None:
    size = found.map.shape[0]
    seen = np.asarray(Image.fromarray(asked.pixels[0]).resize((size, size)))
    st.image(laid_over(seen, found.map), width="stretch", output_format="PNG", alt=alt)


def _waiting_for(method: Method, milliseconds: float) -> str:
    seconds = method.looks * milliseconds / 1000
    took = f", about {duration(seconds)}" if seconds > 2 else ""
    return f"{method.title}: {method.looks} looks at the picture{took} …"


def _reading(method: Method, found: Why) -> str:
    """What the map alone doesn't say."""
    if not found.map.any():
        return "Nothing speaks for this class here."
    facts = found.facts
    if "down" in facts:
        return f"Drawn from {facts['down']:.0f} × {facts['across']:.0f} positions."
    if "fidelity" in facts:
        follows = percent(max(0.0, facts["fidelity"]), 0)
        return (
            f"{facts['parts']:.0f} parts; the linear model follows {follows} of the network's ups "
            f"and downs{'' if facts['fidelity'] > 0.5 else ', so don’t trust the details'}."
        )
    if method.name == "occlusion":
        most = float(found.map.max())
        return f"At the strongest place, {100 * most:.0f} points of probability are lost."
    return ""


def _comparison(trained: NDArray[np.float32], random: NDArray[np.float32]) -> str:
    """How alike the two maps are.

    >>> _comparison(np.float32([[1, 2], [3, 4]]), np.float32([[1, 2], [3, 4]]))[:40]
    'Rank correlation of the two maps: 1.00. '
    """
    alike = _rank_correlation(trained, random)
    meaning = (
        "They are much alike: this map says little of what was learned."
        if alike > 0.5
        else "They differ: the map is about what was learned."
    )
    return f"Rank correlation of the two maps: {alike:.2f}. {meaning}"


def _rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's; 0 where one of the maps is the same all over."""
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(spearmanr(one.ravel(), other.ravel()).statistic)
