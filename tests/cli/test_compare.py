import pytest

from tests.runs import fake_run
from tlcore.access import LOCAL
from tlcore.nn import worker
from tlcore.recipe import Recipe
from tlcore.recipe.presets import find
from tlcore.runs.store import RunStore


@pytest.fixture
def finish(monkeypatch):
    """Have a rehearsal done to its end, and give its id."""

    def finish(name="mine", epochs=3, *, recipe=None, preset="", test=50):
        def train(recipe, *, resume=None, enough):
            return fake_run.train(recipe, enough=enough, test=test)

        monkeypatch.setattr(worker, "load_engine", lambda threads: train)
        store = RunStore()
        run = store.submit(recipe or Recipe(name=name, epochs=epochs), by=LOCAL, preset=preset)
        attempt = store.claim(device="cpu", run=run.id)
        assert attempt is not None
        worker.work(store, attempt)
        return run.id

    return finish


def test_runs_stand_side_by_side_with_what_sets_them_apart(command, finish):
    answer = command("compare", finish("short", 1), finish("long", 8))
    assert answer.code == 0
    head, first, second, *_ = answer.out.splitlines()
    assert head.split()[:3] == ["run", "name", "accuracy"]
    assert "short" in first
    assert "82.0%" in first
    assert first.endswith("-")
    assert "long" in second
    assert "96.0%" in second
    assert "+14.0 (+" in second


def test_json_has_all_numbers_whole(command, finish):
    answer = command("compare", finish("short", 1), finish("long", 8), "--json")
    first, second = answer.json["runs"]
    assert (first["accuracy"]["value"], second["accuracy"]["value"]) == (0.82, 0.96)
    assert first["difference"] is None
    assert second["difference"]["value"] == pytest.approx(0.14)
    assert (second["epochs"], second["trainable"]) == (8, 130)


def test_runs_on_other_test_pictures_have_no_difference(command, finish):
    answer = command("compare", finish(), finish(test=40), "--json")
    assert answer.json["runs"][1]["difference"] is None


def test_what_was_reported_stands_beside_what_was_measured(command, finish):
    preset = find("c-scratch")
    answer = command("compare", finish(recipe=preset.recipe, preset="c-scratch"))
    assert "c-scratch" in answer.out
    assert " 77.0% " in answer.out
    assert "not measured here" in answer.out


def test_a_preset_that_was_changed_is_marked_as_such(command, finish):
    changed = find("c-scratch").recipe.model_copy(update={"epochs": 1})
    run = finish(recipe=changed, preset="c-scratch")
    assert "77.0% *" in command("compare", run).out
    row = command("compare", run, "--json").json["runs"][0]
    assert row["reported"]["test_accuracy"] == 0.77
    assert not row["as_reported"]


def test_a_preset_that_is_no_more_is_not_missed(command, finish):
    answer = command("compare", finish(preset="of-last-year"), "--json")
    assert answer.json["runs"][0]["reported"] == {}


def test_a_run_that_has_not_finished_says_what_it_does_instead(command, finish):
    run = RunStore().submit(Recipe(), by=LOCAL)
    answer = command("compare", finish(), run.id)
    assert answer.code == 1
    assert "it is queued" in answer.err
    RunStore().ask(run.id, "cancel", by=LOCAL)
    answer = command("compare", finish(), run.id)
    assert "it is stopped" in answer.err
    assert f"resume {run.id}" in answer.err


def test_an_unknown_run_suggests_the_nearest(command, finish):
    run = finish()
    answer = command("compare", run[:-1] + "x")
    assert answer.code == 1
    assert f"Did you mean {run}?" in answer.err
