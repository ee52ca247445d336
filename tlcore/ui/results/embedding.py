"""Where the network puts the test pictures, before it was trained and after: points of a map."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, TypeAlias

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from tlcore.access import LOCAL
from tlcore.analysis import embedding as analysis
from tlcore.analysis.embedding import NEIGHBOURS, Cloud, Embedding
from tlcore.analysis.intervals import Interval, Rows
from tlcore.formatting import class_colour, gain, in_percent, literal, percent, rate
from tlcore.runs.jobs import MAP
from tlcore.ui.results.detail import show_detail
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.page import told
from tlcore.ui.shared.session import me, store

Drawn: TypeAlias = Literal["PCA", "t-SNE"]
Side: TypeAlias = Literal["before", "after"]

_ALL = -1
_LOOK = 1.0
_LEGEND = 12  # classes, up to which a legend helps
_PALE = "#8a8a8a"
_CHOSEN = "picture of the map"
_NOTHING = (
    "Nobody has asked for a map of this run yet. Its network, and the one that it began as, are "
    "shown up to 2,000 test pictures; that takes seconds for a small network, minutes for a large "
    "one, and is kept."
)
_TELL = (
    "Each point is a test picture, where the backbone's features put it; colours are the true "
    "classes, **crosses are mistakes**. Pictures that lie together look alike to the network. "
    "Click a point to see its picture."
)
_READ: dict[Drawn, str] = {
    "PCA": "The two directions in which the features vary most; the rest of them is not in sight.",
    "t-SNE": "Drawn so that neighbours lie together. How far apart groups lie, and how large they "
    "are, means nothing here.",
}
_SIDES: dict[Side, str] = {"before": "Before training", "after": "After training"}


def show_embedding(outcome: Outcome) -> None:
    """The map, if there is one of this network; else how to have it made."""
    run = outcome.story.run
    folder = store().folder(run, by=me()).path
    path, network = (store().artifact(run, kind, by=me()) for kind in ("embedding", "best"))
    busy, found = MAP.of(folder).goes_on, None
    with told():
        found = _read(path) if path else None
    if busy or found is None or network is None or found.network != network.name:
        look = st.fragment(_show_state, run_every=_LOOK if busy else None)
        look(run, folder, was_busy=busy, older=path is not None)
        return
    assert path is not None
    _show(outcome, found, path)


def _show_state(run: str, folder: Path, *, was_busy: bool, older: bool) -> None:
    """How far it is, or a button and the command that does the same."""
    if MAP.of(folder).goes_on:
        said = MAP.of(folder).last_words()
        st.progress(done_of(said), literal(said or "Waking the networks …"))
        st.caption("It goes on when this page is closed.")
        return
    if was_busy:
        st.rerun()  # of the page: now there is something to show, or to say
    if why := MAP.of(folder).failure:
        st.error(literal(why), icon=":material/error:")
    elif older:
        st.info("There is a map of an earlier network of this run. Have it made again.")
    else:
        st.info(_NOTHING, icon=":material/scatter_plot:")
    if me() in (LOCAL, store().get(run, by=me()).owner) and st.button(
        "Make the map", key="make the map", type="primary", icon=":material/play_arrow:"
    ):
        with told():
            MAP.start(store().home, folder)
            st.rerun()
    st.code(f"python -m tlcore embed {run}", language="sh")


def done_of(said: str) -> float:
    """How much is done, by what the command said last.

    >>> done_of("after training: 500 of 2,000"), done_of("before training: 1 of 2")
    (0.125, 0.75)
    """
    found = re.search(r"^(before|after) .*?([\d,]+) of ([\d,]+)", said)
    if not found:
        return 0.0
    done, total = (int(found[number].replace(",", "")) for number in (2, 3))
    return (done / max(1, total) + (found[1] == "before")) / 2


def _show(outcome: Outcome, found: Embedding, path: Path) -> None:
    st.caption(_TELL)
    drawn, chosen = _ask(outcome)
    _show_purity(outcome, found, path)
    sides: list[Side] = ["before", "after"] if found.before is not None else ["after"]
    if found.why_not:
        st.info(
            f"The network as it was before training can't be had: {literal(found.why_not)}.",
            icon=":material/history:",
        )
    for column, side in zip(st.columns(len(sides), gap="medium"), sides, strict=True):
        with column:
            cloud = found.after if side == "after" or found.before is None else found.before
            _show_side(outcome, found, path, side, cloud, drawn, chosen)
    st.caption(_READ[drawn])
    row = st.session_state.pop(_CHOSEN, None)
    if isinstance(row, int) and row < len(outcome.predictions):
        show_detail([(outcome, row)])


def _ask(outcome: Outcome) -> tuple[Drawn, int]:
    """How it is drawn, and which class stands out."""
    how, which = st.columns([1, 2], vertical_alignment="bottom")
    drawn = how.segmented_control(
        "Drawn by", list(_READ), default="PCA", required=True, key="map drawn",
        persist_state="session",
    )  # fmt: skip
    chosen = which.selectbox(
        "In colour", [_ALL, *range(len(outcome.classes))], key=f"map class {outcome.story.run}",
        format_func=lambda place: "all classes" if place == _ALL else outcome.classes[place],
        persist_state="session",
    )  # fmt: skip
    return drawn or "PCA", chosen


def _show_purity(outcome: Outcome, found: Embedding, path: Path) -> None:
    """How well the classes are parted, where no flat map can deceive."""
    labels = outcome.predictions.labels[found.rows]
    groups = outcome.predictions.belonging
    belonging = None if groups is None else groups[found.rows]
    before, after, raised = _measured(path, found, labels, belonging)
    words = f"Of the {NEIGHBOURS} pictures nearest to each, **{rate(after)}** have its label"
    if before is not None and raised is not None:
        words += f"; before training it was **{rate(before)}** ({gain(raised)})"
    chance = in_percent(analysis.by_chance(labels))
    st.markdown(f"{words}. Scattered at random, it would be {chance}.")
    if after.warning:
        st.warning(
            f"These are {literal(after.warning)}: the intervals say how little that tells.",
            icon=":material/warning:",
        )


def _show_side(
    outcome: Outcome, found: Embedding, path: Path, side: Side, cloud: Cloud, drawn: Drawn,
    chosen: int,
) -> None:  # fmt: skip
    shown = f": {in_percent(sum(cloud.explained[:2]))} of the variance" if drawn == "PCA" else ""
    began = "random weights" if outcome.story.from_scratch else "as pre-trained"
    title = f"{_SIDES[side]}, {began}" if side == "before" else _SIDES[side]
    st.markdown(f"**{title}**{shown}")
    points = cloud.flat if drawn == "PCA" else _unfolded(path, side, cloud)
    key = f"map {outcome.story.run} {side} {drawn} {chosen}"
    st.altair_chart(
        _chart(points_table(outcome, found, points, chosen), outcome.classes, chosen),
        key=key,
        on_select=lambda: _choose(key),
        alt=f"{_SIDES[side]}: {len(found):,} test pictures as points, by {drawn}",
    )


def points_table(
    outcome: Outcome, found: Embedding, points: NDArray[np.float32], chosen: int
) -> pd.DataFrame:
    """A row for each point; mistakes last, so that they lie on top."""
    table, rows = outcome.predictions, found.rows
    names = np.array(table.classes, dtype=object)
    right = table.correct[rows]
    of_interest = (table.labels[rows] == chosen) | (table.predicted[rows] == chosen)
    frame = pd.DataFrame(
        {
            "x": points[:, 0],
            "y": points[:, 1],
            "row": rows,
            "true": names[table.labels[rows]],
            "called": names[table.predicted[rows]],
            "sure": [percent(float(value), 0) for value in table.confidence[rows]],
            "mark": np.where(right, "right", "wrong"),
            "shown": of_interest if chosen != _ALL else True,
        }
    )
    return frame.sort_values("mark", kind="stable")


def _chart(points: pd.DataFrame, classes: tuple[str, ...], chosen: int) -> alt.Chart:
    picked = alt.selection_point(name="point", fields=["row"], empty=False)
    legend = alt.Legend(title=None, labelLimit=140, orient="bottom", columns=5, symbolType="circle")
    colours = alt.Color(
        "true:N",
        scale=alt.Scale(domain=list(classes), range=[class_colour(n) for n in range(len(classes))]),
        legend=legend if len(classes) <= _LEGEND and chosen == _ALL else None,
    )
    others = alt.when("datum.shown").then(colours).otherwise(alt.value(_PALE))
    chart: alt.Chart = (
        alt.Chart(points)
        .mark_point(filled=True, cursor="pointer", strokeWidth=0)
        .encode(
            x=_axis("x"),
            y=_axis("y"),
            color=colours if chosen == _ALL else others,
            shape=alt.Shape("mark:N", legend=None, scale=alt.Scale(
                domain=["right", "wrong"], range=["circle", "cross"])),
            size=alt.when("datum.mark == 'wrong'").then(alt.value(75)).otherwise(alt.value(34)),
            opacity=alt.when("!datum.shown").then(alt.value(0.15))
            .when("datum.mark == 'wrong'").then(alt.value(1)).otherwise(alt.value(0.6)),
            tooltip=["true", "called", "sure"],
        )
        .add_params(picked)
        .properties(height=440)
    )  # fmt: skip
    return chart


def _axis(name: str) -> alt.X | alt.Y:
    kind = alt.X if name == "x" else alt.Y
    plain = alt.Axis(labels=False, ticks=False, grid=False, domain=False, title=None)
    found: alt.X | alt.Y = kind(f"{name}:Q", axis=plain, scale=alt.Scale(zero=False, nice=False))
    return found


def _choose(key: str) -> None:
    """Whichever point was clicked; a second click on it chooses none."""
    picked = st.session_state[key].selection.get("point") or []
    if picked:
        st.session_state[_CHOSEN] = int(picked[0]["row"])


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(path: Path) -> Embedding:
    """A published file never changes."""
    return Embedding.read(path)


@st.cache_data(max_entries=16, show_spinner=False)
def _measured(
    path: Path, _found: Embedding, _labels: NDArray[np.int64], _belonging: Rows | None
) -> tuple[Interval | None, Interval, Interval | None]:
    """How pure the neighbourhoods are: before, after, and by how much more."""
    del path
    after = analysis.purity(_found.after.components, _labels)
    if _found.before is None:
        return None, analysis.mean_purity(after, _belonging), None
    before = analysis.purity(_found.before.components, _labels)
    raised = analysis.gained(before, after, _belonging)
    first, then = (analysis.mean_purity(each, _belonging) for each in (before, after))
    return first, then, raised


@st.cache_data(max_entries=8, show_spinner="Unfolding the map, a dozen seconds …")
def _unfolded(path: Path, side: Side, _cloud: Cloud) -> NDArray[np.float32]:
    del path, side
    return analysis.unfold(_cloud.components)
