"""A run is not a recipe: a button that trains the seeds that are missing to speak of recipes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.analysis.intervals import FEWEST_SEEDS
from tlcore.errors import DataError, ThawError
from tlcore.formatting import quantity
from tlcore.recipe import Recipe
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.results import seedless
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.studies.label_curve import forecast_all
from tlcore.ui.shared.page import link, show_error
from tlcore.ui.shared.session import me, store
from tlcore.ui.train.cost_panel import between, likely_device, samples


def offer_seeds(recipes: Sequence[Recipe], *, key: str) -> None:
    """A button for the seeds that are missing; nothing where every recipe has enough."""
    wanted = [seed for recipe in one_a_recipe(recipes) for seed in further_seeds(recipe)]
    waiting, missing = [], []
    asked = store().list(by=me(), limit=-1, recipes={recipe.id for recipe in wanted})
    known = {run.recipe_id: run.state for run in reversed(asked)}
    for recipe in wanted:
        state = known.get(recipe.id)
        if state is not None and (state == State.QUEUED or state.active):
            waiting.append(recipe)
        elif state != State.FINISHED:
            missing.append(recipe)
    if waiting:
        st.caption(f"{quantity(len(waiting), 'run')} with other seeds still to come.")
        link("runs", "Watch them", icon=":material/list:")
    if missing:
        _offer(missing, key)


def one_a_recipe(recipes: Sequence[Recipe]) -> list[Recipe]:
    """The first of each that differ in more than their seed."""
    return list({seedless(recipe): recipe for recipe in reversed(recipes)}.values())[::-1]


def further_seeds(recipe: Recipe) -> list[Recipe]:
    """With as many more seeds as it takes to speak of the recipe.

    >>> [each.seed for each in further_seeds(Recipe(seed=7))]
    [8, 9]
    """
    return [
        recipe.model_copy(update={"seed": recipe.seed + more}) for more in range(1, FEWEST_SEEDS)
    ]


def _offer(missing: Sequence[Recipe], key: str) -> None:
    try:
        found = forecast_all(missing, device=likely_device(), samples=samples())
    except DataError as error:
        show_error(error)
        return
    takes = f"about {between(found)}, one after another" if found else "nobody knows how long"
    pressed = st.button(
        f"Train {FEWEST_SEEDS - 1} more seeds of each: {quantity(len(missing), 'run')}, {takes}",
        key=f"seeds {key}",
        icon=":material/casino:",
        help="A network is what a recipe gave with one seed. From three seeds of each on, the "
        "verdict is about the recipes. Seeds that are there already are not trained again.",
    )
    if pressed:
        _send(missing, store())


def _send(recipes: Sequence[Recipe], queue: RunStore) -> None:
    sent = 0
    try:
        for recipe in recipes:
            queue.submit(recipe, by=me())
            sent += 1
    except ThawError as error:
        show_error(error)
    if sent:
        ensure_dispatcher(queue.home)
    if sent == len(recipes):
        st.rerun()
