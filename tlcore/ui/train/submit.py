"""Why a recipe can't be trained here and now, told before anybody presses the button."""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import streamlit as st

from tlcore import catalog
from tlcore.access import LOCAL
from tlcore.data.cards import card_of
from tlcore.errors import DataError, RecipeError, ThawError
from tlcore.formatting import literal
from tlcore.hub.things import lacking
from tlcore.paths import PROJECT
from tlcore.recipe import Recipe
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.limits import refuse, spent
from tlcore.studies.label_curve import begins_with_something, from_scratch
from tlcore.ui.shared.choosing import remember
from tlcore.ui.shared.getting import show_getting
from tlcore.ui.shared.page import show_error
from tlcore.ui.shared.session import me, store
from tlcore.ui.train.backbones import whereabouts
from tlcore.ui.train.controls import show_field
from tlcore.ui.train.cost_panel import counts_of, outline_of
from tlcore.ui.train.form import Form, preset_like
from tlcore.ui.train.schedule import misfits

_RUNS = PROJECT / "pages" / "runs.py"


def show_sending(form: Form, *, pair: bool = True) -> None:
    """Name it, and train it.

    Args:
        form: What would be trained.
        pair: Offer the pair of transfer and scratch as well.
    """
    show_field(form, "name", label="Name of the run")
    found = hindrances(form)
    final = [each.words for each in found if each.final]
    if final:
        st.error(literal("\n".join(final)), icon=":material/block:")
    for each in found:
        if not each.final:
            st.warning(literal(each.words), icon=":material/wifi_off:")
    if not form.problems:
        for thing in lacking([form.recipe]):
            st.caption(f"This recipe needs {literal(thing.title)}.")
            show_getting(thing, place="on Train")
    with st.container(horizontal=True, gap="small"):
        train = st.button(
            "Train", type="primary", key="train", disabled=bool(final), icon=":material/play_arrow:"
        )
        both = pair and st.button(
            "Train transfer and scratch",
            key="train transfer and scratch",
            disabled=bool(final) or not begins_with_something(form.recipe),
            help="Twice the same data, budget and seed: once as it stands, once from random "
            "weights, where everything trains.",
        )
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


_PATIENCE = 1.0
_USUAL = "https://huggingface.co"


@st.cache_data(ttl=60, max_entries=4, show_spinner="Asking whether the hub answers …")
def hub_answers() -> bool:
    """Ask once a minute at most; whoever doesn't answer within a second counts as out of reach."""
    answers: list[bool] = []
    asking = threading.Thread(target=_ask, args=(answers,), daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return bool(answers)


def _ask(answers: list[bool]) -> None:
    """In a thread, because looking up a name may take as long as it likes."""
    request = urllib.request.Request(os.environ.get("HF_ENDPOINT") or _USUAL, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=_PATIENCE).close()
    except urllib.error.HTTPError:
        pass  # it said no to this question, so it is there
    except (OSError, ValueError):
        return
    answers.append(True)


@dataclass(frozen=True)
class Hindrance:
    """A reason.

    Attributes:
        field: Where in the recipe; empty where it is about the machine.
        words: What is wrong, and what to do.
        final: Whether the run could only fail; else it may work.
    """

    field: str
    words: str
    final: bool = True


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
    elif found.group == "Fetched when a run starts" and not hub_answers():
        words = (
            f"{card.title}: its weights would be fetched from the hub, which this machine doesn't "
            "reach now. Choose a backbone that is here, or try later."
        )
        yield Hindrance("model.weights", words, final=False)


def _of_data(recipe: Recipe) -> Iterator[Hindrance]:
    card = card_of(recipe.data)
    if not card.here:
        yield Hindrance("data.name", f"{card.title} is not on this machine. {card.remedy}")
        return
    try:
        counts_of(recipe.data)
    except DataError as error:
        yield Hindrance("data.path", str(error))
