"""Whom a network fails, group by group: groups that came with the data, or from a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from tlcore.analysis.ethics import describe_groups
from tlcore.analysis.group_files import LARGEST, MOST_GROUPS, harmless, read_groups
from tlcore.analysis.groups import Gap, GroupScore, GroupTable, score_groups
from tlcore.analysis.intervals import Interval
from tlcore.analysis.predictions import Predictions
from tlcore.data.layout import domains_of
from tlcore.formatting import ICE, in_plotly, literal, with_interval
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.page import told

_NO_CLASS = ""
_NOT_GROUPS = ("true_label", "copy_of")
WHISKER = "#8a8a8a"


def show_groups(outcome: Outcome) -> tuple[GroupTable, ...]:
    """Choose what tells groups apart, and show how they fare. Gives the tables of all columns."""
    predictions = outcome.predictions
    columns = {**columns_of(predictions), **_brought_along(outcome)}
    tables = tables_of(predictions, columns)
    if not tables:
        st.info(
            "No evidence here: nothing says which group a picture belongs to. Put the pictures "
            "of each group into a folder inside the class folder, or bring a CSV file.",
            icon=":material/groups:",
        )
        return ()
    left, right = st.columns(2)
    column = left.selectbox("What tells the groups apart", list(tables), key="group column")
    asked = right.selectbox(
        "Rates ask about the class", [_NO_CLASS, *predictions.classes], key="group class",
        format_func=lambda name: name or "none: accuracy alone",
    )  # fmt: skip
    table = tables[column]
    if asked:
        table = score_groups(predictions, column, columns[column], positive=asked) or table
    _show_table(table)
    return tuple(tables.values())


def columns_of(predictions: Predictions) -> dict[str, NDArray[np.str_]]:
    """The columns of the run's own that tell groups apart: more than one, and not too many."""
    known = dict(predictions.groups)
    names = np.array(predictions.classes)[predictions.labels].tolist()
    if "group" not in known and (folders := domains_of(predictions.ids.tolist(), names)):
        known["folder"] = np.array(folders)
    return {
        name: values
        for name, values in known.items()
        if name not in _NOT_GROUPS and 2 <= len(np.unique(values)) <= MOST_GROUPS
    }


def tables_of(
    predictions: Predictions, columns: Mapping[str, NDArray[np.str_]]
) -> dict[str, GroupTable]:
    """Column name to its scores, where any picture's group is known."""
    found = {name: score_groups(predictions, name, values) for name, values in columns.items()}
    return {name: table for name, table in found.items() if table is not None}


def _brought_along(outcome: Outcome) -> dict[str, NDArray[np.str_]]:
    """Groups from a file that somebody brings; refused ones are told."""
    predictions = outcome.predictions
    with st.expander("Bring groups of your own", icon=":material/upload_file:"):
        st.markdown(
            "A CSV file with the columns `id` and `group`, a line for each test picture: who is to "
            "be seen, where or when it was taken, with which camera. The form lists the ids."
        )
        st.download_button(
            "The form", form_for(predictions), file_name="groups.csv", mime="text/csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        file = st.file_uploader(
            "Groups", type=["csv", "tsv", "txt"], key=f"groups {outcome.story.run}",
            max_upload_size=LARGEST // 1024**2,
        )  # fmt: skip
        if file is not None:
            with told():
                return read_groups(file.getvalue(), predictions.ids)
    return {}


def form_for(predictions: Predictions) -> str:
    """A file to fill in: every test picture with its class, and no group yet."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["id", "class", "group"])
    names = np.array(predictions.classes)[predictions.labels]
    writer.writerows([_cell(str(one)), _cell(str(name)), ""]
                     for one, name in zip(predictions.ids, names, strict=True))  # fmt: skip
    return file.getvalue()


def _cell(text: str) -> str:
    return harmless(" ".join(text.splitlines()))


def _show_table(table: GroupTable) -> None:
    st.markdown(literal(describe_groups(table)))
    st.plotly_chart(
        group_chart(table), config={"displayModeBar": False}, key="group chart",
        alt=f"Accuracy of {len(table.groups)} groups with intervals, the worst on top",
    )  # fmt: skip
    st.dataframe(
        pd.DataFrame([_row(group) for group in by_accuracy(table)]).dropna(axis=1, how="all"),
        hide_index=True, key="group table",
    )  # fmt: skip
    for name, gap in _gaps(table).items():
        st.caption(
            f"{name}: {with_interval(gap.size)} from {literal(gap.lowest)} to "
            f"{literal(gap.highest)}, allowing for their having been picked from all groups."
        )
    if table.unknown:
        st.caption(f"{table.unknown:,} pictures are left out: their group isn't known.")


def by_accuracy(table: GroupTable) -> list[GroupScore]:
    """The groups, the one that fares worst first."""
    return sorted(table.groups, key=lambda group: group.accuracy.value)


def _row(group: GroupScore) -> dict[str, str | int | None]:
    def said(interval: Interval | None) -> str | None:
        return with_interval(interval) if interval else None

    return {
        "group": group.name,
        "pictures": group.n,
        "accuracy": said(group.accuracy),
        "selection rate": said(group.selection_rate),
        "true positive rate": said(group.true_positive_rate),
        "false positive rate": said(group.false_positive_rate),
    }


def _gaps(table: GroupTable) -> dict[str, Gap]:
    gaps = {
        "Gap in accuracy": table.accuracy_gap,
        "Gap in selection rate (demographic parity)": table.selection_gap,
        "Gap in true positive rate (equal opportunity)": table.true_positive_gap,
        "Gap in false positive rate": table.false_positive_gap,
    }
    return {name: gap for name, gap in gaps.items() if gap is not None}


def group_chart(table: GroupTable) -> go.Figure:
    """Bars with whiskers, the worst on top; dotted, the accuracy of all."""
    groups = by_accuracy(table)[::-1]
    values = [group.accuracy.value for group in groups]
    places = list(range(len(groups)))
    bars = go.Bar(
        x=values, y=places, orientation="h", marker_color=ICE,
        error_x={
            "array": [g.accuracy.high - g.accuracy.value for g in groups],
            "arrayminus": [g.accuracy.value - g.accuracy.low for g in groups],
            "color": WHISKER,
        },
        hovertext=[f"{in_plotly(g.name)}: {with_interval(g.accuracy)}, {g.n:,} pictures"
                   for g in groups],
        hoverinfo="text",
    )  # fmt: skip
    figure = go.Figure(bars)
    figure.add_vline(table.overall.value, line_dash="dot", line_color=WHISKER)
    names = [f"{in_plotly(group.name, most=30)} ({group.n:,})" for group in groups]
    figure.update_yaxes(tickvals=places, ticktext=names, automargin=True)
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title="accuracy")
    figure.update_layout(
        height=30 * len(groups) + 80, margin={"l": 8, "r": 8, "t": 8, "b": 8}, font_size=14
    )
    return figure
