"""The freeze schedule: its presets with their dials, and the strip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from tlcore.errors import RecipeError
from tlcore.recipe.summary import TITLES
from tlcore.schedule.outline import Outline
from tlcore.schedule.plan import Plan
from tlcore.ui.shared.what_is import strip_picture, what_is
from tlcore.ui.train.controls import show_field, show_problems
from tlcore.ui.train.editor import show_strip
from tlcore.ui.train.form import Form
from tlcore.ui.train.form import form as current_form

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Start here": ("head-only", "full"),
    "Thaw a part": (
        "last-blocks", "last-layers", "first-blocks-frozen", "first-layers-frozen", "surgical",
    ),
    "Thaw step by step": ("lp-ft", "two-phase", "fine-tune", "gradual"),
    "Finer means": ("layer-decay", "norm-bias", "custom"),
}  # fmt: skip
PRESETS: Mapping[str, tuple[str, str]] = {
    "head-only": (
        "The backbone stays frozen; only the new head learns.",
        "you have few pictures, little time, or want a first answer.",
    ),
    "full": (
        "The whole network learns from the first epoch on.",
        "you have many pictures, or they look unlike anything the backbone has seen.",
    ),
    "last-blocks": (
        "The blocks nearest the head learn with it.",
        "the head alone is not good enough and your pictures are much like the backbone’s.",
    ),
    "last-layers": (
        "The layers nearest the head learn with it.",
        "a report counts in layers, or a whole block is too much.",
    ),
    "first-blocks-frozen": (
        "The blocks nearest the pictures stay frozen.",
        "edges and colours may stay as they are, and all else should fit your pictures.",
    ),
    "first-layers-frozen": (
        "The layers nearest the pictures stay frozen.",
        "a report counts in layers, or a whole block is too much.",
    ),
    "surgical": (
        "A single block learns with the head: first, middle or last.",
        "you know what has changed: the first block for colours or noise, the last for classes.",
    ),
    "lp-ft": (
        "The head learns first; then all of it, at a lower rate (LP-FT).",
        "you want the best result and have a few minutes: a head that knows a little spoils less.",
    ),
    "two-phase": (
        "The head learns first; then the last layers with it.",
        "you want part of that in less time.",
    ),
    "fine-tune": (
        "The head first; then all, the slower the nearer the pictures.",
        "you want what the library fastai does unless told otherwise.",
    ),
    "gradual": (
        "Every few epochs one more block thaws, from the head down.",
        "you want to see what each block adds, or all at once forgets too much.",
    ),
    "layer-decay": (
        "All learn, the slower the nearer the pictures.",
        "everything should learn, but what the backbone knows should change little.",
    ),
    "norm-bias": (
        "Only normalisations and biases learn, with the head.",
        "almost nothing may change, for example with very few pictures in another style.",
    ),
    "custom": (
        "As you have painted it, or written it into the table.",
        "none of the others does what you want.",
    ),
}
"""What each does, and when to use it."""

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
    """Every schedule there is, in groups, each a click away."""
    chosen = form.value("schedule.preset")
    possible = _WITH_RANDOM if form.value("model.weights") == "none" else tuple(PRESETS)
    columns = st.columns([2, 4, 4, 3], gap="medium")
    for column, (group, names) in zip(columns, GROUPS.items(), strict=True):
        offered = [n for n in names if n in possible and (n != "custom" or chosen == "custom")]
        if not offered:
            continue
        key = f"{_PRESET}: {group}"
        st.session_state[key] = chosen if chosen in offered else None
        column.pills(
            group, offered, key=key, format_func=TITLES.__getitem__, on_change=_choose,
            args=(key,), wrap=True,
        )  # fmt: skip
    if chosen in PRESETS:
        what, when = PRESETS[chosen]
        st.caption(f"**{TITLES[chosen]}.** {locked(form) or what} Use this when {when}")
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


def _choose(key: str) -> None:
    """Take a preset with its usual dials; what was set for BatchNorm stays."""
    form, chosen = current_form(), st.session_state[key]
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
        what_is("strip", picture=strip_picture(Plan(recipe.schedule, outline, recipe.epochs)))


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
