import pytest

from tests.runs import fake_run
from tlcore.presets import find
from tlcore.recipe import Recipe
from tlcore.runs.folder import RunFolder
from tlcore.runs.follow import follow


def finish(name="mine", epochs=3, *, recipe=None, preset="", test=50):
    recipe = recipe or Recipe(name=name, epochs=epochs)
    folder = RunFolder.create(recipe, preset=preset)
    events = fake_run.train(recipe, test=test)
    follow(folder, events, show=lambda event: None, stop=lambda: False)
    return folder.id


def test_runs_stand_side_by_side_with_what_sets_them_apart(command):
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


def test_json_has_all_numbers_whole(command):
    answer = command("compare", finish("short", 1), finish("long", 8), "--json")
    first, second = answer.json["runs"]
    assert (first["accuracy"]["value"], second["accuracy"]["value"]) == (0.82, 0.96)
    assert first["difference"] is None
    assert second["difference"]["value"] == pytest.approx(0.14)
    assert (second["epochs"], second["trainable"]) == (8, 130)


def test_runs_on_other_test_pictures_have_no_difference(command):
    answer = command("compare", finish(), finish(test=40), "--json")
    assert answer.json["runs"][1]["difference"] is None


def test_what_was_reported_stands_beside_what_was_measured(command):
    preset = find("c-scratch")
    answer = command("compare", finish(recipe=preset.recipe, preset="c-scratch"))
    assert "c-scratch" in answer.out
    assert " 77.0% " in answer.out
    assert "not measured here" in answer.out


def test_a_preset_that_was_changed_is_marked_as_such(command):
    changed = find("c-scratch").recipe.model_copy(update={"epochs": 1})
    run = finish(recipe=changed, preset="c-scratch")
    assert "77.0% *" in command("compare", run).out
    row = command("compare", run, "--json").json["runs"][0]
    assert row["reported"]["test_accuracy"] == 0.77
    assert not row["as_reported"]


def test_a_preset_that_is_no_more_is_not_missed(command):
    answer = command("compare", finish(preset="of-last-year"), "--json")
    assert answer.json["runs"][0]["reported"] == {}


def test_a_run_that_has_not_finished_says_how_to_finish_it(command):
    folder = RunFolder.create(Recipe())
    answer = command("compare", finish(), folder.id)
    assert answer.code == 1
    assert "it is interrupted" in answer.err
    assert f"resume {folder.id}" in answer.err


def test_an_unknown_run_suggests_the_nearest(command):
    run = finish()
    answer = command("compare", run[:-1] + "x")
    assert answer.code == 1
    assert f"Did you mean {run}?" in answer.err
