"""Whether the network is as often right as it is sure, and what a temperature changes about it."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from tlcore.analysis.calibration import Bin, Recalibration, how_sure, reliability
from tlcore.analysis.intervals import FEWEST_PICTURES, Interval
from tlcore.formatting import EMBER, ICE, literal, rate
from tlcore.report.sections.calibration import fitted_on
from tlcore.ui.results.abstaining import show_abstaining
from tlcore.ui.results.classes import WHISKER
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.what_is import what_is

_TELL = (
    "A network that is 90 % sure should be right 9 times in 10: its bars then end on the dotted "
    "line. Bars below it belong to a network that is surer than it is right; pale bars stand on "
    f"fewer than {FEWEST_PICTURES} pictures."
)
_SCALING = (
    "**Temperature scaling** divides what the network computes by one number: it says truer "
    "probabilities, and never another answer."
)


def show_calibration(outcome: Outcome) -> None:
    """The diagram before and after a temperature, the errors, and what keeping silent gains."""
    what_is("calibration")
    with st.spinner("Drawing resamples …", show_time=False):
        error, found = outcome.calibration_error, outcome.recalibration
    before, after = st.columns(2, gap="large")
    with before:
        _show_diagram(outcome, "As it is", reliability(outcome.predictions))
        _show_error("Expected calibration error", error)
        st.markdown(_tendency(outcome, error))
    with after:
        if found:
            title = f"At a temperature of {found.temperature:.2f}"
            _show_diagram(outcome, title, reliability(found.scaled))
            _show_error(f"{title}, its error", found.after)
            st.markdown(_changes(found))
            st.caption(f"{_SCALING} {literal(fitted_on(outcome.story, found))}")
    st.caption(_TELL)
    show_abstaining(outcome)


def _show_diagram(outcome: Outcome, title: str, bins: tuple[Bin, ...]) -> None:
    st.markdown(f"**{title}**")
    st.plotly_chart(
        reliability_chart(bins),
        key=f"reliability {title} {outcome.story.run}",
        config={"displayModeBar": False},
        alt=f"Reliability diagram, {title.lower()}: share called rightly over confidence, in bins "
        "of equal width",
    )


def _show_error(label: str, found: Interval) -> None:
    st.metric(
        label,
        f"{100 * found.value:.1f} points",
        delta=f"95 %: {100 * found.low:.1f} to {100 * found.high:.1f}",
        delta_color="off",
        delta_arrow="off",
        border=True,
        help="How far confidence is from accuracy, on average over bins of like confidence.",
    )


def _changes(found: Recalibration) -> str:
    """What it does to the loss, and whether the error is gone."""
    text = f"The loss is **{found.loss_after:.3f}** instead of {found.loss_before:.3f}"
    return f"{text}{found.verdict}."


def _tendency(outcome: Outcome, found: Interval) -> str:
    """Too sure, not sure enough, or neither, on the whole."""
    sure = float(outcome.predictions.confidence.mean())
    right = outcome.story.test.accuracy
    how = how_sure(outcome.predictions, found)
    text = f"On average it is **{100 * sure:.1f} %** sure and **{rate(right)}** right: it is {how}."
    return f"{text} ({found.warning}.)" if found.warning else text


def reliability_chart(bins: tuple[Bin, ...]) -> go.Figure:
    """Accuracy with whiskers in each bin, and how many pictures lie in it."""
    filled = [(each, each.accuracy) for each in bins if each.accuracy is not None]
    middles = [(each.low + each.high) / 2 for each, _ in filled]
    figure = go.Figure(
        go.Bar(
            x=middles,
            y=[found.value for _, found in filled],
            width=[0.92 * (each.high - each.low) for each, _ in filled],
            marker={"color": ICE, "opacity": [_opacity(each) for each, _ in filled]},
            error_y={
                "array": [found.high - found.value for _, found in filled],
                "arrayminus": [found.value - found.low for _, found in filled],
                "color": WHISKER,
                "thickness": 2,
                "width": 3,
            },
            customdata=[_in_words(each, found) for each, found in filled],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": EMBER, "width": 2},
        hoverinfo="skip",
    )  # fmt: skip
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title="confidence")
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", title="called rightly")
    figure.update_layout(height=340, margin={"l": 0, "r": 10, "t": 10, "b": 40}, showlegend=False)
    return figure


def _opacity(each: Bin) -> float:
    return 0.35 if each.n < FEWEST_PICTURES else 0.9


def _in_words(each: Bin, found: Interval) -> str:
    return f"{each.low:.0%} to {each.high:.0%} sure: {rate(found)} right, of {each.n:,} pictures"
