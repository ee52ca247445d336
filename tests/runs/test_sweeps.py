"""Sweeps: many runs sent as one, found as one, stopped as one, and all or nothing."""

import pytest

from bench.support.archives import finish
from tlcore.access import LOCAL, Rules, anonymous
from tlcore.analysis.sweep import judge
from tlcore.errors import QuotaExceeded, RecipeError, RunError
from tlcore.recipe import Recipe
from tlcore.runs import sweeps
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

ADA, BOB = anonymous(name="Ada"), anonymous(name="Bob")


@pytest.fixture
def store():
    return RunStore()


def sent(store, by=LOCAL, **axes):
    recipe = Recipe(name="mine")
    return sweeps.submit(store, recipe, sweeps.variants(recipe, **axes), by=by)


def test_every_combination_is_a_recipe_of_its_own():
    wanted = sweeps.variants(
        Recipe(seed=5), seeds=2, rates=[0.1, 0.01], schedules=["head-only", "full"]
    )
    assert len({each.recipe.id for each in wanted}) == len(wanted) == 8
    first = wanted[0]
    assert (first.setting, first.recipe.seed) == ("rate 0.1, head-only", 5)
    assert first.recipe.optimiser.rate == 0.1
    assert wanted[-1].recipe.schedule.preset == "full"
    (backbone, _) = sweeps.variants(Recipe(), backbones=["pebble-photo", "scratch-plain"])
    assert backbone.recipe.model.backbone == "pebble-photo"


MANY = {"seeds": 9, "rates": [0.1, 0.1, 0.2], "schedules": ["full", "head-only", "x", "y"]}


@pytest.mark.parametrize("axes", [{}, {"seeds": 65}, MANY])
def test_one_run_is_no_sweep_and_hundreds_are_refused(axes):
    with pytest.raises(RecipeError, match="must be from 2 to 64"):
        sweeps.variants(Recipe(), **axes)


def test_a_combination_that_makes_no_recipe_is_named():
    with pytest.raises(RecipeError, match="half"):
        sweeps.variants(Recipe(), schedules=["half", "full"])


def test_it_is_one_thing_in_the_queue_and_nobody_elses(store):
    made = sent(store, by=ADA, seeds=3, rates=[0.1, 0.01])
    (found,) = sweeps.sweeps(store, by=ADA)
    assert (found.id, found.name, len(found.runs), found.ended) == (made, "mine", 6, 0)
    assert [setting for setting, _ in found.runs] == ["rate 0.1"] * 3 + ["rate 0.01"] * 3
    store.set_rules(Rules(show_others=False), by=LOCAL)
    assert sweeps.sweeps(store, by=BOB) == ()
    with pytest.raises(RunError, match="no such sweep"):
        sweeps.find(store, made, by=BOB)


def test_stopped_none_of_it_is_begun_any_more(store):
    made = sent(store, seeds=4)
    first = store.claim(device="cpu")
    assert sweeps.stop(store, sweeps.find(store, made, by=LOCAL), by=LOCAL) == 4
    assert store.queued() == 0
    found = sweeps.find(store, made, by=LOCAL)
    assert [run.state for _, run in found.runs] == [State.STOPPING, *[State.STOPPED] * 3]
    assert found.runs[0][1].id == first.run


def test_where_one_is_refused_none_is_sent(store, monkeypatch):
    whole, calls = RunStore.submit, []

    def third_refused(self, *given, **named):
        calls.append(1)
        if len(calls) == 3:
            raise QuotaExceeded("Three are too many")
        return whole(self, *given, **named)

    monkeypatch.setattr(RunStore, "submit", third_refused)
    with pytest.raises(QuotaExceeded):
        sent(store, seeds=4)
    assert sweeps.sweeps(store, by=LOCAL) == ()
    assert store.queued() == 0


def test_it_is_gone_with_the_last_of_its_runs(store):
    made = sent(store, seeds=2)
    for _, run in sweeps.find(store, made, by=LOCAL).runs:
        store.ask(run.id, "cancel", by=LOCAL)
        store.delete(run.id, by=LOCAL)
    assert sweeps.sweeps(store, by=LOCAL) == ()


def test_what_its_runs_came_to_can_be_judged(store):
    made = sent(store, rates=[0.1, 0.01])
    assert judge(sweeps.tried(store, sweeps.find(store, made, by=LOCAL), by=LOCAL)) is None
    for _ in range(2):
        attempt = store.claim(device="cpu")
        assert attempt is not None
        finish(store, attempt)
    found = sweeps.find(store, made, by=LOCAL)
    verdict = judge(sweeps.tried(store, found, by=LOCAL))
    assert found.finished == 2
    assert verdict is not None
    assert {setting.name for setting in verdict.settings} == {"rate 0.1", "rate 0.01"}
    assert len(verdict.rivals) == 1  # both said the same of every picture
