"""Beside the strip: what trains in each phase, and what the run will take."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.forecast import Forecast, Range, forecast
from tlcore.outline import Outline
from tlcore.plan import PhaseCount, Plan
from tlcore.recipe import Recipe
from tlcore.recipe_fields import field_cards
from tlcore.scope import spoken
from tlcore.ui.train.controls import explained, show_problems
from tlcore.ui.train.facts import ASSUMED, known_counts, likely_device, samples
from tlcore.ui.train.form import Form
from tlcore.ui.train.typed import form as current_form
from tlcore.ui.words import amount, literal, percent

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
    show_problems(form.problems_at("schedule.batchnorm"))


def _take_policy() -> None:
    if chosen := st.session_state[_POLICY]:
        current_form().set("schedule.batchnorm", chosen)
