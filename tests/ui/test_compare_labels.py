"""How many labels transfer saves: the part Labels of the page Compare."""

import pytest

from tests.runs.examined import SCRATCH, TWO_PHASES, examined, predict
from tests.ui.looking import open_page
from tlcore.access import LOCAL
from tlcore.errors import QuotaExceeded
from tlcore.recipe import Recipe
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule
from tlcore.studies.label_curve import climb_of, from_scratch, ladder_of, rungs
from tlcore.ui.compare.labels import ladder_chart

CLASSES = ("cat", "dog")
TRUE = [0, 1] * 40
RECIPE = Recipe(name="mine", epochs=4, schedule=FreezeSchedule(preset="lp-ft"))


@pytest.fixture
def store():
    return RunStore()


def climbed(store, recipe, wrong):
    called = [1 - label if row < wrong else label for row, label in enumerate(TRUE)]
    phases = SCRATCH if recipe.model.weights == "none" else TWO_PHASES
    table = predict(called, TRUE, CLASSES)
    return examined(store, table, name=recipe.name, recipe=recipe, phases=phases)


@pytest.fixture
def both(store):
    """A recipe and its twin from scratch, with the same 40 labels a class."""
    return climbed(store, RECIPE, 8), climbed(store, from_scratch(RECIPE), 40)


def text_of(page):
    kinds = ("markdown", "caption", "info", "warning")
    return "\n".join(each.value for kind in kinds for each in page.get(kind))


def open_labels(*runs):
    return open_page("compare", run=",".join(runs), side="Labels")


def button_of(page):
    [found] = [each for each in page.button if each.label.startswith("Train this ladder")]
    return found


def test_what_transfer_saves_is_told_with_its_interval(store, both):
    said = text_of(open_labels(*both))
    assert "Transfer against training from scratch, with 40 labels a class: +40 points" in said
    assert "From 2 runs; both ways with 4 epochs" in said


def test_a_click_queues_what_is_missing_and_only_once(store, both):
    page = open_labels(*both)
    button = button_of(page)
    assert "10 runs, about" in button.label
    button.click().run()
    assert not page.exception
    queued = store.list(by=LOCAL, states=[State.QUEUED])
    wanted = {rung.id for rung in rungs(RECIPE, [5, 10, 20, 50, 100])}
    assert {run.recipe_id for run in queued} == wanted
    assert "10 runs of this ladder still to come" in text_of(page)
    assert not [each for each in page.button if each.label.startswith("Train this ladder")]


def test_what_was_refused_is_said_and_the_rest_is_queued(store, both, monkeypatch):
    submit, sent = RunStore.submit, list[Recipe]()

    def three(self, recipe, **how):
        if len(sent) == 3:
            raise QuotaExceeded("No more today.")
        sent.append(recipe)
        return submit(self, recipe, **how)

    monkeypatch.setattr(RunStore, "submit", three)
    page = open_labels(*both)
    button_of(page).click().run()
    assert "3 of 10 are in the queue" in text_of(page)
    assert len(store.list(by=LOCAL, states=[State.QUEUED])) == 3


def test_runs_that_began_with_nothing_have_no_ladder(store, both):
    scratch = both[1]
    again = climbed(store, from_scratch(RECIPE).model_copy(update={"seed": 1}), 30)
    assert "there is nothing to transfer" in text_of(open_labels(scratch, again))


def test_a_recipe_without_its_twin_offers_to_train_it(store):
    runs = [climbed(store, RECIPE.model_copy(update={"seed": n}), 8) for n in range(2)]
    page = open_labels(*runs)
    assert "How many labels does transfer save?" in text_of(page)
    assert button_of(page)


def test_the_chart_has_a_line_with_whiskers_for_each_way(store, both):
    climbs = [climb_of(store, run, by=LOCAL) for run in both]
    up, down = ladder_chart(ladder_of(RECIPE, climbs)).data
    assert (up.name, down.name) == ("by transfer", "from scratch")
    assert (list(up.x), list(up.y)) == ([40], [0.9])
    assert up.error_y.array[0] > 0
