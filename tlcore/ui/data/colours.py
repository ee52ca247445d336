"""A closer look at sizes, colours and brightness, and at pictures that stand out."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from tlcore.data.statistics import (
    ODDITIES,
    Look,
    brightness_by_class,
    describe_sizes,
    look_at,
    original_sizes,
)
from tlcore.data.survey import Side, Survey
from tlcore.formatting import class_colour, in_plotly, literal
from tlcore.ui.data.inspect import Seen
from tlcore.ui.shared.frontend import Tile, show_gallery
from tlcore.ui.shared.small_pictures import address_of

MOST_SHOWN = 24
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def show_colours(seen: Seen) -> None:
    side = seen.survey.side("train")
    with st.spinner("Looking at the training pictures …", show_time=True):
        look = _looked(seen.key, side)
    height, width = side.pool.pixels.shape[1:3]
    st.markdown(f"**Size.** Stored at {width} x {height} pixels. {_sizes_before(seen)}")
    st.caption(
        f"Looked at {look.looked_at:,} of {look.of:,} training pictures. 0 is black, 1 is white."
    )
    left, right = st.columns(2, gap="large")
    left.dataframe(
        {
            "channel": ["red", "green", "blue"],
            "mean": look.mean,
            "deviation": look.deviation,
            "ImageNet": _IMAGENET[0],
            "its deviation": _IMAGENET[1],
        },
        hide_index=True,
        key="channels",
    )
    left.caption(
        "Pre-trained weights expect colours as they were trained with; `normalise: auto` in the "
        "recipe takes care of that."
    )
    with right:
        _show_brightness(look, side, seen.survey.classes)
    _show_odd(look, side, seen.survey)


def _sizes_before(seen: Seen) -> str:
    if seen.data.name != "folder":
        return ""
    sizes = _original_sizes(seen.survey.fingerprint, seen.data.path)
    return f"As they were handed in: {describe_sizes(sizes)}"


@st.cache_data(max_entries=32, show_spinner=False)
def _original_sizes(fingerprint: str, path: str) -> dict[tuple[int, int], int]:
    return dict(original_sizes(path))


@st.cache_resource(max_entries=16, show_spinner=False)
def _looked(key: str, _side: Side) -> Look:
    return look_at(_side.pool, among=_side.rows)


def _show_brightness(look: Look, side: Side, classes: Sequence[str]) -> None:
    spreads = brightness_by_class(look, side.pool.labels)
    order = sorted(spreads, key=lambda label: spreads[label].middle)
    shown = order if len(order) <= 20 else [*order[:10], *order[-10:]]
    darkest, brightest = (classes[shown[place]] for place in (0, -1))
    st.markdown(
        f"**Brightness by class**, from {literal(darkest)} to {literal(brightest)}: the "
        "middle half of the pictures, and their median. Classes that lie apart can be told "
        "without any shape."
    )
    figure = go.Figure()
    for place, label in enumerate(shown):
        spread, colour = spreads[label], class_colour(label)
        ends = [spread.low, spread.middle, spread.high]
        figure.add_scatter(
            x=ends, y=[place] * 3, mode="lines+markers",
            line={"color": colour, "width": 5}, marker={"size": [1, 12, 1], "color": colour},
            hovertext=[f"{in_plotly(classes[label])}: {x:.2f}" for x in ends],
            hoverinfo="text", showlegend=False,
        )  # fmt: skip
    names = [in_plotly(classes[label], most=40) for label in shown]
    figure.update_yaxes(tickvals=list(range(len(shown))), ticktext=names, automargin=True)
    figure.update_xaxes(range=[0, 1], title="mean brightness")
    figure.update_layout(
        height=24 * len(shown) + 80, margin={"l": 8, "r": 8, "t": 8, "b": 8}, font_size=14
    )
    st.plotly_chart(
        figure, config={"displayModeBar": False}, key="brightness",
        alt=f"Brightness of {len(shown)} classes, from {darkest} to {brightest}.",
    )  # fmt: skip


def _show_odd(look: Look, side: Side, survey: Survey) -> None:
    found = {kind: rows for kind, rows in look.odd.items() if len(rows)}
    if not found:
        st.markdown("**Odd pictures.** None is almost black, almost white, flat or blurred.")
    for kind, rows in found.items():
        st.markdown(f"**{len(rows):,} {ODDITIES[kind]}**")
        tiles = [_tile(side, int(row), survey) for row in rows[:MOST_SHOWN]]
        show_gallery(tiles, key=f"odd {kind}", side=72)


def _tile(side: Side, row: int, survey: Survey) -> Tile:
    name = survey.classes[side.pool.labels[row]]
    source = address_of(side.pool.pixels[row])
    return Tile(source, f"{name}\n{side.pool.ids[row]}", f"picture of {name}")
