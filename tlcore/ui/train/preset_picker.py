"""What a recipe begins as: a report's system or one of the house's; and what it learns from."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import streamlit as st

from tlcore.advice.defaults import same_in_what_belongs
from tlcore.data import describe
from tlcore.data.cards import card_of
from tlcore.errors import RecipeError
from tlcore.formatting import literal, percent
from tlcore.recipe import OF_THE_HUB, Data, Recipe, presets
from tlcore.recipe.presets import Preset
from tlcore.recipe.text import from_fields, to_fields, to_json
from tlcore.ui.shared.page import link
from tlcore.ui.train.controls import show_field, show_problems
from tlcore.ui.train.cost_panel import known_counts, suited_to, warned_of_size
from tlcore.ui.train.form import Form
from tlcore.ui.train.form import form as current_form

_PRESET, _DATA = "preset of the recipe", "data set of the recipe"
REPORTS: Mapping[str, str] = {
    "A": "A plain network from scratch against ResNet-50 whose last 100 layers thaw (CIFAR-10).",
    "B": "MobileNetV2, frozen or nearly all thawed, against a network from scratch (CIFAR-10).",
    "C": "ResNet-50 on enlarged pictures, all of it trained, against scratch (CIFAR-10).",
    "D": "ResNet and EfficientNet-B0 on 100 classes: do larger pictures help? (CIFAR-100)",
    "E": "Seven networks side by side, from three convolutions to InceptionV3 (CIFAR-10).",
}
"""What each student project asked, in a sentence."""

SHORT_TRAIN, SHORT_TEST, SHORT_EPOCHS, SHORT_SIZE = 2000, 1000, 3, 96
_SHARES = ("accuracy", "precision", "recall", "f1")


def show_beginning(form: Form) -> None:
    """A list of all recipes that come with the lab; one's own stands first."""
    same = form.began if form.began and form.began.recipe.id == form.recipe.id else None
    st.session_state[_PRESET] = same.name if same and not form.problems else ""
    names = {each.name: _title(each) for each in presets.presets()}
    st.selectbox(
        "As a report did it, or the house does",
        ["", *names],
        key=_PRESET,
        format_func=lambda name: f"Recipe: {names.get(name) or _own(form)}",
        on_change=_begin,
        help="Fills in the whole recipe. Undo brings back what was there.",
        label_visibility="collapsed",
    )


def _title(preset: Preset) -> str:
    return f"{f'report {preset.report}' if preset.report else 'the house'}, {preset.title}"


def _own(form: Form) -> str:
    return f"your own, from “{form.began.title}”" if form.began else "your own"


def _begin() -> None:
    if name := st.session_state[_PRESET]:
        current_form().start_from(presets.find(name))


def show_story(form: Form) -> None:
    """What a report says came out, marked as reported, and what is not as it was there."""
    preset = form.began
    if preset is None or not (preset.reported or preset.differs):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            words = "Start from a ready-made recipe: ours, or one from a student project."
            st.caption(words, width="content")
            with st.popover("Reports A to E", type="tertiary"):
                _tell_reports()
        return
    first = dict(list(preset.reported.items())[:1])
    told = f":orange-badge[reported] {literal(reported(first))}" if first else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(told, width="content")
        with st.popover("What differs", type="tertiary"):
            _tell_all(preset, changed=preset.recipe.id != form.recipe.id)
    _offer_shorter(form, preset)


def _tell_reports() -> None:
    st.markdown("Five student projects trained these networks and wrote down what came out:")
    for name, asked in REPORTS.items():
        st.markdown(f"- **{name}** {literal(asked)}")


def _offer_shorter(form: Form, preset: Preset) -> None:
    """The same in about two minutes, beside hours, as long as the recipe is the report's own."""
    short = shorter(form.recipe)
    if not preset.report or preset.recipe.id != form.recipe.id or short is None:
        return
    st.button(
        "Two-minute version", key="two-minute version", icon=":material/bolt:", type="tertiary",
        on_click=_shorten,
        help=f"The same network and schedule on {SHORT_TRAIN:,} pictures, for at most "
        f"{SHORT_EPOCHS} epochs, at {SHORT_SIZE} pixels or less. Its figures are then not those "
        "of the report.",
    )  # fmt: skip


def _shorten() -> None:
    form = current_form()
    if short := shorter(form.recipe):
        form.replace(to_fields(short))


def shorter(recipe: Recipe) -> Recipe | None:
    """As a taste of it: few pictures and epochs, small; None where that is no whole recipe.

    >>> found = shorter(presets.find("c-resnet50").recipe)
    >>> found.data.limit_train, found.input.size <= 96, found.epochs <= 3
    (2000, True, True)
    """
    fields: dict[str, Any] = deepcopy(to_fields(recipe))
    fields.setdefault("data", {}).update(limit_train=SHORT_TRAIN, limit_test=SHORT_TEST)
    fields.setdefault("input", {})["size"] = min(recipe.input.size, SHORT_SIZE)
    fields["epochs"] = min(recipe.epochs, SHORT_EPOCHS)
    if (schedule := fields.get("schedule", {})).get("head_epochs", 1) > 1:
        schedule["head_epochs"] = 1
    if phases := schedule.get("phases"):
        schedule["phases"] = [{**phase, "epochs": 1} for phase in phases[: fields["epochs"]]]
        fields["epochs"] = len(schedule["phases"])
    if recipe.rate_schedule.warmup:
        fields["rate_schedule"]["warmup"] = 0
    try:
        return from_fields(fields)
    except RecipeError:
        return None


def _tell_all(preset: Preset, *, changed: bool) -> None:
    if preset.reported:
        st.markdown(f":orange-badge[reported] {literal(reported(preset.reported))}")
    for text in preset.differs:
        st.markdown(f"- {literal(text)}")
    if changed:
        st.markdown("- You have changed the recipe since.")


def reported(values: Mapping[str, float]) -> str:
    """What a report says, in a line.

    >>> reported({"test_accuracy": 0.9533, "test_loss": 0.1792, "epochs": 6})
    'test accuracy 95.33 %, test loss 0.1792, epochs 6'
    """
    return ", ".join(f"{name.replace('_', ' ')} {_value(name, v)}" for name, v in values.items())


def _value(name: str, value: float) -> str:
    if name.endswith(_SHARES):
        return percent(value, 2)
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def show_suited(form: Form) -> None:
    """What was set for these pictures and why; or what we would take, where it is set otherwise."""
    recipe = form.recipe
    if known_counts(recipe.data) is None:  # gone, or somebody else's
        return
    if words := warned_of_size(to_json(recipe)):
        st.warning(literal(words), icon=":material/photo_size_select_small:")
    best = suited_to(recipe.data)
    if not best.why:
        return
    if same_in_what_belongs(recipe, best.recipe):
        st.caption(f":material/check: Set for your pictures: {literal(best.why)}")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"For these pictures we would take {literal(best.why)}", width="stretch")
        st.button("Take that", key="take what suits", on_click=form.suit, type="tertiary",
                  icon=":material/auto_awesome:")  # fmt: skip


def show_data(form: Form) -> None:
    """What is learned from, as a button with a short way to other data."""
    data = form.recipe.data
    with st.popover(
        f"Data: {card_of(data).title}", icon=":material/photo_library:", width="stretch"
    ):
        _show_choice(form)
    st.caption(_amounts(data))
    show_problems(form.problems_at("data.name", "data.path", "data.labels_per_class"))


def _amounts(data: Data) -> str:
    if (counts := known_counts(data)) is None:
        return "can't be counted here"
    return (
        f"{counts.classes} classes · {counts.train:,} train · {counts.validation:,} validation · "
        f"{counts.test:,} test"
    )


def _show_choice(form: Form) -> None:
    cards = {card.name: card for card in describe() if card.name != "folder"}
    current = form.value("data.name")
    st.session_state[_DATA] = current if current in cards else None
    st.radio(
        "Data set",
        list(cards),
        key=_DATA,
        format_func=lambda name: cards[name].title,
        captions=[
            f"{card.classes} classes, {card.size}" if card.here else "not on this machine"
            for card in cards.values()
        ],
        on_change=_choose_data,
    )
    show_field(form, "data.labels_per_class", place="in short")
    link("data", "Your own pictures, and all else", icon=":material/upload:")


def _choose_data() -> None:
    """Another data set; fields that only made sense for the one before make way."""
    form, chosen = current_form(), st.session_state[_DATA]
    if chosen:
        own = ("path", "group_by", "corrections", *OF_THE_HUB)
        form.choose({"data.name": chosen, **{f"data.{name}": None for name in own}})
