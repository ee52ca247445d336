"""The freeze schedule: its presets with their dials, and the strip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from tlcore.errors import RecipeError
from tlcore.outline import Outline
from tlcore.plan import Plan
from tlcore.ui.train.controls import show_field, show_problems
from tlcore.ui.train.editor import show_strip
from tlcore.ui.train.form import Form
from tlcore.ui.train.typed import form as current_form

PRESETS: Mapping[str, tuple[str, str]] = {
    "head-only": ("Head only", "The backbone stays frozen; only the new head learns."),
    "last-blocks": ("Last blocks", "The blocks nearest the head learn with it."),
    "first-blocks-frozen": (
        "First blocks frozen",
        "The blocks nearest the pictures stay frozen.",
    ),
    "first-layers-frozen": (
        "First layers frozen",
        "The layers nearest the pictures stay frozen.",
    ),
    "last-layers": ("Last layers", "The layers nearest the head learn with it."),
    "full": ("Everything", "The whole network learns from the first epoch on."),
    "lp-ft": ("Head, then all", "The head learns first; then all of it, at a lower rate (LP-FT)."),
    "two-phase": ("Head, then layers", "The head learns first; then the last layers with it."),
    "fine-tune": ("fastai’s way", "The head first; then all, the slower the nearer the pictures."),
    "gradual": ("Gradual", "Every few epochs one more block thaws, from the head down."),
    "layer-decay": ("Layer decay", "All learn, the slower the nearer the pictures."),
    "surgical": ("One block", "A single block learns with the head: first, middle or last."),
    "norm-bias": ("Norms and biases", "Only normalisations and biases learn, with the head."),
    "custom": ("Your own", "As you have painted it, or written it into the table."),
}
DIALS: Mapping[str, tuple[str, ...]] = {
    "last-blocks": ("count",),
    "first-blocks-frozen": ("count",),
    "first-layers-frozen": ("count",),
    "last-layers": ("count",),
    "lp-ft": ("head_epochs", "rate"),
    "two-phase": ("head_epochs", "count", "rate"),
    "fine-tune": ("head_epochs", "spread"),
    "gradual": ("decay",),
    "layer-decay": ("decay",),
    "surgical": ("where",),
}
_COUNTED = {
    "last-blocks": "Thawed blocks",
    "first-blocks-frozen": "Frozen blocks",
    "first-layers-frozen": "Frozen layers",
    "last-layers": "Thawed layers",
    "two-phase": "Thawed layers",
}
_LABELS = {
    "head_epochs": "Head alone",
    "rate": "Then rate ×",
    "decay": "Rate per block ×",
    "spread": "Spread",
    "where": "Which block",
}
_FROM_SCRATCH = "From scratch all trains at first: to freeze random weights teaches nothing."
_WITH_RANDOM = ("full", "custom")
_PRESET = "schedule.preset as pills"


def show_presets(form: Form) -> None:
    """Every schedule there is, each a click away."""
    chosen = form.value("schedule.preset")
    possible = _WITH_RANDOM if form.value("model.weights") == "none" else PRESETS
    offered = [name for name in possible if name != "custom" or chosen == "custom"]
    st.session_state[_PRESET] = chosen if chosen in offered else None
    st.pills(
        "Freeze schedule",
        offered,
        key=_PRESET,
        format_func=lambda name: PRESETS[name][0],
        on_change=_choose,
        wrap=True,
    )
    show_problems(form.problems_at("schedule.preset"))


def show_dials(form: Form) -> None:
    """How many epochs there are, what the schedule can be turned by, and what it does."""
    chosen = form.value("schedule.preset")
    dials = DIALS.get(chosen, ())
    first, *others = st.columns([1] * (1 + len(dials)) + [max(1, 3 - len(dials))])
    with first:
        show_field(form, "epochs")
    for column, dial in zip(others, dials, strict=False):
        with column:
            label = _LABELS.get(dial) or _COUNTED[chosen]
            show_field(form, f"schedule.{dial}", label=label)
    if chosen in PRESETS:
        others[-1].caption(locked(form) or PRESETS[chosen][1])


def _choose() -> None:
    """Take a preset with its usual dials; what was set for BatchNorm stays."""
    form, chosen = current_form(), st.session_state[_PRESET]
    if chosen is not None and chosen != form.value("schedule.preset"):
        batchnorm = {"batchnorm": form.value("schedule.batchnorm")}
        form.change({"schedule": usual(chosen, form.value("epochs")) | batchnorm})


def usual(preset: str, epochs: Any) -> dict[str, Any]:
    """A preset's usual dials; where the head goes first, for a third of the run.

    >>> usual("lp-ft", 10)
    {'preset': 'lp-ft', 'head_epochs': 3}
    """
    found: dict[str, Any] = {"preset": preset}
    if "head_epochs" in DIALS.get(preset, ()) and isinstance(epochs, int):
        found["head_epochs"] = max(1, epochs // 3)
    return found


def show_blocks(form: Form, outline: Outline | None) -> None:
    """The strip, where the network's blocks are known; else why it isn't there."""
    recipe = form.recipe
    if outline is None:
        st.info(
            "This backbone is not in the catalogue: its blocks are only known once it has been "
            "built, so there is no strip to paint on. The presets and the table of phases say in "
            "words what thaws.",
            icon=":material/info:",
        )
    elif problems := misfits(form, outline):
        show_problems(problems)
    else:
        show_strip(recipe, outline, locked=locked(form))


def locked(form: Form) -> str:
    """Why the first epoch can't be painted; empty if it can."""
    return _FROM_SCRATCH if form.recipe.model.weights == "none" else ""


def misfits(form: Form, outline: Outline | None) -> list[Any]:
    """What the schedule asks for and this backbone doesn't have."""
    recipe = form.recipe
    try:
        if outline:
            Plan(recipe.schedule, outline, recipe.epochs).counts()
    except RecipeError as error:
        return list(error.problems)
    return []


def show_undoing(form: Form) -> None:
    """A way back from any change to any part of the recipe."""
    with st.container(horizontal=True, gap="small"):
        for label, icon, possible, act in (
            ("Undo", "undo", form.can_undo, form.undo),
            ("Redo", "redo", form.can_redo, form.redo),
        ):
            st.button(
                label,
                key=label,
                icon=f":material/{icon}:",
                disabled=not possible,
                on_click=act,
                type="tertiary",
            )
