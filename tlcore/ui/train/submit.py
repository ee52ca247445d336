"""Why a recipe can't be trained here and now, told before anybody presses the button."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import streamlit as st

from tlcore import catalog
from tlcore.access import LOCAL
from tlcore.data.cards import card_of
from tlcore.errors import DataError, RecipeError, ThawError
from tlcore.formatting import literal
from tlcore.hub.things import lacking
from tlcore.paths import PROJECT
from tlcore.recipe import Recipe
from tlcore.runs import sweeps
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.limits import refuse, spent
from tlcore.schedule.phases import Preset
from tlcore.studies.label_curve import begins_with_something, from_scratch
from tlcore.studies.partner import as_long, partner, partners
from tlcore.ui.shared.choosing import remember
from tlcore.ui.shared.getting import show_getting
from tlcore.ui.shared.page import show_error
from tlcore.ui.shared.session import me, store
from tlcore.ui.train.backbones import whereabouts
from tlcore.ui.train.controls import show_field
from tlcore.ui.train.cost_panel import counts_of, outline_of, samples
from tlcore.ui.train.form import Form, preset_like
from tlcore.ui.train.schedule import misfits

_SCHEDULES = [name for name in get_args(Preset) if name != "custom"]
_RUNS = PROJECT / "pages" / "runs.py"


def show_sending(form: Form, *, pair: bool = True) -> None:
    """Name it, and train it.

    Args:
        form: What would be trained.
        pair: Offer the pair of transfer and scratch, and sweeps, as well.
    """
    show_field(form, "name", label="Name of the run")
    hindering = [each.words for each in hindrances(form)]
    if hindering:
        st.error(literal("\n".join(hindering)), icon=":material/block:")
    if not form.problems:
        for thing in lacking([form.recipe]):
            st.caption(f"This recipe needs {literal(thing.title)}.")
            show_getting(thing, place="on Train")
    with st.container(horizontal=True, gap="small"):
        train = st.button(
            "Train", key="train", type="primary", icon=":material/play_arrow:",
            disabled=bool(hindering),
        )  # fmt: skip
        both = pair and st.button(
            "Train transfer and scratch",
            key="train transfer and scratch",
            disabled=bool(hindering) or not begins_with_something(form.recipe),
            help="Twice the same data, budget and seed: once as it stands, once from random "
            "weights, where everything trains.",
        )
        if pair:
            _offer_sweep(form, disabled=bool(hindering))
            _offer_partner(form, disabled=bool(hindering))
    if train:
        send(form, [form.recipe])
    if both:
        send(form, [form.recipe, from_scratch(form.recipe)])


def send(form: Form, recipes: Sequence[Recipe]) -> None:
    """Put the runs into the queue, and go where one can watch them."""
    runs = []
    try:
        for recipe in recipes:
            like = preset_like(recipe)
            preset = like.name if like else ""
            runs.append(store().submit(recipe, by=me(), preset=preset).id)
        ensure_dispatcher(store().home)
    except ThawError as error:
        if len(runs) == 1:
            st.warning("The first of the two runs is in the queue; the second was refused.")
        show_error(error)
        return
    form.forget_name()
    remember(runs)
    st.switch_page(_RUNS, query_params={"run": ",".join(runs)})


def _offer_sweep(form: Form, *, disabled: bool) -> None:
    """What to vary, how many runs that makes, and the button that sends them."""
    with st.popover("Vary it", icon=":material/grid_view:", disabled=disabled):
        st.caption(
            f"Trains the recipe several times, up to {sweeps.MOST}, and tells which did best."
        )
        seeds = int(st.number_input("Seeds of each", 1, 10, 3, key="sweep seeds"))
        rates = _rates(st.text_input("Learning rates, by commas", key="sweep rates"))
        schedules = st.multiselect("Schedules", _SCHEDULES, key="sweep schedules")
        count = seeds * max(1, len(rates)) * max(1, len(schedules))
        if st.button(f"Train {count} runs", type="primary", key="send sweep", disabled=count < 2):
            _send_sweep(form, seeds, rates, schedules)


def _offer_partner(form: Form, *, disabled: bool) -> None:
    """The one other run that this one should be held against."""
    recipe = form.recipe
    choices = partners(recipe)
    with st.popover("Against what?", icon=":material/balance:", disabled=disabled or not choices):
        st.caption(
            "A result says little by itself. Its fair partner has the same pictures, labels and "
            "seed, and differs in one thing. Train both, and hold them against each other."
        )
        if not choices:
            return
        against = st.segmented_control(
            "The partner", choices, default=choices[0], required=True,
            key=f"partner of {len(choices)}",
        )  # fmt: skip
        alike = st.segmented_control(
            "As many", ["epochs", "seconds"], default="epochs", required=True, key="partner alike"
        )
        if st.button("Train both", type="primary", key="train with partner") and against:
            other = partner(recipe, against)
            if alike == "seconds":
                other = as_long(other, recipe, counts_of(recipe.data), samples=samples())
            send(form, [recipe, other])


def _rates(text: str) -> list[float]:
    try:
        return [float(part) for part in text.replace(";", ",").split(",") if part.strip()]
    except ValueError:
        st.error("These are no numbers: write, for example, 0.01, 0.1")
        return []


def _send_sweep(form: Form, seeds: int, rates: Sequence[float], schedules: Sequence[str]) -> None:
    try:
        wanted = sweeps.variants(form.recipe, seeds=seeds, rates=rates, schedules=schedules)
        sweep = sweeps.submit(store(), form.recipe, wanted, by=me())
        ensure_dispatcher(store().home)
    except ThawError as error:
        show_error(error)
        return
    form.forget_name()
    st.switch_page(_RUNS, query_params={"sweep": sweep})


@dataclass(frozen=True)
class Hindrance:
    """A reason.

    Attributes:
        field: Where in the recipe; empty where it is about the machine.
        words: What is wrong, and what to do.
    """

    field: str
    words: str


def hindrances(form: Form) -> tuple[Hindrance, ...]:
    """All that is known to stand in the way."""
    wrong = tuple(Hindrance(p.field, str(p)) for p in form.problems)
    return (*(wrong or _of_recipe(form)), *_of_rules())


def _of_recipe(form: Form) -> Iterator[Hindrance]:
    recipe = form.recipe
    try:
        catalog.check(recipe.model, recipe.input.size)
        refuse(recipe, store().rules())
    except RecipeError as error:
        yield from (Hindrance(problem.field, str(problem)) for problem in error.problems)
    yield from _of_weights(recipe)
    yield from _of_data(recipe)
    for problem in misfits(form, outline_of(recipe)):
        yield Hindrance("schedule", str(problem))


def _of_rules() -> Iterator[Hindrance]:
    """What a person has no more of, where the lab has rules about it."""
    rules, owner = store().rules(), me()
    if owner == LOCAL:
        return
    usage, slots = store().usage(by=owner), rules.running or 0
    if words := spent(rules, usage):
        yield Hindrance("", ". ".join(words))
    waiting = usage.queued + min(usage.running, slots)
    if rules.queued is not None and waiting >= rules.queued + slots:
        count = usage.queued + usage.running
        what = f"You have {count} runs that wait or work, as many as one person may have"
        yield Hindrance("", f"{what}. Wait until one has ended, or cancel one.")


def _of_weights(recipe: Recipe) -> Iterator[Hindrance]:
    card = catalog.lookup(recipe.model.backbone)
    if card is None or card.kind == "scratch":
        return
    found = whereabouts(card, recipe.model.weights, name=recipe.model.backbone)
    if not found.can_be_had:
        yield Hindrance("model.weights", f"{card.title}: {found.words}")


def _of_data(recipe: Recipe) -> Iterator[Hindrance]:
    card = card_of(recipe.data)
    if not card.here:
        yield Hindrance("data.name", f"{card.title} is not on this machine. {card.remedy}")
        return
    try:
        counts_of(recipe.data)
    except DataError as error:
        yield Hindrance("data.path", str(error))
