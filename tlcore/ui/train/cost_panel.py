"""Beside the strip: what trains in each phase, and what the run will take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from tlcore import catalog
from tlcore.access import LOCAL
from tlcore.advice.defaults import Suited, size_warning, suited
from tlcore.advice.forecast import Forecast, Range, Sample, forecast, samples_of
from tlcore.data.counts import Counts, Looked, count_pictures, look_through
from tlcore.errors import DataError, ThawError
from tlcore.formatting import amount, literal, percent
from tlcore.machine import slots
from tlcore.recipe import Data, Recipe
from tlcore.recipe.fields import field_cards
from tlcore.recipe.text import from_text, to_json
from tlcore.runs.limits import refuse_unseen
from tlcore.runs.states import State
from tlcore.schedule.outline import Outline
from tlcore.schedule.plan import PhaseCount, Plan
from tlcore.schedule.selection import spoken
from tlcore.ui.shared.session import me, store
from tlcore.ui.shared.what_is import what_is
from tlcore.ui.train.controls import explained, show_problems
from tlcore.ui.train.form import Form
from tlcore.ui.train.form import form as current_form

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


POLICIES = {
    "trained": "Frozen blocks also keep their built-in averages (advanced; leave as is).",
    "frozen": "The built-in averages never change, not even in thawed blocks.",
    "adapted": "The built-in averages follow the new pictures in every block, frozen ones too. "
    "Then nothing can be computed once, and each epoch takes its full time.",
}
_FEW, _HEIGHT = 5, 250
_POLICY = "schedule.batchnorm as segments"


def show_aside(recipe: Recipe, outline: Outline | None) -> None:
    """How much trains when, and how long that takes."""
    if outline is None:
        st.caption(
            "Of backbones outside the catalogue nobody knows what they take before they run."
        )
        return
    counts = Plan(recipe.schedule, outline, recipe.epochs).counts()
    pictures = known_counts(recipe.data)
    found = forecast(recipe, pictures or ASSUMED, device=likely_device(), samples=samples())
    if found is None:
        return
    most = max(count.trainable for count in counts)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Trains, of " + amount(counts[0].total), amount(most), width="content")
        st.metric("Takes about", roughly(found.seconds.value), width="content")
        st.metric("Memory about", _gigabytes(found.bytes.value), width="content")
    with st.container(height=_HEIGHT if len(counts) > _FEW else "content", border=False):
        st.table(_rows(counts, found), border="horizontal", hide_index=True)
    _explain(found, known=pictures is not None)


def _rows(counts: Sequence[PhaseCount], found: Forecast) -> dict[str, list[str]]:
    return {
        "Phase": [f"{c.phase + 1}: {literal(spoken(c.thawed))}" for c in counts],
        "Epochs": [f"{c.epochs}" for c in counts],
        "Trains": [
            f"{_whole(amount(c.trainable))} {_whole(f'({_share(c.trainable / c.total)})')}"
            for c in counts
        ],
        "Takes": [_whole(between(phase.seconds)) for phase in found.phases],
    }


def _whole(words: str) -> str:
    """Without a place to break the line at."""
    return words.replace(" ", "\u00a0")


def _explain(found: Forecast, *, known: bool) -> None:
    """Where the numbers come from, and what keeps them high."""
    memory = f"{_gigabytes(found.bytes.low)} to {_gigabytes(found.bytes.high)}"
    words = [f"In all {between(found.seconds)} and {memory}: {found.basis}."]
    if any(phase.kept for phase in found.phases):
        words.append(
            "Frozen layers always give the same output, so we compute it once. That is why "
            "this is fast."
        )
    for reason in dict.fromkeys(phase.why_not for phase in found.phases if phase.why_not):
        words.append(f"Frozen layers are computed again in every epoch: {reason}.")
    if not known:
        words.append("The pictures can't be counted yet, so this is for 1,000.")
    st.caption(" ".join(words))


def _share(share: float) -> str:
    return "< 0.1 %" if share < 0.0005 else percent(share)


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB"


def between(seconds: Range) -> str:
    """A range of time, in one unit where that reads well.

    >>> between(Range(2.2, 4, 8.4)), between(Range(50, 90, 200)), between(Range(0.1, 0.2, 0.7))
    ('2 to 8 s', '50 s to 3 min', 'up to 1 s')
    """
    low, high = roughly(seconds.low), roughly(seconds.high)
    if seconds.low < 1:
        return f"up to {high}"
    same = low.partition(" ")[2] == high.partition(" ")[2]
    return f"{low.partition(' ')[0]} to {high}" if same else f"{low} to {high}"


def roughly(seconds: float) -> str:
    """As exactly as a guess deserves.

    >>> roughly(0.3), roughly(125), roughly(5400), roughly(86400)
    ('1 s', '2 min', '1.5 h', '24 h')
    """
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 89.5 else f"{float(f'{minutes / 60:.2g}'):g} h"


def show_policy(form: Form, outline: Outline | None) -> None:
    """What becomes of BatchNorm's statistics."""
    chosen = form.value("schedule.batchnorm")
    st.session_state[_POLICY] = chosen if chosen in POLICIES else None
    st.segmented_control(
        "BatchNorm",
        list(POLICIES),
        key=_POLICY,
        format_func=str.capitalize,
        on_change=_take_policy,
        help=explained(field_cards()["schedule.batchnorm"]),
        required=True,
    )
    has_any = outline is None or any("BatchNorm" in layer.kind for layer in outline.backbone)
    none = "" if has_any else " This backbone has no BatchNorm, so that changes nothing."
    st.caption(POLICIES.get(chosen, "") + none)
    what_is("batchnorm")
    show_problems(form.problems_at("schedule.batchnorm"))


def _take_policy() -> None:
    if chosen := st.session_state[_POLICY]:
        current_form().set("schedule.batchnorm", chosen)
