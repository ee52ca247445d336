"""Rather no answer than a wrong one: what a threshold of confidence gains, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from tlcore.analysis.intervals import FEWEST_PICTURES, Interval
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.selective import Abstention, Promise, abstain, abstention_curve, promise
from tlcore.formatting import EMBER, ICE, in_percent, literal, rate
from tlcore.report.sections.calibration import why_no_validation
from tlcore.ui.shared.outcomes import Outcome

_STEPS = tuple(step / 100 for step in range(0, 100, 2))
_TELL = (
    "Accuracy of the answers over the share of pictures that are answered, as the threshold of "
    "confidence falls; the band is the 95 % interval."
)
_ENDS = {
    "kept": ", as wanted.",
    "broken": ": fewer than wanted.",
    "open": ". Whether that is as many as wanted, these test pictures can't tell.",
}
_BAND = "rgba(43, 140, 190, 0.2)"


def show_abstaining(outcome: Outcome) -> None:
    """The curve, and a threshold for an accuracy that somebody wants."""
    st.subheader("Rather no answer than a wrong one", anchor=False)
    diagram, words = st.columns([3, 2], gap="large")
    validation = outcome.story.validation
    with words:
        found = _choose(outcome, validation) if validation is not None else _play(outcome)
    with diagram:
        st.plotly_chart(
            coverage_chart(abstention_curve(outcome.predictions, _STEPS), found),
            key=f"coverage {outcome.story.run}",
            config={"displayModeBar": False},
            alt="Accuracy of the answers over the share of test pictures that are answered",
        )
        st.caption(_TELL)


def _choose(outcome: Outcome, validation: Predictions) -> Abstention | None:
    """A threshold that was chosen where nothing is judged."""
    wanted = st.slider(
        "Answers should be right in", 50, 100, 90, step=1, format="%d %%", key="wanted",
        persist_state="session",
    )  # fmt: skip
    found = promise(validation, outcome.predictions, wanted / 100)
    st.markdown(kept_words(found, wanted / 100))
    st.caption(
        f"The threshold is chosen on {len(validation):,} validation pictures, so that at most "
        "one such promise in twenty is not kept; the test pictures had no say in it, so what they "
        "show is what to expect of others."
    )
    return found.kept if found else None


def kept_words(found: Promise | None, wanted: float) -> str:
    """Whether a threshold keeps on the test pictures what it promised."""
    if found is None or found.chosen.accuracy is None:
        return (
            f"No threshold can be promised at which {in_percent(wanted)} of its answers are right: "
            "too many are wrong, or the validation pictures are too few."
        )
    text = (
        f"The validation pictures promise it from a confidence of "
        f"**{in_percent(found.threshold, digits=1)}** on. On the test pictures it then answers "
        f"**{rate(found.kept.coverage)}**"
    )
    if found.kept.accuracy is None:
        return f"{text}: none at all."
    text += f", and **{rate(found.kept.accuracy)}** of these answers are right"
    text += _ENDS[found.verdict]
    return text + _few(found.chosen.accuracy) + _few(found.kept.accuracy)


def _few(answers: Interval) -> str:
    return f" (Mind: {answers.warning}.)" if answers.n < FEWEST_PICTURES else ""


def _play(outcome: Outcome) -> Abstention:
    """Without validation pictures, any threshold may be tried and none is promised."""
    threshold = st.slider(
        "Answer only from this confidence on", 0, 100, 80, step=5, format="%d %%",
        key="threshold", persist_state="session",
    )  # fmt: skip
    found = abstain(outcome.predictions, threshold / 100)
    text = f"It answers **{rate(found.coverage)}** of the pictures"
    if found.accuracy is not None:
        text += f", and **{rate(found.accuracy)}** of these answers are right"
    st.markdown(f"{text}.")
    st.caption(
        f"{literal(why_no_validation(outcome.story))} A threshold chosen here is chosen on the "
        "pictures that judge it, and will do a little worse on others."
    )
    return found


def coverage_chart(curve: Sequence[Abstention], chosen: Abstention | None) -> go.Figure:
    """Accuracy over coverage with its band, and the threshold that was chosen."""
    answering = [(each, each.accuracy) for each in curve if each.accuracy is not None]
    shares = [each.coverage.value for each, _ in answering]
    figure = go.Figure()
    figure.add_scatter(
        x=[*shares, *reversed(shares)],
        y=[found.high for _, found in answering] + [found.low for _, found in reversed(answering)],
        fill="toself", fillcolor=_BAND, line={"width": 0}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=shares,
        y=[found.value for _, found in answering],
        mode="lines",
        line={"color": ICE, "width": 3},
        customdata=[_in_words(each, found) for each, found in answering],
        hovertemplate="%{customdata}<extra></extra>",
    )
    if chosen and chosen.accuracy:
        figure.add_scatter(
            x=[chosen.coverage.value],
            y=[chosen.accuracy.value],
            mode="markers",
            marker={"color": EMBER, "size": 13, "symbol": "diamond"},
            customdata=[_in_words(chosen, chosen.accuracy)],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%", title="answered")
    bounds = [bound for _, found in answering for bound in (found.low, found.high)]
    figure.update_yaxes(tickformat=".0%", dtick=step(bounds), title="right, of the answers")
    figure.update_layout(height=340, margin={"l": 0, "r": 10, "t": 10, "b": 40}, showlegend=False)
    return figure


def step(bounds: Sequence[float]) -> float:
    """How far apart marks of whole percents stand, so that no two read the same.

    >>> step([0.981, 1.0]), step([0.2, 1.0])
    (0.01, 0.2)
    """
    width = max(bounds) - min(bounds) if bounds else 0.0
    return next((each for each in (0.01, 0.02, 0.05, 0.1) if width <= 6 * each), 0.2)


def _in_words(each: Abstention, found: Interval) -> str:
    return (
        f"from {each.threshold:.0%} on: {rate(each.coverage)} answered, {rate(found)} of them right"
    )
