"""What came out of the cue lab: verdicts, a table, a curve over cue shares, and flipped answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import plotly.graph_objects as go
import streamlit as st

from tlcore.analysis.decision import way_of
from tlcore.analysis.intervals import FEWEST_SEEDS, Interval
from tlcore.biaslab import CueReport, Way, against, describe, over_seeds
from tlcore.colours import EMBER, ICE
from tlcore.data.drawn.world import class_names
from tlcore.runs.records import Run
from tlcore.runs.results import other_seeds
from tlcore.ui.bias.twins import ask_about_twins, show_flips, twins_of
from tlcore.ui.page import told
from tlcore.ui.seeds import offer_seeds
from tlcore.ui.session import me, store
from tlcore.ui.words import literal, with_interval

Place: TypeAlias = tuple[Way, float]
"""A way to learn, and a cue share."""

_COLOURS = {"frozen": ICE, "tuned": "#AA3377", "scratch": EMBER}
_SENTENCES = 3  # the table tells the rest
_MARKS = ("circle", "square", "diamond", "triangle-up", "star", "hexagon", "cross")


def show_outcomes(share: float, runs: Mapping[Place, Run]) -> None:
    """Everything that the finished runs tell.

    Args:
        share: The cue share that is dialled.
        runs: Finished runs.
    """
    asked = {}
    for place, run in runs.items():
        with told():
            asked[place] = _ask_all_seeds(run)
    reports = {place: over_seeds(networks) for place, networks in asked.items()}
    here = {way: report for (way, found), report in reports.items() if found == share}
    for way, report in list(here.items())[:_SENTENCES]:
        st.markdown(literal(describe(report, way.title)))
    if here:
        _show_table(here)
        _hold_against_first({way: asked[way, share] for way in here}, runs, share)
        recipes = [store().recipe(runs[way, share].id, by=me()) for way in here]
        offer_seeds(recipes, key="cue lab")
    if len({found for _, found in reports}) > 1:
        st.subheader("Overall against worst group", anchor=False)
        st.plotly_chart(
            curve(reports), config={"displayModeBar": False}, key="cue curve",
            alt="Accuracy over cue share: overall (solid) and where the cue misleads (dashed)",
        )  # fmt: skip
        st.caption(
            f"A point of {FEWEST_SEEDS} seeds and more is their mean, and its whisker is about the "
            "recipe. With fewer, the whisker is about those networks and the choice of pictures: "
            "another seed may move it further."
        )
    for way, report in here.items():
        with st.expander(f"Flipped answers: {way.title}"):
            recipe = store().recipe(runs[way, share].id, by=me())
            names = class_names(recipe.data.shapes)
            show_flips(report, twins_of(recipe), names, key=f"flips {way.name}")


def _ask_all_seeds(run: Run) -> list[CueReport]:
    """What a run's network says, and those of its recipe with other seeds."""
    runs = (run.id, *other_seeds(store(), run.id, by=me()))
    return [ask_about_twins(each) for each in runs]


def _hold_against_first(
    asked: Mapping[Way, Sequence[CueReport]], runs: Mapping[Place, Run], share: float
) -> None:
    """Each way against the first, where the cue misleads."""
    first, *others = asked
    ways = [way_of(store().recipe(runs[way, share].id, by=me())) for way in asked]
    found = against(asked[first], [asked[way] for way in others], ways)
    for way, decision in zip(others, found, strict=True):
        if decision:
            st.markdown(
                literal(
                    f"Where the cue misleads, {way.title} against {first.title}: {decision.text}"
                )
            )


def _show_table(reports: Mapping[Way, CueReport]) -> None:
    st.dataframe(
        [
            {
                "learned": way.title,
                "seeds": report.seeds,
                "overall": with_interval(report.overall),
                "cue fits": with_interval(report.aligned),
                "cue misleads (worst group)": with_interval(report.conflicting),
                "answers that flip": with_interval(report.flips),
                "fell for the cue": with_interval(report.follows),
            }
            for way, report in reports.items()
        ],
        hide_index=True,
        key="cue table",
    )


def curve(reports: Mapping[Place, CueReport]) -> go.Figure:
    """Two lines for each way over the cue share: overall, and the worst group dashed."""
    figure = go.Figure()
    ways = list(dict.fromkeys(way for way, _ in reports))
    for way in ways:
        found = {share: report for (other, share), report in sorted(
            reports.items(), key=lambda item: item[0][1]) if other == way}  # fmt: skip
        mark = _MARKS[[each.remedy for each in ways if each.system == way.system].index(way.remedy)]
        _add_line(figure, way, mark, {at: each.overall for at, each in found.items()}, "overall")
        _add_line(figure, way, mark, {at: each.conflicting for at, each in found.items()}, _WORST)
    figure.update_xaxes(title="cue share in training", tickformat=".0%", range=[0.48, 1.01])
    figure.update_yaxes(title="accuracy", tickformat=".0%", range=[-0.02, 1.02])
    figure.update_layout(
        height=440, font_size=14, margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip
    return figure


_WORST = "worst group"


def _add_line(
    figure: go.Figure, way: Way, mark: str, values: Mapping[float, Interval], part: str
) -> None:
    found = list(values.values())
    figure.add_scatter(
        x=list(values),
        y=[each.value for each in found],
        error_y={
            "array": [each.high - each.value for each in found],
            "arrayminus": [each.value - each.low for each in found],
        },
        mode="lines+markers",
        name=f"{way.title}: {part}",
        line={"color": _COLOURS[way.system.name], "width": 3,
              "dash": "dash" if part == _WORST else None},
        marker={"size": 10, "symbol": f"{mark}-open" if part == _WORST else mark},
        hovertext=[with_interval(each) for each in found],
        hoverinfo="text+name",
    )  # fmt: skip
