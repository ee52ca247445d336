"""The learning rate over the epochs, as a small curve."""

from __future__ import annotations

import streamlit as st

from tlcore.colours import EMBER
from tlcore.outline import HEAD, Outline
from tlcore.plan import Plan, Thaw
from tlcore.recipe import Recipe
from tlcore.schedule import FreezeSchedule
from tlcore.ui.train.facts import outline_of
from tlcore.ui.train.form import Form

_FINE = 20
_MOST = 400


def show_curve(form: Form) -> None:
    """The rate of the head from beginning to end."""
    import altair as alt
    import pandas as pd

    recipe = form.recipe
    points = pd.DataFrame(rates(recipe), columns=["epoch", "rate"])
    chart = (
        alt.Chart(points, height=190)
        .mark_line(color=EMBER, strokeWidth=2.5)
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d")).scale(
                domain=(0, recipe.epochs)
            ),
            y=alt.Y("rate:Q", title="head’s rate").scale(domainMin=0),
        )
    )
    st.altair_chart(chart, key="rate over time", alt=_in_words(recipe))
    if recipe.rate_schedule.name == "plateau":
        st.caption("When it steps down depends on the validation loss, so no step is drawn.")


def rates(recipe: Recipe) -> list[tuple[float, float]]:
    """The head's rate at many moments of a run: moment in epochs, and rate.

    >>> rates(Recipe(epochs=2))[0], len(rates(Recipe(epochs=2)))
    ((0.0, 0.001), 41)
    """
    thaws, fine = _thaws(recipe), max(1, min(_FINE, _MOST // recipe.epochs))
    moments = [step / fine for step in range(recipe.epochs * fine + 1)]
    return [(moment, _rate(recipe, thaws, moment)) for moment in moments]


def _thaws(recipe: Recipe) -> tuple[Thaw, ...]:
    """The phases of the run; one for all of it where the network's blocks aren't known."""
    outline = outline_of(recipe)
    schedule = recipe.schedule if outline else FreezeSchedule()
    return Plan(schedule, outline or Outline(()), recipe.epochs).thaws


def _rate(recipe: Recipe, thaws: tuple[Thaw, ...], moment: float) -> float:
    thaw = next(each for each in reversed(thaws) if each.start <= moment)
    since = min(moment - thaw.rate_start, thaw.rate_epochs - 1e-6)
    factor = recipe.rate_schedule.factor(since, thaw.rate_epochs)
    return recipe.optimiser.rate * thaw.rates[HEAD] * factor


def _in_words(recipe: Recipe) -> str:
    found = rates(recipe)
    highest = max(rate for _, rate in found)
    return (
        f"The rate begins at {found[0][1]:.2g}, is at most {highest:.2g} and ends at "
        f"{found[-1][1]:.2g}."
    )
