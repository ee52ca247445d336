"""The rest of the recipe, folded away: each fold says what is in it that isn't as usual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from tlcore.formatting import EMBER, literal
from tlcore.recipe import OF_THE_HUB, Recipe
from tlcore.recipe.corrections import in_words, listed
from tlcore.recipe.fields import field_cards
from tlcore.schedule import FreezeSchedule
from tlcore.schedule.outline import HEAD, Outline
from tlcore.schedule.plan import Plan, Thaw
from tlcore.ui.shared.page import link
from tlcore.ui.shared.what_is import what_is
from tlcore.ui.train.controls import show_field, written
from tlcore.ui.train.cost_panel import outline_of
from tlcore.ui.train.form import Form
from tlcore.ui.train.form import form as current_form

_FINE = 20
_MOST = 400


def show_curve(form: Form) -> None:
    """The rate of the head from beginning to end."""
    import altair as alt
    import pandas as pd

    recipe = form.recipe
    points = pd.DataFrame(rates(recipe), columns=["epoch", "rate"])
    chart = (
        alt.Chart(points, height=190)
        .mark_line(color=EMBER, strokeWidth=2.5)
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d")).scale(
                domain=(0, recipe.epochs)
            ),
            y=alt.Y("rate:Q", title="head’s rate").scale(domainMin=0),
        )
    )
    st.altair_chart(chart, key="rate over time", alt=_in_words(recipe))
    what_is("rates")
    if recipe.rate_schedule.name == "plateau":
        st.caption("When it steps down depends on the validation loss, so no step is drawn.")


def rates(recipe: Recipe) -> list[tuple[float, float]]:
    """The head's rate at many moments of a run: moment in epochs, and rate.

    >>> rates(Recipe(epochs=2))[0], len(rates(Recipe(epochs=2)))
    ((0.0, 0.001), 41)
    """
    thaws, fine = _thaws(recipe), max(1, min(_FINE, _MOST // recipe.epochs))
    moments = [step / fine for step in range(recipe.epochs * fine + 1)]
    return [(moment, _rate(recipe, thaws, moment)) for moment in moments]


def _thaws(recipe: Recipe) -> tuple[Thaw, ...]:
    """The phases of the run; one for all of it where the network's blocks aren't known."""
    outline = outline_of(recipe)
    schedule = recipe.schedule if outline else FreezeSchedule()
    return Plan(schedule, outline or Outline(()), recipe.epochs).thaws


def _rate(recipe: Recipe, thaws: tuple[Thaw, ...], moment: float) -> float:
    thaw = next(each for each in reversed(thaws) if each.start <= moment)
    since = min(moment - thaw.rate_start, thaw.rate_epochs - 1e-6)
    factor = recipe.rate_schedule.factor(since, thaw.rate_epochs)
    return recipe.optimiser.rate * thaw.rates[HEAD] * factor


def _in_words(recipe: Recipe) -> str:
    found = rates(recipe)
    highest = max(rate for _, rate in found)
    return (
        f"The rate begins at {found[0][1]:.2g}, is at most {highest:.2g} and ends at "
        f"{found[-1][1]:.2g}."
    )


_PATH = "data.corrections"


def corrections_told(form: Form) -> str:
    """How many the recipe has, as the label of a fold says it; empty for none."""
    return in_words(form.recipe.data.corrections) if form.value(_PATH) else ""


def show_corrections(form: Form) -> None:
    """What they are, and the way to do without."""
    corrections = form.recipe.data.corrections
    if not form.value(_PATH):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Corrected by hand: {in_words(corrections)} ({literal(listed(corrections))}).")
        st.button(
            "Drop the corrections", key="drop corrections", icon=":material/undo:",
            on_click=_drop,
        )  # fmt: skip


def _drop() -> None:
    current_form().set(_PATH, None)


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
