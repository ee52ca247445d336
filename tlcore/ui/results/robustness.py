"""What the network keeps of its accuracy when pictures get worse: noise, blur, weather, and what
programs do to pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from tlcore.access import LOCAL
from tlcore.analysis.intervals import Interval
from tlcore.analysis.robustness import (
    CORRUPTIONS,
    FAMILIES,
    SEVERITIES,
    Robustness,
    accuracy_of,
    by_family_and_severity,
    describe,
    mean_accuracy,
    table,
)
from tlcore.formatting import literal, quantity, rate, run_colour
from tlcore.machine import threads_of_a_run
from tlcore.runs.jobs import MEASUREMENT
from tlcore.runs.robustness import read_robustness
from tlcore.ui.results.classes import WHISKER
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.page import told
from tlcore.ui.shared.session import me, store

ALL = len(CORRUPTIONS) * len(SEVERITIES)
_LOOK = 2.0
_MARKS = ("circle", "square", "diamond", "triangle-up")
_TELL = (
    "Each line is the mean over the corruptions of a family, on the same test pictures, with its "
    "95 % interval, resampled picture by picture; severity 0 are the pictures as they are. The "
    "corruptions are those of Hendrycks and Dietterich (2019), made on the fly."
)
_NOTHING = (
    "Nobody has measured yet how this network bears noise, blur, bad weather and compression. That "
    "takes a minute or a few, on 500 of its test pictures, and is kept."
)


def show_robustness(outcome: Outcome) -> None:
    """What is known, what goes on, and how to have the rest measured."""
    run = outcome.story.run
    folder = store().folder(run, by=me()).path
    busy = MEASUREMENT.of(folder).goes_on

    def show() -> None:
        with told():  # the page's own doesn't reach into what is drawn again by itself
            _show(run, folder, was_busy=busy)

    st.fragment(show, run_every=_LOOK if busy else None)()


def _show(run: str, folder: Path, *, was_busy: bool) -> None:
    network = store().artifact(run, "best", by=me())
    found = read_robustness(folder, network.name) if network else None
    busy = MEASUREMENT.of(folder).goes_on
    if was_busy and not busy:
        st.rerun()  # so that nobody looks any more
    done = len(found.corrupted) if found else 0
    _tell_state(folder, done, busy)
    if found is not None and done:
        _show_found(run, found)
    if done < ALL and not busy:
        _offer(folder, done, len(found.clean) if found else None)


def _tell_state(folder: Path, done: int, busy: bool) -> None:
    """What goes on, or went wrong, or was never begun."""
    if busy:
        text = f"Being measured: {done} of {ALL} so far. It goes on when this page is closed."
        st.progress(min(1.0, done / ALL), text)
    elif why := MEASUREMENT.of(folder).failure:
        st.error(literal(why), icon=":material/error:")
    elif not done:
        st.info(_NOTHING, icon=":material/cloud:")


def _offer(folder: Path, done: int, pictures: int | None) -> None:
    """A button for whoever sits at the machine, and the command for the same."""
    label, icon = "Measure the rest" if done else "Measure it now", ":material/play_arrow:"
    words = ["--pictures", str(pictures)] if pictures else []
    kind: Literal["primary", "secondary"] = "secondary" if done else "primary"
    if me() == LOCAL and st.button(label, type=kind, icon=icon, key="measure robustness"):
        threads = {"OMP_NUM_THREADS": str(threads_of_a_run())}
        MEASUREMENT.start(store().home, folder, *words, settings=threads)
        st.rerun()
    command = (*MEASUREMENT.of(folder).command, *words)
    so_far = f"{quantity(done, 'case')} of {ALL} measured so far. " if done else ""
    st.caption(f"{so_far}Or type this, with more runs behind it to compare them:")
    st.code(f"python -m {' '.join(command)}", language="sh")


def _show_found(run: str, found: Robustness) -> None:
    clean = accuracy_of(found.clean, found.belonging)
    if clean.warning:
        st.warning(
            f"These are {literal(clean.warning)}: the intervals say how little that tells.",
            icon=":material/warning:",
        )
    st.markdown(describe(found))
    st.plotly_chart(
        severity_chart(found),
        key=f"robustness {run}",
        config={"displayModeBar": False},
        alt="Accuracy over severity, a line for each family of corruptions",
    )
    st.caption(_TELL)
    st.dataframe(
        robustness_table(found),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="%.0f %%")
            for name in (*map(str, SEVERITIES), "mean")
        },
        height=38 + 35 * len({case.corruption for case in found.corrupted}),
        alt="Accuracy in each corruption at each severity, and the mean with its interval",
    )


def severity_chart(found: Robustness) -> go.Figure:
    """A line a family, from the clean pictures on."""
    figure = go.Figure()
    clean = accuracy_of(found.clean, found.belonging)
    families = list(FAMILIES)
    for family, line in by_family_and_severity(found).items():
        place = families.index(family)
        points: list[tuple[int, Interval]] = [(0, clean), *line.items()]
        figure.add_scatter(
            x=[severity + 0.04 * (place - 1.5) for severity, _ in points],
            y=[each.value for _, each in points],
            name=family,
            mode="lines+markers",
            line={"color": run_colour(place), "width": 2.5},
            marker={"symbol": _MARKS[place], "size": 9},
            error_y={
                "array": [each.high - each.value for _, each in points],
                "arrayminus": [each.value - each.low for _, each in points],
                "color": run_colour(place),
                "thickness": 1.5,
                "width": 3,
            },
            customdata=[
                f"{family}, severity {severity}: {rate(each)}" for severity, each in points
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.add_hline(y=clean.value, line_dash="dot", line_width=1.5, line_color=WHISKER)
    figure.update_xaxes(tickvals=[0, *SEVERITIES], title="severity", range=[-0.3, 5.3])
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", title="called rightly")
    figure.update_layout(
        height=420, margin={"l": 0, "r": 10, "t": 10, "b": 40},
        legend={"orientation": "h", "y": 1.08},
    )  # fmt: skip
    return figure


def robustness_table(found: Robustness) -> pd.DataFrame:
    """A row a corruption; shares in percent, so that a click on a head sorts by numbers."""
    rows: dict[str, dict[str, object]] = {}
    for each in table(found):
        row = rows.setdefault(
            each.case.corruption,
            {"corruption": each.case.corruption, "family": each.case.family},
        )
        row[str(each.case.severity)] = 100 * each.accuracy.value
    for name, row in rows.items():
        mean = mean_accuracy(
            found.only(case for case in found.corrupted if case.corruption == name)
        )
        row["mean"] = 100 * mean.value
        row["mean, 95 %"] = f"{100 * mean.low:.0f} to {100 * mean.high:.0f}"
    return pd.DataFrame([*rows.values()])
