"""The cue lab: dial a spurious cue, see it, train on it, and see who falls for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import plotly.graph_objects as go
import streamlit as st

from tlcore.analysis.decision import way_of
from tlcore.analysis.intervals import FEWEST_SEEDS, Interval
from tlcore.data.drawn.world import class_names
from tlcore.formatting import EMBER, ICE, literal, with_interval
from tlcore.inference.process import wake
from tlcore.recipe import Recipe
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.records import Run
from tlcore.runs.results import other_seeds
from tlcore.runs.states import State
from tlcore.studies.cues import (
    FROZEN,
    MITIGATIONS,
    SCRATCH,
    SHARES,
    SYSTEMS,
    Cue,
    CueReport,
    Way,
    against,
    describe,
    over_seeds,
    recipe_for,
)
from tlcore.ui.bias.twins import ask_about_twins, show_flips, twins_of
from tlcore.ui.data.choice import noted, raise_trouble
from tlcore.ui.data.duplicates import side_by_side
from tlcore.ui.shared.frontend import Tile, show_gallery
from tlcore.ui.shared.live import show_live
from tlcore.ui.shared.page import told
from tlcore.ui.shared.seeds import offer_seeds
from tlcore.ui.shared.session import me, store
from tlcore.ui.shared.small_pictures import address_of

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
        offer_seeds(recipes, key="seeds of the cue lab")
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
