"""Why a recipe can't be trained here and now, told before anybody presses the button."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlcore import catalog
from tlcore.data.cards import card_of
from tlcore.errors import DataError, RecipeError
from tlcore.recipe import Recipe
from tlcore.runs.limits import spent
from tlcore.runs.owners import LOCAL
from tlcore.runs.public import refuse
from tlcore.ui.session import me, store
from tlcore.ui.train.facts import counts_of, outline_of
from tlcore.ui.train.form import Form
from tlcore.ui.train.hub import hub_answers
from tlcore.ui.train.schedule import misfits
from tlcore.ui.train.weights import whereabouts


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
