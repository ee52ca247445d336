"""The fair partner of a run: the one other run that answers "against what?".

It has the same data, labels, split and seed, and differs in one thing: what was learned before is
left out, or the backbone stays frozen. It gets as many epochs, or about as many seconds.

>>> partner(Recipe(name="mine", schedule=FreezeSchedule(preset="full")), "base frozen").name
'mine, base frozen'
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from tlcore.advice.forecast import Sample, forecast
from tlcore.data.counts import Counts
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_fields, to_fields
from tlcore.schedule import FreezeSchedule
from tlcore.studies.label_curve import begins_with_something, from_scratch

Against = Literal["from scratch", "base frozen"]
MOST_EPOCHS = 500


def partners(recipe: Recipe) -> tuple[Against, ...]:
    """What a recipe can be held against: nothing that it is itself."""
    if not begins_with_something(recipe):
        return ()
    frozen = recipe.schedule == FreezeSchedule(preset="head-only")
    return ("from scratch",) if frozen else ("from scratch", "base frozen")


def partner(recipe: Recipe, against: Against) -> Recipe:
    """The same but for one thing, for as many epochs."""
    if against == "from scratch":
        return from_scratch(recipe)
    fields: dict[str, Any] = to_fields(recipe)
    fields["schedule"] = {"preset": "head-only"}
    fields["name"] = f"{recipe.name}, base frozen".removeprefix(", ")[:300]
    return from_fields(fields)


def as_long(
    other: Recipe, recipe: Recipe, counts: Counts, *, samples: Iterable[Sample] = ()
) -> Recipe:
    """The partner for about as many seconds as the recipe takes, as far as can be foretold.

    Args:
        other: The partner, for as many epochs.
        recipe: Whose partner it is.
        counts: Of its pictures.
        samples: Of earlier runs on this machine.
    """
    known = tuple(samples)
    wanted = _seconds(recipe, counts, known)
    once, twice = (_seconds(_for(other, n), counts, known) for n in (1, 2))
    if wanted is None or once is None or twice is None or twice <= once:
        return other
    epochs = 1 + round((wanted - once) / (twice - once))
    return _for(other, max(1, min(MOST_EPOCHS, epochs)))


def _seconds(recipe: Recipe, counts: Counts, samples: tuple[Sample, ...]) -> float | None:
    found = forecast(recipe, counts, samples=samples, load=0)
    return found.seconds.value if found else None


def _for(recipe: Recipe, epochs: int) -> Recipe:
    return from_fields({**to_fields(recipe), "epochs": epochs})
