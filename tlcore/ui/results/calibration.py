"""Whether the network is as often right as it is sure, and what it costs to let it keep silent."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from tlcore.analysis.calibration import Bin, abstain, reliability
from tlcore.analysis.intervals import FEWEST_PICTURES, Interval
from tlcore.analysis.wording import rate
from tlcore.colours import EMBER, ICE
from tlcore.ui.outcomes import Outcome
from tlcore.ui.results.classes import WHISKER

_TELL = (
    "A network that is 90 % sure should be right 9 times in 10: its bars then end on the dotted "
    "line. Bars below it belong to a network that is surer than it is right; pale bars stand on "
    f"fewer than {FEWEST_PICTURES} pictures."
)
_MISSING = (
    "**Temperature scaling** would make it say truer probabilities without another answer ever "
    "changing. It is fitted on what the network says of the validation pictures, which runs don't "
    "keep so far, and the test pictures mustn't be used for it."
)


def show_calibration(outcome: Outcome) -> None:
    """The diagram, its error, and a threshold to play with."""
    diagram, words = st.columns([3, 2], gap="large")
    with diagram:
        st.plotly_chart(
            reliability_chart(reliability(outcome.predictions)),
            key=f"reliability {outcome.story.run}",
            config={"displayModeBar": False},
            alt="Reliability diagram: share called rightly over confidence, in bins of equal width",
        )
        st.caption(_TELL)
    with words:
        _show_error(outcome)
        _show_threshold(outcome)
        st.caption(_MISSING)


def _show_error(outcome: Outcome) -> None:
    with st.spinner("Drawing resamples …", show_time=False):
        found = outcome.calibration_error
    st.metric(
        "Expected calibration error",
        f"{100 * found.value:.1f} points",
        delta=f"95 %: {100 * found.low:.1f} to {100 * found.high:.1f}",
        delta_color="off",
        delta_arrow="off",
        border=True,
        help="How far confidence is from accuracy, on average over bins of like confidence.",
    )
    st.markdown(_tendency(outcome, found))


def _tendency(outcome: Outcome, found: Interval) -> str:
    """Too sure, not sure enough, or neither, on the whole."""
    sure = float(outcome.predictions.confidence.mean())
    right = outcome.story.test.accuracy
    text = f"On average it is **{100 * sure:.1f} %** sure and **{rate(right)}** right: "
    if sure > right.high:
        text += "it is surer than it is right."
    elif sure < right.low:
        text += "it is right more often than it is sure."
    else:
        text += "on the whole the two agree."
    return f"{text} ({found.warning}.)" if found.warning else text


def _show_threshold(outcome: Outcome) -> None:
    threshold = st.slider(
        "Answer only from this confidence on", 0, 100, 80, step=5, format="%d %%",
        key="threshold", persist_state="session",
    )  # fmt: skip
    found = abstain(outcome.predictions, threshold / 100)
    text = f"It answers **{rate(found.coverage)}** of the pictures"
    if found.accuracy is not None:
        text += f", and **{rate(found.accuracy)}** of these answers are right"
    st.markdown(f"{text}.")


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
    figure.update_layout(height=420, margin={"l": 0, "r": 10, "t": 10, "b": 40}, showlegend=False)
    return figure


def _opacity(each: Bin) -> float:
    return 0.35 if each.n < FEWEST_PICTURES else 0.9


def _in_words(each: Bin, found: Interval) -> str:
    return f"{each.low:.0%} to {each.high:.0%} sure: {rate(found)} right, of {each.n:,} pictures"
