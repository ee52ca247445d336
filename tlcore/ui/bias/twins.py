"""Asking a run's network about counterfactual twins, and showing what it says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tlcore.data.drawn.world import class_names
from tlcore.formatting import literal, with_interval
from tlcore.inference.client import network_of, predict
from tlcore.inference.picture import from_pixels, kept_size
from tlcore.recipe import Recipe, Shapes
from tlcore.runs.records import Run
from tlcore.studies.cues import MOST_TWINS, CueReport, Twins, describe, draw_twins, report_on
from tlcore.ui.data.duplicates import side_by_side
from tlcore.ui.shared.frontend import Tile, show_gallery
from tlcore.ui.shared.session import me, store
from tlcore.ui.shared.small_pictures import address_of

_ASKED = "runs asked about twins"


def offer_twins(run: Run, recipe: Recipe) -> None:
    """Offer to ask this run's network about twins; then show what it says."""
    if recipe.data.name != "shapes" or recipe.data.shapes.cue == "none":
        return
    st.header("Does it go by the cue?", anchor=False)
    asked: set[str] = st.session_state.setdefault(_ASKED, set())
    if run.id not in asked:
        st.markdown(
            f"In {recipe.data.shapes.cue_share:.0%} of its training pictures the "
            f"{recipe.data.shapes.cue} went with the class. Counterfactual twins tell whether the "
            "network goes by it: the same pictures, with nothing exchanged but the cue."
        )
        st.button("Ask it about twins", on_click=asked.add, args=(run.id,), type="primary")
        return
    report = ask_about_twins(run.id)
    st.markdown(literal(describe(report, "this network")))
    show_report(report)
    names = class_names(recipe.data.shapes)
    show_flips(report, twins_of(recipe), names, key=f"flips of {run.id}")


MOST_SHOWN = 20
_LARGE = 64  # pixels from which on a network takes its time
_FEW_TWINS = 100
_BYTES_AT_ONCE = 16 * 1024**2


def ask_about_twins(run: str) -> CueReport:
    """What the network says of each picture with its own cue and with another's. It is asked once;
    the first question of all waits for torch to be loaded."""
    network = network_of(store(), run, by=me())
    recipe = store().recipe(run, by=me())
    with st.spinner("Asking the network about twins …", show_time=True):
        return _asked(str(store().home), str(network), recipe.model_dump_json())


@st.cache_resource(max_entries=64, show_spinner=False)
def _asked(home: str, network: str, recipe_text: str) -> CueReport:
    recipe = Recipe.model_validate_json(recipe_text)
    shapes = recipe.data.shapes

    def ask(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        stored = [from_pixels(one, recipe) for one in pixels]
        said = []
        step = max(1, _BYTES_AT_ONCE // stored[0].nbytes)
        for start in range(0, len(stored), step):
            batch = np.concatenate(stored[start : start + step])
            said.append(predict(Path(home), Path(network), batch).probabilities)
        return np.concatenate(said)

    tested = shapes.cue_share if shapes.test_cue_share is None else shapes.test_cue_share
    return report_on(twins_of(recipe), class_names(shapes), tested, ask)


def twins_of(recipe: Recipe) -> Twins:
    """Twins from the test set of a run; fewer where its network works on large pictures."""
    large = max(recipe.input.size, kept_size(recipe)) > _LARGE
    return _drawn(recipe.data.shapes.model_dump_json(), _FEW_TWINS if large else MOST_TWINS)


@st.cache_resource(max_entries=4, show_spinner=False)
def _drawn(shapes: str, most: int) -> Twins:
    return draw_twins(Shapes.model_validate_json(shapes), most=most)


def show_report(report: CueReport) -> None:
    """The four numbers that tell a network that goes by the cue from one that doesn't."""
    facts = {
        "Overall": report.overall,
        "Where the cue misleads": report.conflicting,
        "Answers that flip": report.flips,
        "Fell for the cue": report.follows,
    }
    with st.grid(4, min_column_width=180, border=True) as grid:
        for name, found in facts.items():
            value, _, interval = with_interval(found).partition(" [")
            grid.metric(name, value, f"[{interval}", delta_color="off", delta_arrow="off")


def show_flips(report: CueReport, twins: Twins, classes: tuple[str, ...], *, key: str) -> None:
    """Pairs of which it said two different things: on the left with the cue of their own class."""
    rows = np.flatnonzero(report.says[:, 0] != report.says[:, 1])
    if not len(rows):
        st.success("Not a single answer changes with the cue.", icon=":material/check:")
        return
    st.caption(
        f"{len(rows):,} of {report.n:,} pairs are called two different things. Left: with the cue "
        "of its own class; right: with another's. Nothing else differs."
    )
    show_gallery(
        [_tile(report, twins, int(row), classes) for row in rows[:MOST_SHOWN]], key=key, side=120
    )


def _tile(report: CueReport, twins: Twins, row: int, classes: tuple[str, ...]) -> Tile:
    truth = classes[twins.own.labels[row]]
    before, after = (classes[number] for number in report.says[row])
    both = side_by_side(twins.own.pixels[row], twins.other.pixels[row])
    cue = twins.other.groups["cue_value"][row]
    return Tile(
        address_of(both),
        f"{truth}\nsays {before} | {after}",
        f"{truth}, called {before}; with the cue of {cue}, called {after}",
        "wrong",
    )
