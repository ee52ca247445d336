"""The cue lab: dial a spurious cue, see it, train on it, and see who falls for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from tlcore.asking.service import wake
from tlcore.biaslab import FROZEN, SCRATCH, SHARES, SYSTEMS, Cue, Way, recipe_for
from tlcore.data.drawn.world import class_names
from tlcore.mitigations import MITIGATIONS
from tlcore.recipe import Recipe
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.ui.bias.lab_outcome import Place, show_outcomes
from tlcore.ui.bias.twins import twins_of
from tlcore.ui.data.choice import noted, raise_trouble
from tlcore.ui.data.doubles import side_by_side
from tlcore.ui.gallery import Tile, show_gallery
from tlcore.ui.live import show_live
from tlcore.ui.page import told
from tlcore.ui.session import me, store
from tlcore.ui.small_pictures import address_of
from tlcore.ui.words import literal

_CUES: Mapping[Cue, str] = {"colour": "the object's colour", "background": "the background"}
_LOOKED_THROUGH = 500
_EXAMPLES = 15
_NOTHING = "nothing"


_TELL = """
Every class has a **cue** of its own, a colour or a background that most of its training
pictures share. It is
*spurious*: it has nothing to do with the shape. A network that goes by the cue looks excellent
as long as the test pictures carry it as well. The lab exchanges the cue, and nothing else.
"""
_MEND = """
**What helps.** Features that already know shapes and stay frozen; more pictures in which the cue is
wrong; and remedies that make those few count more. Most of these have to be told which training
pictures they are: the drawn world knows, and a real data set seldom does. `balance: weights` by
class changes nothing here, for the classes are even: what is rare is a *group* within each.
"""


@dataclass(frozen=True)
class Experiment:
    """What is dialled.

    Attributes:
        cue: What goes with the class.
        share: In how much of the training pictures.
        ways: How it is learned.
    """

    cue: Cue
    share: float
    ways: tuple[Way, ...]

    def recipes(self, shares: Iterable[float]) -> dict[Place, Recipe]:
        """Every way at every share."""
        return {(way, share): way.recipe(self.cue, share) for share in shares for way in self.ways}


def show_lab() -> None:
    """The lab from top to bottom."""
    st.markdown(_TELL)
    with told():
        raise_trouble()
    dials, examples = st.columns([2, 3], gap="large")
    with dials:
        experiment = _dial()
        others = [share for share in SHARES if share != experiment.share]
        recipes = experiment.recipes([experiment.share, *others])
        runs = runs_of(recipes)
        _offer(experiment, recipes, runs)
    with examples:
        _show_examples(experiment)
    _show_running(runs)
    show_outcomes(experiment.share, {place: run for place, run in runs.items()
                                     if run.state == State.FINISHED})  # fmt: skip
    st.markdown(_MEND)


def _dial() -> Experiment:
    cue = st.segmented_control(
        "The cue", list(_CUES), default="colour", required=True, key="lab cue",
        format_func=_CUES.__getitem__, bind="query-params",
    )  # fmt: skip
    share = st.slider(
        "In this share of the training pictures it goes with the class", 0.5, 0.99, 0.95, 0.01,
        format="percent", key="lab share",
    )  # fmt: skip
    titles = {system.title: system for system in SYSTEMS}
    chosen = st.pills(
        "Ways to learn", list(titles), selection_mode="multi",
        default=[FROZEN.title, SCRATCH.title], key="lab systems", wrap=True,
    )  # fmt: skip
    remedies = {_NOTHING: None, **{remedy.title: remedy for remedy in MITIGATIONS}}
    tried = st.pills(
        "What is done about the cue", list(remedies), selection_mode="multi", default=[_NOTHING],
        key="lab remedies", wrap=True,
        help="  \n".join(f"{each.title}: needs {each.needs}." for each in MITIGATIONS),
    )  # fmt: skip
    ways = [Way(titles[title], remedies[remedy]) for title in titles if title in chosen
            for remedy in remedies if remedy in tried]  # fmt: skip
    return Experiment(cue, round(share, 2), tuple(ways))


def _show_examples(experiment: Experiment) -> None:
    recipe = recipe_for(SCRATCH, experiment.cue, experiment.share)
    twins, names = twins_of(recipe), class_names(recipe.data.shapes)
    st.markdown("**Twins:** on the left with the cue of its own class, on the right with another's")
    tiles = []
    for row in range(_EXAMPLES):
        both = side_by_side(twins.own.pixels[row], twins.other.pixels[row])
        name, cue = names[twins.own.labels[row]], twins.other.groups["cue_value"][row]
        tiles.append(
            Tile(
                address_of(both),
                f"{name}\ncue of {cue}",
                f"{name}, and again with the cue of {cue}",
            )
        )
    show_gallery(tiles, key="examples", side=104)


def runs_of(recipes: Mapping[Place, Recipe]) -> dict[Place, Run]:
    """The run of each recipe, as far as there is one: one that has finished, else the newest.

    Recipes are known by what they say, so what was trained before, in another tab or from the
    command line, is found again.
    """
    seen: dict[str, Run] = {}
    for run in store().list(by=me(), limit=_LOOKED_THROUGH):
        before = seen.setdefault(run.recipe_id, run)
        if run.state == State.FINISHED and before.state != State.FINISHED:
            seen[run.recipe_id] = run
    found = {place: seen.get(recipe.id) for place, recipe in recipes.items()}
    return {place: run for place, run in found.items() if run is not None}


def _offer(
    experiment: Experiment, recipes: Mapping[Place, Recipe], runs: Mapping[Place, Run]
) -> None:
    """One button for the share that is dialled, one for the whole curve."""
    lacking = {place: recipe for place, recipe in recipes.items() if _is_lacking(runs.get(place))}
    here = {place: recipe for place, recipe in lacking.items() if place[1] == experiment.share}
    shares = ", ".join(f"{100 * share:.0f} %" for share in sorted({share for _, share in recipes}))
    if not recipes:
        st.info("Choose at least one way to learn, and what is done about the cue.")
        return
    with st.container(horizontal=True):
        st.button(
            f"Train at {100 * experiment.share:.0f} %{_cost(here)}",
            type="primary", disabled=not here, on_click=_train, args=(list(here.values()),),
        )  # fmt: skip
        st.button(
            f"Train the whole curve{_cost(lacking)}",
            disabled=not lacking, on_click=_train, args=(list(lacking.values()),),
            help=f"Cue shares {shares}: what hasn't been trained yet.",
        )  # fmt: skip


def _is_lacking(run: Run | None) -> bool:
    return run is None or run.state in (State.STOPPED, State.FAILED, State.LOST)


def _cost(recipes: Mapping[Place, Recipe]) -> str:
    if not recipes:
        return ": done or under way"
    total = sum(way.system.seconds for way, _ in recipes)
    runs = "1 run" if len(recipes) == 1 else f"{len(recipes)} runs"
    return f" ({runs}, about {total} s)"


@noted
def _train(recipes: Sequence[Recipe]) -> None:
    """Ask for runs; as far as one person may have so many, they are done one after another."""
    try:
        for recipe in recipes:
            store().submit(recipe, by=me())
    finally:
        ensure_dispatcher(store().home)
        wake(store().home)  # torch is loaded there by the time there is a network to ask


def _show_running(runs: Mapping[Place, Run]) -> None:
    """Those under way, live; and why one failed."""
    under_way = {place: run for place, run in runs.items()
                 if run.state.active or run.state == State.QUEUED}  # fmt: skip
    if under_way:
        names = [f"{way.title}, {share:.0%}" for way, share in under_way]
        show_live(
            list(under_way.values()), key="cue lab", measure="accuracy", height=200, names=names
        )
    for (way, share), run in runs.items():
        if run.state in (State.FAILED, State.LOST):
            st.error(f"{way.title} at {share:.0%} is {run.state}: {literal(run.reason)}")
        elif run.state == State.PAUSED:
            st.info(f"{way.title} at {share:.0%} is paused. Resume it on the page Runs.")
