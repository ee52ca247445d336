"""How many labels transfer saves: accuracy over labels a class, by transfer and from scratch.

The points are whatever tested runs there are that differ from a chosen one in nothing but their
number of labels, their seed, and whether they began from scratch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import plotly.graph_objects as go
import streamlit as st

from tlcore.analysis.label_curves import Point
from tlcore.errors import DataError, ThawError
from tlcore.formatting import literal, quantity, rate, run_colour, short
from tlcore.recipe import Recipe
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.limits import refuse_unseen
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.studies.label_curve import (
    Climb,
    Ladder,
    begins_with_something,
    climb_of,
    family,
    forecast_all,
    from_scratch,
    ladder_of,
    rungs,
    steps_for,
)
from tlcore.ui.compare.curves import MARKS
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.page import link, show_error, told
from tlcore.ui.shared.session import me, store
from tlcore.ui.train.cost_panel import between, likely_device, samples

MOST_LABELS = 100
"""Of a ladder that is trained at a click; `python -m tlcore curve` goes further."""

_LOOK_AGAIN = 3.0
_WAYS = ("by transfer", "from scratch")


def show_labels(outcomes: Sequence[Outcome]) -> None:
    """A ladder for each chosen recipe that has something to transfer."""
    chosen = {
        family(outcome.story.recipe): (number, outcome)
        for number, outcome in reversed(list(enumerate(outcomes, 1)))
        if begins_with_something(outcome.story.recipe)
    }
    if not chosen:
        st.info(
            "None of these runs began with pre-trained weights, so there is nothing to transfer. "
            "Choose one that did.",
            icon=":material/stairs:",
        )
        return
    for number, outcome in sorted(chosen.values(), key=lambda each: each[0]):
        if len(chosen) > 1:
            st.subheader(f"{number} · {literal(short(outcome.story.name))}", anchor=False)
        recipe = outcome.story.recipe
        busy = any(each.state != State.FINISHED for each in _there(recipe).values())
        st.fragment(_show_ladder, run_every=_LOOK_AGAIN if busy else None)(recipe, busy)


def _show_ladder(recipe: Recipe, busy: bool) -> None:
    """The curve as far as it goes, and what is still to be trained for it."""
    with told():
        there = _there(recipe)
        waiting = sum(each.state != State.FINISHED for each in there.values())
        if busy and not waiting:
            st.rerun()
        _show_curve(recipe)
        if waiting:
            st.caption(f"{quantity(waiting, 'run')} of this ladder still to come.")
            link("runs", "Watch them", icon=":material/list:")
        _offer(recipe, there)


def _show_curve(recipe: Recipe) -> None:
    found = ladder_of(recipe, _climbs(recipe))
    if found.text:
        st.plotly_chart(
            ladder_chart(found),
            key=f"ladder {family(recipe)}",
            config={"displayModeBar": False},
            alt="Accuracy over labels a class, by transfer and from scratch",
        )
        st.info(found.text, icon=":material/stairs:")
        st.caption(_explanation(recipe, found))
    else:
        st.markdown(
            "How many labels does transfer save? That takes runs of this recipe and of its twin "
            "from scratch with more and more labels a class."
        )


def _explanation(recipe: Recipe, found: Ladder) -> str:
    return (
        f"From {len(found.runs)} runs; both ways with {quantity(recipe.epochs, 'epoch')}, so what "
        "begins from scratch may well have gone on learning with more. Whiskers are 95 % "
        "intervals: over the test pictures, or over seeds where there are three or more."
    )


def _offer(recipe: Recipe, there: Mapping[str, Run]) -> None:
    """A button that trains what is missing, with what that takes."""
    try:
        refuse_unseen(recipe.data, by=me())
        wanted = list(rungs(recipe, steps_for(recipe, most=MOST_LABELS)))
        missing = [rung for rung in wanted if rung.id not in there]
        if not missing:
            return
        found = forecast_all(missing, device=likely_device(), samples=samples())
    except DataError as error:
        show_error(error)
        return
    takes = f"about {between(found)}, one after another" if found else "nobody knows how long"
    amounts = ", ".join(str(n) for n in sorted({r.data.labels_per_class or 0 for r in missing}))
    pressed = st.button(
        f"Train this ladder: {quantity(len(missing), 'run')}, {takes}",
        key=f"train ladder {family(recipe)}",
        icon=":material/stairs:",
        help=f"With {amounts} labels a class, each by transfer and from scratch. Runs that are "
        "there already are not trained again.",
    )
    if pressed:
        _send(missing)


def _send(recipes: Sequence[Recipe]) -> None:
    sent = 0
    try:
        for recipe in recipes:
            store().submit(recipe, by=me())
            sent += 1
    except ThawError as error:
        show_error(error)
        if sent:
            st.warning(f"{sent} of {len(recipes)} are in the queue; the next one was refused.")
    if sent:
        ensure_dispatcher(store().home)
    if sent == len(recipes):
        st.rerun()


def _there(recipe: Recipe) -> dict[str, Run]:
    """The runs of both ways that have finished, or are on their way to it, by recipe."""
    return {
        run.recipe_id: run
        for run in reversed(_relatives(recipe))
        if run.state in (State.FINISHED, State.QUEUED) or run.state.active
    }


def _climbs(recipe: Recipe) -> Iterator[Climb]:
    for run in _relatives(recipe):
        if run.state == State.FINISHED:
            yield climb_of(store(), run.id, by=me())


def _relatives(recipe: Recipe) -> tuple[Run, ...]:
    """All runs of both ways, the newest first."""
    ways = {family(recipe), family(from_scratch(recipe))}
    like = store().recipes_like(recipe, by=me())
    related = [recipe_id for recipe_id, run in like.items() if _family_of(recipe_id, run) in ways]
    return store().list(by=me(), limit=-1, recipes=related)


def _family_of(recipe_id: str, run: str) -> str:
    """Recipes of one id are of one family, whosever run it is."""
    if recipe_id not in _FAMILIES:
        _FAMILIES[recipe_id] = family(store().recipe(run, by=me()))
    return _FAMILIES[recipe_id]


_FAMILIES: dict[str, str] = {}
"""Read once for each recipe."""


def ladder_chart(found: Ladder) -> go.Figure:
    """Two lines with whiskers; labels on a logarithmic axis."""
    figure = go.Figure()
    for number, points in enumerate((found.transfer, found.scratch)):
        figure.add_trace(_line(number, points))
    amounts = sorted({labels for labels, _ in (*found.transfer, *found.scratch)})
    figure.update_xaxes(
        type="log", title="labels a class", tickvals=amounts,
        ticktext=[f"{labels:,}" for labels in amounts],
    )  # fmt: skip
    figure.update_yaxes(title="test accuracy", tickformat=".0%", range=[0, 1.02])
    figure.update_layout(
        height=400, margin={"l": 0, "r": 10, "t": 10, "b": 40},
        legend={"orientation": "h", "y": -0.2},
    )  # fmt: skip
    return figure


def _line(number: int, points: Sequence[Point]) -> go.Scatter:
    return go.Scatter(
        x=[labels for labels, _ in points],
        y=[accuracy.value for _, accuracy in points],
        name=_WAYS[number],
        mode="lines+markers",
        line={"color": run_colour(number), "width": 3},
        marker={"symbol": MARKS[number], "size": 9},
        error_y={
            "array": [accuracy.high - accuracy.value for _, accuracy in points],
            "arrayminus": [accuracy.value - accuracy.low for _, accuracy in points],
            "thickness": 1.5,
            "width": 4,
        },
        customdata=[f"{labels:,} labels a class, {_WAYS[number]}: {rate(accuracy)}"
                    for labels, accuracy in points],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
