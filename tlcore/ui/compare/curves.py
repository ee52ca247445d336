"""Curves of several runs: what was learned in how many epochs, and in how many seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import plotly.graph_objects as go
import streamlit as st

from tlcore.formatting import duration, in_percent, in_plotly, literal, run_colour
from tlcore.runs.result import RunStory

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Reached:
    """The end of the first epoch with such an accuracy.

    Attributes:
        epoch: From 0.
        seconds: From the start of the run.
    """

    epoch: int
    seconds: float


def accuracies(story: RunStory) -> tuple[str, list[float | None]]:
    """After each epoch, on the validation pictures; on the training pictures where none were set
    aside. And which of the two."""
    for which in ("validation", "training"):
        column = "validation_accuracy" if which == "validation" else "train_accuracy"
        values = [_finite(epoch.get(column)) for epoch in story.curves]
        if any(value is not None for value in values):
            break
    return which, values


def reached(story: RunStory, accuracy: float) -> Reached | None:
    """When a run first came so far; None if it never did."""
    for epoch, value in enumerate(accuracies(story)[1]):
        seconds = story.curves[epoch].get("seconds")
        if value is not None and value >= accuracy - _ROUNDING and seconds is not None:
            return Reached(epoch, seconds)
    return None


def common_goal(stories: Sequence[RunStory]) -> int:
    """The highest accuracy that all of them reached, in steps of five percent."""
    best = [max((v for v in accuracies(story)[1] if v is not None), default=0) for story in stories]
    return 5 * math.floor(100 * min(best, default=0) / 5 + _ROUNDING)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


Measure: TypeAlias = Literal["accuracy", "loss"]
Axis: TypeAlias = Literal["epochs", "seconds"]

MARKS = ("circle", "square", "diamond", "cross", "triangle-up", "star")
"""So that nobody has to tell runs apart by colour alone."""

_TELL = (
    "Bold: on the validation pictures; dotted: on the training pictures. Dashed upright lines: "
    "frozen layers thaw."
)


def show_curves(stories: Sequence[RunStory], titles: Sequence[str]) -> None:
    """Two charts, and beneath them how long it took."""
    measures: tuple[Measure, ...] = ("accuracy", "loss")
    measure = st.segmented_control(
        "Measure", measures, default="accuracy", required=True, key="measure of curves",
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    axes: tuple[Axis, ...] = ("epochs", "seconds")
    for column, axis in zip(st.columns(2, gap="large"), axes, strict=True):
        column.plotly_chart(
            curve_chart(stories, titles, measure or "accuracy", axis),
            key=f"curves {axis} {measure}",
            config={"displayModeBar": False},
            alt=f"The {measure} of each run over its {axis}",
        )
    st.caption(_TELL)
    _show_speed(stories, titles)


def _show_speed(stories: Sequence[RunStory], titles: Sequence[str]) -> None:
    goal = st.slider(
        "How long to an accuracy of", 5, 100, max(5, common_goal(stories)), step=5,
        format="%d %%", key=f"goal {'-'.join(story.run for story in stories)}",
    )  # fmt: skip
    for line in speed_lines(stories, titles, goal / 100):
        st.markdown(f"- {line}")
    if len({story.device for story in stories}) > 1:
        st.caption("Seconds on different devices don't compare recipes but machines.")


def speed_lines(stories: Sequence[RunStory], titles: Sequence[str], goal: float) -> list[str]:
    """A sentence a run, the quickest first. Read as Markdown."""
    found = [
        (reached(story, goal), story, title) for story, title in zip(stories, titles, strict=True)
    ]
    found.sort(key=lambda each: each[0].seconds if each[0] else float("inf"))
    return [
        f"**{literal(title)}** reached {in_percent(goal)} {accuracies(story)[0]} accuracy after "
        f"**{duration(when.seconds)}**, with epoch {when.epoch + 1}."
        if when
        else f"**{literal(title)}** never reached {in_percent(goal)}."
        for when, story, title in found
    ]


def curve_chart(
    stories: Sequence[RunStory], titles: Sequence[str], measure: Measure, axis: Axis
) -> go.Figure:
    """A bold line a run, and a dotted one; a mark where it thaws."""
    figure = go.Figure()
    for number, (story, title) in enumerate(zip(stories, titles, strict=True)):
        for column, name in ((f"train_{measure}", "training"), (f"validation_{measure}", "")):
            figure.add_trace(_line(story, number, column, axis, in_plotly(title, most=40), name))
        for thaw in story.thaws:
            figure.add_vline(
                x=_place(story, thaw.epoch, axis), line_dash="dash", line_width=1.5,
                line_color=run_colour(number), opacity=0.6,
            )  # fmt: skip
    if measure == "accuracy":
        figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(title=axis, rangemode="tozero")
    figure.update_yaxes(title=measure)
    figure.update_layout(
        height=400, margin={"l": 0, "r": 10, "t": 10, "b": 40}, hovermode="closest",
        legend={"orientation": "h", "y": -0.2},
    )  # fmt: skip
    return figure


def _line(
    story: RunStory, number: int, column: str, axis: Axis, title: str, name: str
) -> go.Scatter:
    values = [epoch.get(column) for epoch in story.curves]
    training = bool(name)
    alone = training and all(epoch.get(column.replace("train", "validation")) is None
                             for epoch in story.curves)  # fmt: skip
    return go.Scatter(
        x=[_place(story, epoch + 1, axis) for epoch in range(len(values))],
        y=values,
        name=title,
        legendgroup=str(number),
        showlegend=alone or (not training and any(value is not None for value in values)),
        mode="lines" if training and not alone else "lines+markers",
        line={"color": run_colour(number), "width": 1.5 if training else 3,
              "dash": "dot" if training else "solid"},
        marker={"symbol": MARKS[number % len(MARKS)], "size": 8},
        hovertemplate=f"{title}{f', {name}' if name else ''}<br>"
        "%{y:.3~f} after %{x:.3~g} " + f"{axis}<extra></extra>",
    )  # fmt: skip


def _place(story: RunStory, epochs: int, axis: Axis) -> float | None:
    """Where so many finished epochs lie on the axis."""
    if axis == "epochs":
        return epochs
    return story.curves[epochs - 1].get("seconds") if epochs else 0.0
