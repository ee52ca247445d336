"""The same recipe with more and more labels, by transfer and from scratch."""

import pytest

from tests.runs import fake_run
from tlcore.access import LOCAL
from tlcore.analysis.intervals import wilson
from tlcore.data.counts import count_pictures
from tlcore.errors import RecipeError
from tlcore.nn import worker
from tlcore.recipe import Data, Model, Optimiser, Recipe, Shapes
from tlcore.recipe.presets import find
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule
from tlcore.studies.label_curve import (
    Climb,
    begins_with_something,
    climb_of,
    family,
    forecast_all,
    from_scratch,
    ladder_of,
    rungs,
    steps_for,
)

RECIPE = Recipe(name="mine", epochs=3, seed=7, schedule=FreezeSchedule(preset="lp-ft"))


def climb(recipe, right, labels, run="a run"):
    return Climb(run, recipe, labels, wilson(right, 100))


def test_both_ways_differ_in_where_they_begin_and_in_nothing_else():
    up, down = list(rungs(RECIPE, [20]))
    assert (up.data.labels_per_class, down.data.labels_per_class) == (20, 20)
    assert (down.model.weights, down.schedule.preset) == ("none", "full")
    same = {"model": up.model, "schedule": up.schedule, "name": up.name}
    assert down.model_copy(update=same) == up
    assert up.model_copy(update={"data": RECIPE.data, "name": "mine"}) == RECIPE


def test_rungs_rise_and_every_seed_tests_on_the_same_pictures():
    every = list(rungs(RECIPE, [50, 5, 5], seeds=2))
    told = [(each.data.labels_per_class, each.seed) for each in every]
    assert told == [(5, 7), (5, 7), (50, 7), (50, 7), (5, 8), (5, 8), (50, 8), (50, 8)]
    assert len({each.data.split_seed for each in every}) == 1
    assert len({each.id for each in every}) == 8


@pytest.mark.parametrize("preset", ["c-scratch", "demo-scratch"])
def test_a_recipe_that_begins_with_nothing_has_no_ladder(preset):
    recipe = find(preset).recipe
    assert not begins_with_something(recipe)
    with pytest.raises(RecipeError, match=r"model\.weights"):
        list(rungs(recipe, [5]))


def test_no_more_labels_are_tried_than_there_are():
    few = Recipe(data=Data(shapes=Shapes(per_class=30), validation=0.2, labels_per_class=3))
    assert count_pictures(few.data).train == 30
    assert steps_for(few) == (5, 10, 20)
    assert steps_for(few, most=10) == (5, 10)
    tiny = Recipe(data=Data(shapes=Shapes(per_class=4), validation=0.25))
    assert steps_for(tiny) == (3,)


def test_a_family_is_told_by_all_but_labels_seed_and_name():
    labels = Data(labels_per_class=5)
    assert family(RECIPE) == family(RECIPE.model_copy(update={"seed": 1, "data": labels}))
    assert family(RECIPE) == family(RECIPE.model_copy(update={"name": "another"}))
    for other in ({"epochs": 4}, {"optimiser": Optimiser(rate=0.5)}, {"data": Data(name="digits")}):
        assert family(RECIPE) != family(RECIPE.model_copy(update=other))
    assert family(RECIPE) != family(from_scratch(RECIPE))


def test_points_are_found_among_other_runs_and_told_apart():
    (five, five_scratch), (ten, ten_scratch) = (list(rungs(RECIPE, [n])) for n in (5, 10))
    foreign = RECIPE.model_copy(update={"epochs": 9})
    climbs = [
        climb(five, 60, 5, "a"), climb(five_scratch, 20, 5, "b"), climb(ten, 70, 10, "c"),
        climb(ten_scratch, 60, 10, "d"), climb(foreign, 99, 5, "e"),
    ]  # fmt: skip
    found = ladder_of(RECIPE, climbs)
    assert found.transfer == ((5, wilson(60, 100)), (10, wilson(70, 100)))
    assert found.scratch == ((5, wilson(20, 100)), (10, wilson(60, 100)))
    assert set(found.runs) == set("abcd")
    assert found.advantage is not None
    assert found.advantage.saving == pytest.approx(2)
    low, high = found.advantage.between
    assert low <= 2 <= high


def test_three_seeds_make_one_point_with_an_interval_over_seeds():
    every = [each for each in rungs(RECIPE, [5], seeds=3) if each.model.weights != "none"]
    found = ladder_of(RECIPE, [climb(r, 60 + 2 * i, 5) for i, r in enumerate(every)])
    [(labels, accuracy)] = found.transfer
    assert (labels, accuracy.n) == (5, 3)
    assert accuracy.value == pytest.approx(0.62)
    assert found.advantage is None


def test_the_same_run_twice_is_one_point():
    found = ladder_of(RECIPE, [climb(RECIPE, 60, 5, "newer"), climb(RECIPE, 61, 5, "older")])
    assert found.transfer == ((5, wilson(60, 100)),)


def test_a_finished_run_is_a_point_at_the_labels_it_had(monkeypatch):
    monkeypatch.setattr(worker, "load_engine", lambda threads: fake_run.train)
    store = RunStore()
    run = store.submit(RECIPE, by=LOCAL).id
    attempt = store.claim(device="cpu", run=run)
    assert attempt is not None
    worker.work(store, attempt)
    found = climb_of(store, run, by=LOCAL)
    assert (found.run, found.recipe, found.labels) == (run, RECIPE, 40)
    assert found.accuracy == wilson(43, 50)


def test_a_forecast_of_all_is_the_sum_of_each():
    every = list(rungs(RECIPE, [5, 10]))
    whole = forecast_all(every, device="cpu")
    alone = [forecast_all([each], device="cpu") for each in every]
    assert whole is not None
    assert whole.value == pytest.approx(sum(each.value for each in alone if each), rel=0.2)
    assert whole.low < whole.value < whole.high


def test_nobody_forecasts_what_nobody_knows():
    unknown = RECIPE.model_copy(update={"model": Model(backbone="regnetx_002")})
    assert forecast_all([RECIPE, unknown], device="cpu") is None
    assert forecast_all([], device="cpu") is None


def test_what_scratch_never_reached_is_told_as_at_least_so_many_times():
    (five, five_scratch), (ten, ten_scratch) = (list(rungs(RECIPE, [n])) for n in (5, 20))
    climbs = [climb(five, 80, 5), climb(five_scratch, 10, 5), climb(ten, 90, 20)]
    found = ladder_of(RECIPE, [*climbs, climb(ten_scratch, 40, 20)])
    assert "needs more than 4 times as many" in found.text
    assert "more than" not in ladder_of(RECIPE, [*climbs, climb(ten_scratch, 85, 20)]).text
    assert ladder_of(RECIPE, climbs[:1]).text == ""
