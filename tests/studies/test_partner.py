"""The partner of a run differs in one thing, and gets as many epochs or about as many seconds."""

import pytest

from tlcore.advice.forecast import forecast
from tlcore.data.counts import Counts
from tlcore.recipe import Model, Recipe
from tlcore.recipe.text import to_fields
from tlcore.schedule import FreezeSchedule
from tlcore.studies.partner import as_long, partner, partners

FULL = Recipe(name="mine", schedule=FreezeSchedule(preset="full"), epochs=6)
COUNTS = Counts(10, 1600, 400, 1000)


def differences(one, other):
    before, after = to_fields(one), to_fields(other)
    return {name for name in before | after if before.get(name) != after.get(name)}


def test_only_the_schedule_differs_where_the_base_is_frozen():
    other = partner(FULL, "base frozen")
    assert differences(FULL, other) == {"name", "schedule"}
    assert (other.schedule.preset, other.epochs) == ("head-only", 6)


def test_only_what_was_learned_before_differs_from_scratch():
    assert differences(FULL, partner(FULL, "from scratch")) == {"name", "model"}


def test_nothing_is_held_against_itself():
    assert partners(FULL) == ("from scratch", "base frozen")
    assert partners(Recipe(schedule=FreezeSchedule(preset="head-only"))) == ("from scratch",)
    own = Recipe(model=Model(weights="none"), schedule=FreezeSchedule(preset="full"))
    assert partners(own) == ()


@pytest.mark.parametrize("against", ["from scratch", "base frozen"])
def test_it_can_have_as_many_seconds(against):
    recipe = FULL if against == "base frozen" else Recipe(epochs=60)
    other = partner(recipe, against)
    fair = as_long(other, recipe, COUNTS)
    aim, plain, found = (forecast(each, COUNTS, load=0) for each in (recipe, other, fair))
    assert aim is not None
    assert plain is not None
    assert found is not None
    assert differences(other, fair) == {"epochs"}
    assert abs(found.seconds.value - aim.seconds.value) < abs(
        plain.seconds.value - aim.seconds.value
    )
    assert found.seconds.value == pytest.approx(aim.seconds.value, rel=0.25)
