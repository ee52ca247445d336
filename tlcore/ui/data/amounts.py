"""How many pictures there are for what: the split, its dials, and how the classes are filled."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from tlcore.data.statistics import describe_balance
from tlcore.formatting import class_colour, in_plotly, literal
from tlcore.recipe import Data
from tlcore.ui.data.choice import change
from tlcore.ui.data.inspect import Seen
from tlcore.ui.shared.draft import draft
from tlcore.ui.shared.what_is import what_is

SIDES = {
    "train": "to learn from",
    "validation": "for checking while it trains (validation)",
    "test": "to test on",
}
_MANY = 20
_WITHOUT_TEST = ("digits", "folder", "hub")


def show_sides(seen: Seen) -> None:
    """How many pictures are on each side, and what was found when they were put there."""
    with st.grid(3, border=True, min_column_width=150, key="sides") as grid:
        for name, purpose in SIDES.items():
            count = next((len(side) for side in seen.survey.sides if side.name == name), 0)
            grid.metric(purpose.capitalize(), f"{count:,}")
    for note in (seen.part, *seen.survey.notes):
        if note:
            st.caption(f":material/info: {literal(note)}")


def split() -> None:
    """The dials of the split: before anything is looked at, so that what is shown follows them."""
    with st.expander("Change the split"):
        what_is("validation")
        _turn_dials(draft().data)


def _turn_dials(data: Data) -> None:
    left, middle, right = st.columns(3)
    fields: dict[str, Any] = {
        "validation": left.slider(
            "Validation share", 0.0, 0.9, data.validation, 0.01, format="percent",
            key="split validation", help="For checking while it trains; the network never "
            "learns from these.",
        ),
        "split_seed": right.number_input(
            "Split number", 0, None, data.split_seed, key="split seed",
            help="Another number puts other pictures on each side.",
        ),
        "labels_per_class": left.number_input(
            "Labels a class", 1, None, data.labels_per_class, key="split labels",
            placeholder="all", help="As if most pictures had no label: there transfer helps most.",
        ),
        "limit_train": middle.number_input(
            "At most to learn from and choose by", 1, None, data.limit_train, step=1000,
            key="split limit_train", placeholder="all",
        ),
        "limit_test": right.number_input(
            "At most to test on", 1, None, data.limit_test, step=1000, key="split limit_test",
            placeholder="all", help="Results are then labelled as those of a part.",
        ),
    }  # fmt: skip
    if data.name in _WITHOUT_TEST:
        fields["test"] = middle.slider(
            "Test share", min(0.01, data.test), 0.9, data.test, 0.01, format="percent",
            key="split test", help="For data that bring no test pictures of their own.",
        )  # fmt: skip
    change(**fields)


def show_balance(seen: Seen) -> None:
    """The training pictures of each class, in words and as bars."""
    survey = seen.survey
    counts = survey.side("train").counts(len(survey.classes))
    st.markdown(f"**Class balance.** {literal(describe_balance(counts, survey.classes))}")
    others = {side.name: side.counts(len(survey.classes)) for side in survey.sides}
    st.plotly_chart(
        balance_figure(survey.classes, counts, others),
        config={"displayModeBar": False},
        key="balance",
        alt=f"Bars: training pictures of {len(counts)} classes, {counts.min()} to {counts.max()}.",
    )
    with st.expander("The same as a table"):
        st.dataframe(
            {"class": list(survey.classes), **others}, hide_index=True, key="balance table"
        )


def balance_figure(
    classes: tuple[str, ...], counts: np.ndarray[Any, Any], others: dict[str, np.ndarray[Any, Any]]
) -> go.Figure:
    """Bars in the colours of the classes; lying while their names can stand beside them."""
    names = [in_plotly(name, most=40) for name in classes]
    lying = len(classes) <= _MANY
    hover = [
        f"{name}<br>"
        + "<br>".join(f"{other[row]:,} {SIDES[side]}" for side, other in others.items())
        for row, name in enumerate(names)
    ]
    places = list(range(len(classes)))
    bars = go.Bar(
        x=counts if lying else places,
        y=places if lying else counts,
        orientation="h" if lying else "v",
        marker_color=[class_colour(label) for label in places],
        text=[f"{count:,}" for count in counts] if lying else None,
        textposition="outside",
        cliponaxis=False,
        hovertext=hover,
        hoverinfo="text",
    )
    figure = go.Figure(bars)
    figure.update_layout(
        height=28 * len(classes) + 40 if lying else 300,
        margin={"l": 8, "r": 48, "t": 8, "b": 8},
        bargap=0.25,
        font_size=14,
    )
    if lying:
        figure.update_yaxes(tickvals=places, ticktext=names, autorange="reversed", automargin=True)
        figure.update_xaxes(visible=False, range=[0, max(1, counts.max()) * 1.08])
    else:
        figure.update_xaxes(title=f"{len(classes)} classes", showticklabels=False)
        figure.update_yaxes(title="training pictures", rangemode="tozero")
    return figure
