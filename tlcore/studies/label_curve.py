"""Ladders: a recipe and its twin from scratch, each learned with more and more labels.

How many labels does transfer save? Both ways have the same data, budget of epochs and seed; only
the weights that they begin with differ, and that from scratch everything trains.

>>> recipe = Recipe(name="mine", epochs=3)
>>> [rung.name for rung in rungs(recipe, [5, 10])][:2]
['mine, 5 labels a class', 'mine, 5 labels a class, from scratch']
>>> family(next(rungs(recipe, [5], seeds=1))) == family(recipe)
True
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from tlcore import catalog
from tlcore.access import Owner
from tlcore.advice.forecast import Range, Sample, forecast
from tlcore.analysis.intervals import Interval
from tlcore.analysis.label_curves import Advantage, Point, advantage
from tlcore.analysis.seeds import over_runs
from tlcore.data.counts import Counts, count_pictures
from tlcore.errors import Problem, RecipeError
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_fields, to_fields
from tlcore.runs.results import read_result, read_test
from tlcore.runs.store import RunStore

STEPS = (5, 10, 20, 50, 100, 200, 500, 1000)
"""Numbers of labels a class that are tried unless others are asked for."""


@dataclass(frozen=True)
class Climb:
    """A tested run as a point of a ladder.

    Attributes:
        run: Its id.
        recipe: What it learned.
        labels: How many labels a class it had, on average.
        accuracy: On the test pictures.
    """

    run: str
    recipe: Recipe
    labels: int
    accuracy: Interval


@dataclass(frozen=True)
class Ladder:
    """What came of a ladder's runs.

    Attributes:
        transfer: Accuracy over labels a class.
        scratch: The same from random weights.
        runs: The ids of all that it is made of.
    """

    transfer: tuple[Point, ...]
    scratch: tuple[Point, ...]
    runs: tuple[str, ...]

    @property
    def advantage(self) -> Advantage | None:
        """How many labels transfer saves; None if the two share no number of labels."""
        return advantage(self.transfer, self.scratch)

    @property
    def text(self) -> str:
        """The same in words; empty if there is nothing to compare."""
        found = self.advantage
        if found is None:
            return ""
        fewest, most = self.transfer[0][0], self.scratch[-1][0]
        if found.saving is not None or most <= fewest:
            return found.text
        return (
            f"{found.text} With {most:,} labels a class, training from scratch has not reached "
            f"what transfer reaches with {fewest:,}: it needs more than {most / fewest:.0f} times "
            "as many."
        )


def from_scratch(recipe: Recipe) -> Recipe:
    """The same without what was learned before: random weights, and everything trains.

    >>> from_scratch(Recipe(name="mine", epochs=3)).schedule.preset
    'full'
    """
    fields: dict[str, Any] = to_fields(recipe)
    fields["model"] = {**fields.get("model", {}), "weights": "none"}
    fields["schedule"] = {"preset": "full"}
    if recipe.optimiser.name == "exact":  # which solves a head on frozen blocks
        del fields["optimiser"]
    fields["name"] = f"{recipe.name}, from scratch".removeprefix(", ")[:300]
    return from_fields(fields)


def begins_with_something(recipe: Recipe) -> bool:
    """Whether there is anything to transfer."""
    card = catalog.lookup(recipe.model.backbone)
    return recipe.model.weights != "none" and (card is None or card.kind != "scratch")


def rungs(recipe: Recipe, labels: Sequence[int], *, seeds: int = 1) -> Iterator[Recipe]:
    """Every run of a ladder, the quick ones first: by transfer and from scratch at each number of
    labels, once a seed.

    Raises:
        RecipeError: The recipe begins with random weights itself.
    """
    if not begins_with_something(recipe):
        rule = "must name weights to begin with: a ladder holds transfer against scratch"
        raise RecipeError([Problem("model.weights", repr(recipe.model.weights), rule)])
    for number in range(seeds):
        for amount in sorted(set(labels)):
            rung = _with_labels(recipe, amount, recipe.seed + number)
            yield rung
            yield from_scratch(rung)


def steps_for(recipe: Recipe, *, most: int = STEPS[-1]) -> tuple[int, ...]:
    """The usual numbers of labels, as far as its data have so many of a class; all of them where
    that isn't one.

    Raises:
        DataError: The data are missing.
    """
    every = count_pictures(_without_labels(recipe).data)
    there = every.train // max(1, every.classes)
    return tuple(step for step in STEPS if step <= min(there, most)) or (max(1, there),)


def family(recipe: Recipe) -> str:
    """The same for all rungs of one way up a ladder."""
    return _without_labels(recipe).model_copy(update={"seed": 0}).id


def climb_of(store: RunStore, run: str, *, by: Owner) -> Climb:
    """A tested run as a point."""
    result = read_result(store, run, by=by)
    test = read_test(store, run, by=by)
    labels = round(result["pictures"]["train"] / max(1, len(test.classes)))
    return Climb(run, store.recipe(run, by=by), max(1, labels), test.accuracy)


def ladder_of(recipe: Recipe, climbs: Iterable[Climb]) -> Ladder:
    """The points of a recipe's ladder, among whatever runs there are."""
    own, twin = family(recipe), family(from_scratch(recipe))
    up: dict[str, list[Climb]] = {own: [], twin: []}
    for climb in climbs:
        if (found := family(climb.recipe)) in up:
            up[found].append(climb)
    runs = tuple(climb.run for way in up.values() for climb in way)
    return Ladder(_points(up[own]), _points(up[twin]), runs)


def forecast_all(
    recipes: Iterable[Recipe], *, device: str, samples: Sequence[Sample] = ()
) -> Range | None:
    """How long these take one after another; None if nobody can say of one of them.

    Raises:
        DataError: The data are missing.
    """
    found = [
        forecast(recipe, _counts(recipe), device=device, samples=samples) for recipe in recipes
    ]
    if not found or not all(found):
        return None
    return reduce(add, (each.seconds for each in found if each))


def _counts(recipe: Recipe) -> Counts:
    return count_pictures(recipe.data)


def _points(climbs: Sequence[Climb]) -> tuple[Point, ...]:
    """Runs of the same seed and number of labels are the same run: the first one counts."""
    once = {(climb.labels, climb.recipe.seed): climb for climb in reversed(climbs)}
    amounts = sorted({labels for labels, _ in once})
    seeds = sorted({seed for _, seed in once})
    return tuple(
        (labels, over_runs([once[labels, s].accuracy for s in seeds if (labels, s) in once]))
        for labels in amounts
    )


def _with_labels(recipe: Recipe, labels: int, seed: int) -> Recipe:
    fields: dict[str, Any] = to_fields(recipe)
    fields["data"] = {**fields.get("data", {}), "labels_per_class": labels}
    name = f"{recipe.name}, {labels:,} labels a class".removeprefix(", ")
    return from_fields({**fields, "name": name[-300:], "seed": seed})


def _without_labels(recipe: Recipe) -> Recipe:
    data = recipe.data.model_copy(update={"labels_per_class": None})
    return recipe.model_copy(update={"data": data})
