"""What came out of the cue lab: verdicts, a table, a curve over cue shares, and flipped answers."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import streamlit as st

from tlcore.biaslab import SYSTEMS, CueReport, describe
from tlcore.colours import EMBER, ICE
from tlcore.data.drawn.world import class_names
from tlcore.runs.records import Run
from tlcore.ui.bias.twins import ask_about_twins, show_flips, twins_of
from tlcore.ui.page import told
from tlcore.ui.session import me, store
from tlcore.ui.words import literal, with_interval

_COLOURS = {"frozen": ICE, "tuned": "#AA3377", "scratch": EMBER}
_TITLES = {system.name: system.title for system in SYSTEMS}


def show_outcomes(share: float, runs: Mapping[tuple[str, float], Run]) -> None:
    """Everything that the finished runs tell.

    Args:
        share: The cue share that is dialled.
        runs: Finished runs, by system and cue share.
    """
    reports = {}
    for place, run in runs.items():
        with told():
            reports[place] = ask_about_twins(run)
    here = {name: report for (name, found), report in reports.items() if found == share}
    for name, report in here.items():
        st.markdown(literal(describe(report, _TITLES[name])))
    if here:
        _show_table(here)
    if len({found for _, found in reports}) > 1:
        st.subheader("Overall against worst group", anchor=False)
        st.plotly_chart(
            curve(reports), config={"displayModeBar": False}, key="cue curve",
            alt="Accuracy over cue share: overall (solid) and where the cue misleads (dashed)",
        )  # fmt: skip
    for name, report in here.items():
        with st.expander(f"Flipped answers: {_TITLES[name]}"):
            recipe = store().recipe(runs[name, share].id, by=me())
            names = class_names(recipe.data.shapes)
            show_flips(report, twins_of(recipe), names, key=f"flips {name}")


def _show_table(reports: Mapping[str, CueReport]) -> None:
    st.dataframe(
        [
            {
                "learned": _TITLES[name],
                "pictures like those it learned": with_interval(report.overall),
                "cue fits": with_interval(report.aligned),
                "cue misleads (worst group)": with_interval(report.conflicting),
                "answers that flip": with_interval(report.flips),
                "called by their cue": with_interval(report.follows),
            }
            for name, report in reports.items()
        ],
        hide_index=True,
        key="cue table",
    )


def curve(reports: Mapping[tuple[str, float], CueReport]) -> go.Figure:
    """Two lines for each system over the cue share: overall, and the worst group dashed."""
    figure = go.Figure()
    for name in dict.fromkeys(name for name, _ in reports):
        found = sorted(
            (report for (other, _), report in reports.items() if other == name),
            key=lambda report: report.share,
        )
        for part, dash in (("overall", "solid"), ("conflicting", "dash")):
            _add_line(figure, found, name, part, dash)
    figure.update_xaxes(title="cue share in training", tickformat=".0%", range=[0.48, 1.01])
    figure.update_yaxes(title="accuracy", tickformat=".0%", range=[-0.02, 1.02])
    figure.update_layout(
        height=420, font_size=14, margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.12},
    )  # fmt: skip
    return figure


def _add_line(figure: go.Figure, reports: list[CueReport], name: str, part: str, dash: str) -> None:
    values = [getattr(report, part) for report in reports]
    words = "overall" if part == "overall" else "worst group"
    figure.add_scatter(
        x=[report.share for report in reports],
        y=[found.value for found in values],
        error_y={
            "array": [found.high - found.value for found in values],
            "arrayminus": [found.value - found.low for found in values],
        },
        mode="lines+markers",
        name=f"{_TITLES[name]}: {words}",
        line={"color": _COLOURS[name], "dash": dash, "width": 3},
        marker={"size": 9, "symbol": "circle" if part == "overall" else "x"},
        hovertext=[with_interval(found) for found in values],
        hoverinfo="text+name",
    )
