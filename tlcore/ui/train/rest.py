"""The rest of the recipe, folded away: each fold says what is in it that isn't as usual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from tlcore.recipe import OF_THE_HUB
from tlcore.recipe_fields import field_cards
from tlcore.ui.linking import link
from tlcore.ui.train.controls import show_field, written
from tlcore.ui.train.corrected import corrections_told, show_corrections
from tlcore.ui.train.curve import show_curve
from tlcore.ui.train.form import Form
from tlcore.ui.words import literal


def _nothing(form: Form) -> None:
    """Most folds have nothing but fields."""


def _no_words(form: Form) -> str:
    return ""


@dataclass(frozen=True)
class Fold:
    """Fields that belong together.

    Attributes:
        title: For people.
        icon: Before the title.
        fields: Paths, in reading order.
        asked: For some fields, the field on which they depend and the values that make them
            matter; where they don't, they are left out unless they are wrong.
        more: Shows what else belongs there.
        told: Says what is in that, if it isn't as usual.
    """

    title: str
    icon: str
    fields: tuple[str, ...]
    asked: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    more: Callable[[Form], None] = _nothing
    told: Callable[[Form], str] = _no_words


def _within(part: str, *but: str) -> tuple[str, ...]:
    """All fields of a part of the recipe."""
    found = (p for p in field_cards() if p.rpartition(".")[0] == part)
    return tuple(path for path in found if path.rpartition(".")[2] not in but)


def _about_data(form: Form) -> None:
    show_corrections(form)
    link("data", "Choose, upload and look at pictures on the Data page", icon=":material/image:")


_OPEN = "open folds"
_RATES = {
    "gamma": ("step", "exponential", "constant-then-exponential", "plateau"),
    "every": ("step",),
    "at": ("step",),
    "hold": ("constant-then-exponential",),
    "patience": ("plateau",),
    "rise": ("one-cycle",),
    "floor": ("cosine", "one-cycle"),
}

_STEPPING, _STEPS = ("sgd", "adam", "adamw"), ("rate", "weight_decay", "l1", "clip")

FOLDS = (
    Fold("Steps and loss", "footprint", _within("", "version", "name", "epochs")),
    Fold(
        "Optimiser",
        "speed",
        _within("optimiser"),
        {f"optimiser.{name}": ("optimiser.name", ("sgd",)) for name in ("momentum", "nesterov")}
        | {f"optimiser.{name}": ("optimiser.name", _STEPPING) for name in _STEPS},
    ),
    Fold(
        "Learning rate over time",
        "show_chart",
        _within("rate_schedule"),
        {f"rate_schedule.{name}": ("rate_schedule.name", only) for name, only in _RATES.items()},
        show_curve,
    ),
    Fold("Augmentation", "auto_fix_high", _within("augmentation")),
    Fold("Head", "account_tree", _within("model.head")),
    Fold(
        "Labels and split",
        "call_split",
        _within("data", "name", "path"),
        {
            "data.labels": ("data.name", ("cifar100",)),
            "data.group_by": ("data.name", ("folder",)),
            "data.test": ("data.name", ("digits", "folder", "hub")),
            **{f"data.{name}": ("data.name", ("hub",)) for name in OF_THE_HUB},
        },
        _about_data,
        corrections_told,
    ),
    Fold("How pictures reach the network", "aspect_ratio", _within("input", "size")),
    Fold("Stopping and keeping", "flag", _within("early_stopping")),
    Fold("A teacher to imitate", "school", _within("distillation")),
)


def show_rest(form: Form) -> None:
    """Every fold, shut until somebody opens it or something in it is wrong."""
    st.subheader("The rest of the recipe", anchor=False)
    for fold in FOLDS:
        _show_fold(form, fold)


def _show_fold(form: Form, fold: Fold) -> None:
    """What is open stays open: a label that changes would otherwise shut its fold."""
    key, problems = f"fold {fold.title}", form.problems_at(*fold.fields)
    st.session_state[key] = bool(problems) or key in _open_folds()
    box = st.expander(
        _label(form, fold, len(problems)),
        key=key,
        on_change=_open_or_shut,
        args=(key,),
        icon=":material/error:" if problems else f":material/{fold.icon}:",
    )
    with box:
        if box.open:
            _open_folds().add(key)
            _show_fields(form, fold)
            fold.more(form)


def _open_folds() -> set[str]:
    found: set[str] = st.session_state.setdefault(_OPEN, set())
    return found


def _open_or_shut(key: str) -> None:
    if st.session_state[key]:
        _open_folds().add(key)
    else:
        _open_folds().discard(key)


def _show_fields(form: Form, fold: Fold) -> None:
    wanted = [path for path in fold.fields if _matters(form, fold, path)]
    with st.grid(4, min_column_width=210):
        for path in wanted:
            with st.container():
                show_field(form, path)


def _matters(form: Form, fold: Fold, path: str) -> bool:
    other, values = fold.asked.get(path, ("", ()))
    return not other or form.value(other) in values or bool(form.problems_at(path))


def _label(form: Form, fold: Fold, problems: int) -> str:
    """The title, and what isn't as usual.

    Colours would be lost on some; words aren't.
    """
    unusual = [
        f"{card.name.replace('_', ' ')} {written(form.value(path))}".removeprefix("name ")
        for path in fold.fields
        for card in [field_cards()[path]]
        if form.value(path) != (list(card.default) if card.kind == "list" else card.default)
    ]
    unusual += filter(None, [fold.told(form)])
    words = literal(", ".join(unusual)) if unusual else "as usual"
    wrong = f" · {problems} to put right" if problems else ""
    return f"**{fold.title}** · {words}{wrong}"
