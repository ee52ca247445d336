"""Charts of many runs at once: labels against accuracy, and what was predicted beside the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from tlcore.classroom.board import Ballot, Pool
from tlcore.classroom.lesson import Lesson, Predict
from tlcore.classroom.measures import Outcome
from tlcore.formatting import EMBER, ICE, in_plotly, literal, run_colour
from tlcore.ui.shared.sentences import say

MARKS = ("circle", "diamond", "square", "cross", "triangle-up", "star")


def show_labels(lesson: Lesson, outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """Accuracy over the number of labels: one line for each way to learn, with intervals."""
    found: dict[str, list[tuple[int, Outcome]]] = {}
    for name, each in outcomes.items():
        labels = lesson.runs[name].recipe.data.labels_per_class
        if labels is not None:
            found.setdefault(_way(lesson, name), []).extend((labels, one) for one in each)
    if not found:
        return
    figure = go.Figure()
    for number, (way, points) in enumerate(found.items()):
        points.sort(key=lambda each: each[0])
        accuracies = [one.accuracy for _, one in points]
        figure.add_scatter(
            x=[labels for labels, _ in points], y=[100 * each.value for each in accuracies],
            error_y={
                "type": "data", "symmetric": False,
                "array": [100 * (each.high - each.value) for each in accuracies],
                "arrayminus": [100 * (each.value - each.low) for each in accuracies],
            },
            name=in_plotly(way), mode="lines+markers",
            marker={"size": 11, "symbol": MARKS[number % 6], "color": run_colour(number)},
            line={"color": run_colour(number)},
        )  # fmt: skip
    _show(figure, key="labels against accuracy")


def show_pooled(pools: Sequence[Pool], lesson: Lesson, *, key: str = "pooled") -> None:
    """Every run of the class as a point, and the mean of each kind with its interval."""
    figure = go.Figure()
    ways: list[str] = []
    for place, pool in enumerate(pools):
        way = _way(lesson, pool.name)
        if way not in ways:
            ways.append(way)
        number, across = ways.index(way), pool.labels if pool.labels is not None else place
        colour = run_colour(number)
        figure.add_scatter(
            x=[across] * len(pool.accuracies), y=pool.accuracies, mode="markers",
            marker={"size": 8, "opacity": 0.45, "symbol": MARKS[number % 6], "color": colour},
            name=in_plotly(way), legendgroup=way, showlegend=False,
            hovertemplate=f"{in_plotly(pool.title)}: %{{y:.1f}} %<extra></extra>",
        )  # fmt: skip
        if pool.mean:
            mean = pool.mean
            figure.add_scatter(
                x=[across], y=[100 * mean.value], mode="markers", name=in_plotly(way),
                legendgroup=way, showlegend=not any(
                    trace.name == in_plotly(way) and trace.showlegend for trace in figure.data
                ),
                marker={"size": 14, "symbol": f"{MARKS[number % 6]}-open", "color": colour,
                        "line": {"width": 3}},
                error_y={
                    "type": "data", "symmetric": False, "thickness": 3,
                    "array": [100 * (mean.high - mean.value)],
                    "arrayminus": [100 * (mean.value - mean.low)],
                },
            )  # fmt: skip
    _show(figure, key=key)
    for pool in pools:
        if pool.mean:
            mean = pool.mean
            st.caption(
                f"{literal(pool.title)}: {100 * mean.value:.1f} % "
                f"[{100 * mean.low:.1f}, {100 * mean.high:.1f}], "
                + say("the mean of {n} students", n=len(pool.accuracies))
            )


def _show(figure: go.Figure, *, key: str) -> None:
    figure.update_layout(
        height=340, margin={"l": 0, "r": 10, "t": 10, "b": 40},
        xaxis={"title": say("labelled pictures of each class"), "type": "log",
               "tickvals": [1, 2, 5, 10, 20, 50, 100, 200], "ticktext": None},
        yaxis={"title": say("right, in percent"), "range": [0, 102]},
        legend={"orientation": "h", "y": 1.1},
    )  # fmt: skip
    st.plotly_chart(
        figure, key=key, config={"displayModeBar": False},
        alt=say("How often networks are right, over how many labels they had"),
    )  # fmt: skip


def _way(lesson: Lesson, name: str) -> str:
    """The way to learn, without the number of labels: what stands before the comma."""
    return lesson.runs[name].title.split(",")[0]


def show_ballot(step: Predict, found: Ballot, *, key: str) -> None:
    """How often each answer was given; the truth stands out."""
    st.markdown(f"**{literal(step.question)}**")
    counts = found.counts()
    if step.scale:
        low, width = step.scale.low, (step.scale.high - step.scale.low) / 10
        names = [f"{low + n * width:.0f}–{low + (n + 1) * width:.0f}" for n in range(10)]
    else:
        names = [in_plotly(choice.text) for choice in step.choices]
    true = _place_of_truth(found)
    figure = go.Figure(
        go.Bar(
            x=counts, y=names, orientation="h", text=counts,
            marker={"color": [EMBER if place == true else ICE for place in range(len(names))]},
        )
    )  # fmt: skip
    figure.update_layout(
        height=80 + 30 * len(names), margin={"l": 0, "r": 10, "t": 5, "b": 30},
        xaxis={"title": say("students"), "dtick": max(1, max(counts, default=1) // 5)},
        yaxis={"autorange": "reversed"},
    )  # fmt: skip
    st.plotly_chart(
        figure, key=f"ballot {key}", config={"displayModeBar": False},
        alt=say("How often each answer was given"),
    )  # fmt: skip
    st.caption(_ballot_words(found))
    if step.choices:
        for choice in step.choices:
            if choice.because:
                st.markdown(f"- {literal(choice.text)}: *{literal(choice.because)}*")


def _place_of_truth(found: Ballot) -> int | None:
    if found.truth is None:
        return None
    scale, value = found.step.scale, found.truth.value
    if scale:
        return max(0, min(9, int(10 * (value - scale.low) / (scale.high - scale.low))))
    return next((n for n, choice in enumerate(found.step.choices) if choice.holds(value)), None)


def _ballot_words(found: Ballot) -> str:
    counted = say(
        "{said} predicted, {right} of them as it came out for themselves",
        said=len(found.said), right=found.right,
    )  # fmt: skip
    if found.truth is None:
        return f"{counted}. " + say("For the truth of the class, three results are needed.")
    truth = found.truth
    return f"{counted}. " + say(
        "In the whole class it came out as {value} [{low}, {high}], from {n} students.",
        value=f"{truth.value:.1f}", low=f"{truth.low:.1f}", high=f"{truth.high:.1f}",
        n=len(found.truths),
    )  # fmt: skip
