"""Which licence a trained network goes under: the strictest of what it was made from.

>>> strictest(["MIT", "CC BY-NC 4.0", "Apache-2.0"])
'cc-by-nc-4.0'
>>> strictest(["MIT", "unknown: its page states none"]), strictest(["Apache-2.0"])
('other', 'apache-2.0')
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlcore.catalog import lookup
from tlcore.data.cards import card_of
from tlcore.recipe import Recipe

_RANKS = (
    r"mit|bsd|isc|unlicense|cc0|public domain|the lab's own",
    r"apache",
    r"cc[ -]by[ -]?\d|cc[ -]by$",
    r"cc[ -]by[ -]sa",
    r"cc[ -]by[ -]nd",
    r"cc[ -]by[ -]nc",
)
"""From the freest to the strictest; what fits none is stricter still: nobody may assume."""


def inherited(recipe: Recipe) -> str:
    """The licence of a network that a recipe trained, as the hub writes it; `other` where a part
    of it states none that is known."""
    return strictest(sources(recipe))


def sources(recipe: Recipe) -> tuple[str, ...]:
    """The licences of the weights it began with, and of its data."""
    card, model = lookup(recipe.model.backbone), recipe.model
    if model.weights == "none":
        weights: tuple[str, ...] = ()
    elif model.weights == "pretrained" and card is not None:
        weights = (card.licence,)
    else:
        weights = ("unknown",)
    return (*weights, card_of(recipe.data).licence)


def strictest(licences: Sequence[str]) -> str:
    """The one that binds most."""
    return _of_the_hub(max(licences, key=_rank)) if licences else "other"


def _rank(licence: str) -> int:
    """How much it binds."""
    found = [rank for rank, words in enumerate(_RANKS) if re.match(words, licence.lower())]
    return max(found, default=len(_RANKS))


def _of_the_hub(licence: str) -> str:
    if _rank(licence) == len(_RANKS):
        return "other"
    plain = licence.lower()
    return "mit" if plain == "the lab's own" else plain.replace(" ", "-")
