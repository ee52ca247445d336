"""What is known of a recipe before it runs, kept for as long as it may be true.

Of what changes while somebody looks, it is asked each time whether it has changed.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tlcore import catalog
from tlcore.advice.defaults import Suited, size_warning, suited
from tlcore.data.counts import Counts, Looked, count_pictures, look_through
from tlcore.errors import DataError, ThawError
from tlcore.forecast import Sample, samples_of
from tlcore.outline import Outline
from tlcore.recipe import Data, Recipe
from tlcore.recipe_text import from_text, to_json
from tlcore.runs.owners import LOCAL
from tlcore.runs.public import refuse_unseen
from tlcore.runs.slots import slots
from tlcore.runs.states import State
from tlcore.ui.session import me, store

ASSUMED = Counts(classes=10, train=1000, validation=250, test=250)
"""What is reckoned with while nothing is known of the pictures."""

_LATEST = 20
_TRAINED = (State.FINISHED, State.STOPPED, State.PAUSED)


def counts_of(data: Data) -> Counts:
    """How many pictures there are.

    Raises:
        DataError: They are missing, or somebody else's, or no data set.
    """
    refuse_unseen(data, by=me())
    return _counted(data) if data.name in ("folder", "hub") else count_pictures(data)


def _counted(data: Data) -> Counts:
    """Looked through once, and again as soon as a folder has changed."""
    key = to_json(Recipe(data=data))
    looked = _looked(key)
    if not looked.holds():
        _looked.clear(key)
        looked = _looked(key)
    return looked.counts


@st.cache_resource(max_entries=50, show_spinner="Counting the pictures …")
def _looked(recipe: str) -> Looked:
    return look_through(from_text(recipe).data)


def known_counts(data: Data) -> Counts | None:
    """How many pictures there are; None while nobody can say."""
    try:
        return counts_of(data)
    except DataError:
        return None


def outline_of(recipe: Recipe) -> Outline | None:
    """The network's blocks; None for a backbone outside the catalogue."""
    counts = known_counts(recipe.data) or ASSUMED
    return catalog.outline_for(recipe.model, counts.classes, recipe.input.size)


def suited_to(data: Data) -> Suited:
    """The recipe that we would take for these pictures, and why."""
    return _suited(to_json(Recipe(data=data)))


@st.cache_data(max_entries=50, ttl=10, show_spinner="Looking at the size of the pictures …")
def _suited(recipe: str) -> Suited:
    return suited(from_text(recipe))


@st.cache_data(max_entries=50, ttl=10, show_spinner=False)
def warned_of_size(recipe: str) -> str:
    """What pictures of this size usually cost, of a recipe as JSON."""
    return size_warning(from_text(recipe))


def likely_device() -> str:
    """Where the next run would work."""
    return next(iter(slots()))


def samples() -> tuple[Sample, ...]:
    """What the latest runs of everybody say of this machine's speed: speeds are no secret."""
    found = store().list(by=LOCAL, states=_TRAINED, limit=_LATEST)
    here = [run for run in found if not run.origin]
    return tuple(s for run in here for s in _sampled(store().home, run.id, run.attempt))


@st.cache_data(max_entries=500, show_spinner=False)
def _sampled(home: Path, run: str, attempt: int) -> tuple[Sample, ...]:
    """Of a run at rest; whatever it does later is another attempt."""
    try:
        recipe, events = store().recipe(run, by=LOCAL), store().events(run, by=LOCAL)
        return tuple(samples_of(recipe, events))
    except ThawError:
        return ()
