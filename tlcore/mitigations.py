"""What can be done about a cue, as changes to a recipe: each has its price.

>>> from tlcore.biaslab import TUNED, recipe_for
>>> plain = recipe_for(TUNED, "colour", 0.95)
>>> changed = mitigated(plain, find("sampling"))
>>> changed.balance, changed.balance_by
('sampling', 'cue')
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tlcore.recipe import Recipe
from tlcore.recipe_text import from_fields, to_fields

Fields = dict[str, Any]

GROUPS = "cue"
"""The column that says whether a drawn picture's cue is that of its class."""

HEAD_EPOCHS = 5
MORE_DIVERSE = 0.8


@dataclass(frozen=True)
class Mitigation:
    """One thing to do.

    Attributes:
        name: In a word.
        title: As people read it.
        needs: What somebody has to know or have for it.
        change: From a recipe's fields to those with the mitigation.
    """

    name: str
    title: str
    needs: str
    change: Callable[[Fields], Fields]


def mitigated(recipe: Recipe, mitigation: Mitigation) -> Recipe:
    """The same recipe with something done about the cue."""
    fields = mitigation.change(to_fields(recipe))
    return from_fields({**fields, "name": f"{recipe.name}, {mitigation.title}"[:300]})


def _balanced(how: str) -> Callable[[Fields], Fields]:
    return lambda fields: {**fields, "balance": how, "balance_by": GROUPS}


def _head_again(fields: Fields) -> Fields:
    """After all that the recipe does, a few more epochs of the head on balanced pictures."""
    recipe = from_fields(fields)
    phases = [
        {**phase.model_dump(exclude_defaults=True), "epochs": phase.epochs}
        for phase in recipe.schedule.phases_for(recipe.epochs, 4)
    ]
    again = {"thaw": "head", "epochs": HEAD_EPOCHS, "balance": "sampling", "restart": True}
    return {
        **fields,
        "schedule": {"preset": "custom", "phases": [*phases, again]},
        "epochs": recipe.epochs + HEAD_EPOCHS,
        "balance_by": GROUPS,
        "early_stopping": {"keep": "last"},
    }


def _other_colours(fields: Fields) -> Fields:
    return {**fields, "augmentation": {**fields.get("augmentation", {}), "colour": 1.0}}


def _more_diverse(fields: Fields) -> Fields:
    data = fields["data"]
    return {**fields, "data": {**data, "shapes": {**data["shapes"], "cue_share": MORE_DIVERSE}}}


_KNOWN = "the group of every training picture"

MITIGATIONS = (
    Mitigation("sampling", "balanced sampling", _KNOWN, _balanced("sampling")),
    Mitigation("weights", "group reweighting", _KNOWN, _balanced("weights")),
    Mitigation("robust", "group DRO", _KNOWN, _balanced("robust")),
    Mitigation("head-again", "head retrained on balanced pictures (DFR)", _KNOWN, _head_again),
    Mitigation("colours", "random colours", "a guess at what the cue is", _other_colours),
    Mitigation("diverse", "more diverse data", "four times as many exceptions", _more_diverse),
)


def find(name: str) -> Mitigation:
    """One by its name."""
    return next(each for each in MITIGATIONS if each.name == name)
