import json

import pytest

from tests.runs import fake_run
from tlcore.access import LOCAL
from tlcore.errors import RunError
from tlcore.nn import worker
from tlcore.recipe import Recipe
from tlcore.recipe.presets import find
from tlcore.runs.result import PhaseStory, story_of
from tlcore.runs.store import RunStore


@pytest.fixture
def store(monkeypatch):
    monkeypatch.setattr(worker, "load_engine", lambda threads: fake_run.train)
    return RunStore()


def finish(store, recipe=None, **given):
    run = store.submit(recipe or Recipe(epochs=3), by=LOCAL, **given).id
    attempt = store.claim(device="cpu", run=run)
    assert attempt is not None
    worker.work(store, attempt)
    return run


def test_a_story_gathers_what_the_store_knows(store):
    run = finish(store, name="mine")
    story = story_of(store, run, by=LOCAL)
    assert (story.run, story.name) == (run, "mine")
    assert story.recipe == Recipe(epochs=3)
    assert story.test.n == len(story.predictions) == 50
    assert [epoch["validation_accuracy"] for epoch in story.curves] == [0.7] * 3
    assert [epoch["seconds"] for epoch in story.curves] == [1.0, 2.0, 3.0]
    assert [phase.thawed for phase in story.phases] == ["head"]
    assert story.thaws == ()
    assert story.notes == ("This is a rehearsal.",)
    assert story.environment["threads"] >= 1
    assert story.outline is not None
    assert story.thumbnails is not None
    assert story.validation is not None
    assert len(story.validation) == 20
    assert story.folder == store.folder(run, by=LOCAL).path
    assert story.network == store.artifact(run, "best", by=LOCAL).name
    assert story.reported == {}


def test_a_preset_brings_what_was_reported(store):
    preset = find("c-scratch")
    story = story_of(store, finish(store, preset.recipe, preset="c-scratch"), by=LOCAL)
    assert story.reported["test_accuracy"] == 0.77
    assert story.as_reported
    assert story.from_scratch
    assert story.name == preset.title
    changed = preset.recipe.model_copy(update={"epochs": 1})
    story = story_of(store, finish(store, changed, preset="c-scratch"), by=LOCAL)
    assert not story.as_reported


def test_a_run_without_its_surroundings_still_has_a_story(store):
    run = finish(store)
    store.folder(run, by=LOCAL).environment.write_text("[1, 2")
    assert story_of(store, run, by=LOCAL).environment == {}
    store.folder(run, by=LOCAL).environment.write_text(json.dumps([1]))
    assert story_of(store, run, by=LOCAL).environment == {}


def test_a_run_that_was_not_tested_has_none(store):
    run = store.submit(Recipe(), by=LOCAL).id
    with pytest.raises(RunError, match="it is queued"):
        story_of(store, run, by=LOCAL)


def test_a_phase_began_when_it_first_did_however_often_the_run_went_on(monkeypatch, store):
    run = finish(store)
    began = {"event": "PhaseBegan", "thawed": "head", "trainable": 130}
    thawed = {"event": "PhaseBegan", "phase": 1, "thawed": "all", "trainable": 1000}
    events = (
        {**began, "epoch": 0, "phase": 0},
        {**thawed, "epoch": 1},
        {**thawed, "epoch": 2},
    )
    monkeypatch.setattr(store, "events", lambda run, by: events)
    story = story_of(store, run, by=LOCAL)
    assert story.phases == (PhaseStory(0, "head", 130), PhaseStory(1, "all", 1000))
    assert story.thaws == (PhaseStory(1, "all", 1000),)
