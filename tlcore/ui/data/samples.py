"""Some of the pictures, each with its label."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tlcore.data.survey import Side, Survey
from tlcore.ui.data.amounts import SIDES
from tlcore.ui.data.inspect import Seen
from tlcore.ui.data.shapes import caption_of
from tlcore.ui.shared.frontend import Tile, show_gallery
from tlcore.ui.shared.small_pictures import address_of

AT_ONCE = 40
_ALL = -1
_DRAW = "samples drawn"


def show_samples(seen: Seen) -> None:
    """A grid of pictures from one side, of all classes or of one; others at a click."""
    survey = seen.survey
    sides = [side.name for side in survey.sides]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Pictures", sides, default="train", required=True, key="samples side",
            format_func=lambda name: f"{SIDES[name]}".capitalize(),
        )  # fmt: skip
        label = st.selectbox(
            "Class", [_ALL, *range(len(survey.classes))], key="samples class", width=240,
            format_func=lambda row: "all classes" if row == _ALL else survey.classes[row],
        )  # fmt: skip
        st.button("Other samples", on_click=_draw_again, icon=":material/casino:")
    side = survey.side(chosen if chosen in sides else "train")
    rows = sample(side, label, int(st.session_state.get(_DRAW, 0)))
    if not len(rows):
        st.info("There is no picture of this class on this side.")
        return
    height, width = side.pool.pixels.shape[1:3]
    st.caption(f"As the network's input has them: {width} x {height} pixels. A click tells more.")
    large = side.pool.pixels.shape[1] > 64
    clicked = show_gallery(
        [_tile(side, int(row), survey) for row in rows], key="samples", side=112 if large else 72
    )
    if clicked is not None:
        _show_large(side, int(rows[clicked]), survey)


def sample(side: Side, label: int, draw: int) -> NDArray[np.int64]:
    """Rows of some pictures: chance's, but the same for the same number; all classes in turn."""
    labels = side.labels
    places = np.flatnonzero(labels == label) if label != _ALL else np.arange(len(labels))
    shuffled = np.random.default_rng(draw).permutation(places)
    if label == _ALL:
        shuffled = shuffled[np.argsort(_turns(labels[shuffled]), kind="stable")]
        chosen = shuffled[:AT_ONCE]
        shuffled = chosen[np.argsort(labels[chosen], kind="stable")]
    chosen_rows: NDArray[np.int64] = side.rows[shuffled[:AT_ONCE]]
    return chosen_rows


def _turns(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 for the first picture of each class, 1 for the second, and so on.

    >>> _turns(np.array([5, 5, 2, 5])).tolist()
    [0, 1, 0, 2]
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) != 0])
    turns = np.empty(len(labels), dtype=np.int64)
    lengths = np.diff(np.r_[starts, len(labels)])
    turns[order] = np.arange(len(labels)) - np.repeat(starts, lengths)
    return turns


def _draw_again() -> None:
    st.session_state[_DRAW] = st.session_state.get(_DRAW, 0) + 1


def _tile(side: Side, row: int, survey: Survey) -> Tile:
    name = survey.classes[side.pool.labels[row]]
    source = address_of(side.pool.pixels[row])
    return Tile(source, caption_of(side.pool, row, survey.classes), alt=f"picture of {name}")


@st.dialog("A picture")
def _show_large(side: Side, row: int, survey: Survey) -> None:
    pool = side.pool
    name = survey.classes[pool.labels[row]]
    pixels = pool.pixels[row]
    times = max(1, 320 // pixels.shape[1])
    st.image(pixels.repeat(times, axis=0).repeat(times, axis=1), alt=f"picture of {name}")
    facts = {"label": name, "id": str(pool.ids[row]), "side": side.name}
    facts |= {column: str(values[row]) for column, values in pool.groups.items()}
    st.code("\n".join(f"{what}: {value}" for what, value in facts.items()), language=None)
