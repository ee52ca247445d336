"""How each class fares: a table to sort, and recall with its intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from tlcore.analysis import groups
from tlcore.analysis.auc import Ranking, Rankings
from tlcore.analysis.intervals import FEWEST_PICTURES, Interval, wilson
from tlcore.analysis.scores import ClassScore, TestReport
from tlcore.formatting import class_colour, decimal, in_plotly, literal, quantity, rate, short
from tlcore.ui.shared.outcomes import Outcome

WHISKER = "#8a8a8a"
"""Seen on light pages, on dark ones and on every bar."""

MOST_BARS = 100
"""A chart of a thousand bars is as high as sixteen screens, and takes seconds to draw."""

_TELL = (
    "**Recall**: of a class's pictures, how many were called so; dotted, the mean of all. "
    "**Precision**: of those called so, how many are. **F1**: their harmonic mean. All with their "
    "95 % intervals, each for its class alone: the lowest of many is partly the unluckiest. "
    "**AUC**: the chance that a picture of the class gets more of its probability "
    "than one of another class; 0.5 is guessing. **Average precision**: precision, on average over "
    "all thresholds."
)


def show_classes(outcome: Outcome) -> None:
    """Bars and the table."""
    report = outcome.story.test
    _warn(report)
    st.plotly_chart(
        recall_chart(report),
        key=f"recall {outcome.story.run}",
        config={"displayModeBar": False},
        alt="Recall of each class with its interval, the worst on top",
    )
    if len(report.classes) > MOST_BARS:
        st.caption(f"The {MOST_BARS} classes of the least recall; the table below has all.")
    st.caption(_TELL)
    _show_areas(outcome.rankings)
    _show_table(outcome)


def worst_class(report: TestReport) -> str:
    """The class of the least recall, in a sentence."""
    worst = groups.worst_class(report)
    if worst is None:
        return "There are test pictures of one class only, so none is the worst."
    sentence = f"Worst class: **{literal(short(worst.name))}**, {rate(worst.recall)} of its "
    sentence += f"{quantity(worst.recall.n, 'picture')} called rightly"
    doubt = "" if worst.told else " That it is the worst may be chance."
    return f"{sentence}{_taken_for(report, worst.name)}.{doubt}"


def _taken_for(report: TestReport, name: str) -> str:
    place = [each.name for each in report.classes].index(name)
    wrong = report.confusion[place].copy()
    wrong[place] = 0
    if not wrong.any():
        return ""
    taken = literal(short(report.classes[int(wrong.argmax())].name))
    return f"; most often taken for **{taken}** ({_times(int(wrong.max()))})"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _warn(report: TestReport) -> None:
    few = [each.name for each in report.classes if 0 < each.support < FEWEST_PICTURES]
    if few:
        which = "Every class has" if len(few) == len(report.classes) else f"{len(few)} classes have"
        st.warning(
            f"{which} fewer than {FEWEST_PICTURES} test pictures: their intervals are wide, and "
            "most differences between them can't be told.",
            icon=":material/warning:",
        )
    if report.absent:
        names = ", ".join(literal(short(name)) for name in report.absent[:5])
        st.warning(f"Without a test picture, so not scored: {names}.", icon=":material/warning:")


def recall_chart(report: TestReport) -> go.Figure:
    """Bars with whiskers, the worst on top."""
    scored = [
        (place, each.name, each.recall_interval)
        for place, each in enumerate(report.classes)
        if each.recall_interval
    ]
    scored.sort(key=lambda each: -each[2].value)
    scored = scored[-MOST_BARS:]
    values = np.array([[found.low, found.value, found.high] for _, _, found in scored])
    figure = go.Figure(
        go.Bar(
            x=values[:, 1],
            y=list(range(len(scored))),
            orientation="h",
            marker_color=[class_colour(place) for place, _, _ in scored],
            error_x={
                "array": values[:, 2] - values[:, 1],
                "arrayminus": values[:, 1] - values[:, 0],
                "color": WHISKER,
                "thickness": 2,
                "width": 3,
            },
            customdata=[in_plotly(f"{name}: {rate(found)}") for _, name, found in scored],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    figure.add_vline(x=report.recall, line_dash="dot", line_width=1.5, line_color=WHISKER)
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%", title="recall")
    figure.update_yaxes(
        tickvals=list(range(len(scored))),
        ticktext=[in_plotly(name, most=24) for _, name, _ in scored],
    )
    figure.update_layout(
        height=90 + (26 if len(scored) <= 20 else 16) * len(scored),
        margin={"l": 0, "r": 10, "t": 10, "b": 40},
        bargap=0.25,
    )
    return figure


def _show_areas(ranked: Rankings) -> None:
    """The means over all classes."""
    if ranked.auc is None or ranked.precision is None:
        st.caption("AUC needs test pictures of at least two classes.")
        return
    text = (
        f"Mean over the classes, each against the rest: AUC **{decimal(ranked.auc)}**, average "
        f"precision **{decimal(ranked.precision)}**."
    )
    st.markdown(f"{text} ({ranked.auc.warning}.)" if ranked.auc.warning else text)


def _show_table(outcome: Outcome) -> None:
    percents = st.column_config.NumberColumn(format="%.1f %%")
    areas = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        class_table(outcome.story.test, outcome.class_f1, outcome.rankings),
        hide_index=True,
        column_config={
            **dict.fromkeys(("recall", "precision", "F1"), percents),
            **dict.fromkeys(("AUC", "average precision"), areas),
        },
        height=min(38 + 35 * len(outcome.classes), 600),
        alt="Recall, precision, F1, AUC and the number of test pictures of each class",
    )


def class_table(
    report: TestReport, f1: Sequence[Interval | None], ranked: Rankings
) -> pd.DataFrame:
    """A row a class; shares in percent, so that a click on a head sorts by numbers."""
    called = report.confusion.sum(axis=0)
    rows = [
        {
            **_row(each, report.confusion, place, int(called[place]), f1[place]),
            **_areas(ranked.classes[place]),
        }
        for place, each in enumerate(report.classes)
    ]
    return pd.DataFrame(rows)


def _row(
    each: ClassScore, confusion: NDArray[np.int64], place: int, called: int, f1: Interval | None
) -> dict[str, object]:
    precision = wilson(int(confusion[place, place]), called) if called else None
    return {
        "class": each.name,
        "pictures": each.support,
        "recall": _percent(each.recall),
        "recall, 95 %": _bounds(each.recall_interval),
        "precision": _percent(each.precision),
        "precision, 95 %": _bounds(precision if each.support else None),
        "F1": _percent(each.f1),
        "F1, 95 %": _bounds(f1),
    }


def _areas(ranking: Ranking) -> dict[str, object]:
    return {
        "AUC": ranking.auc.value if ranking.auc else None,
        "AUC, 95 %": _reach(ranking.auc),
        "average precision": ranking.precision.value if ranking.precision else None,
        "average precision, 95 %": _reach(ranking.precision),
    }


def _reach(found: Interval | None) -> str:
    return f"{found.low:.3f} to {found.high:.3f}" if found else "–"


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _bounds(found: Interval | None) -> str:
    return f"{100 * found.low:.1f} to {100 * found.high:.1f}" if found else "–"
