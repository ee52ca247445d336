from xml.etree import ElementTree

import pytest

from tests.runs import fake_run
from tlcore.access import LOCAL
from tlcore.nn import worker
from tlcore.runs.store import RunStore


@pytest.fixture
def climb(command):
    """A small ladder: three epochs, so that runs of a rehearsal differ in nothing else."""
    return lambda *more: command(
        "curve", "shapes-probe", "--labels", "5,10", "--set", "epochs=3", *more
    )


def test_both_ways_are_trained_at_each_number_of_labels_and_told(climb):
    answer = climb()
    assert answer.code == 0
    assert "4 of 4 runs are to be done, " in answer.err
    assert "5 labels a class, from scratch" in answer.err
    recipes = [RunStore().recipe(run.id, by=LOCAL) for run in RunStore().list(by=LOCAL)]
    told = sorted((each.data.labels_per_class, each.model.weights) for each in recipes)
    assert told == [(5, "none"), (5, "pretrained"), (10, "none"), (10, "pretrained")]
    assert all(each.epochs == 3 for each in recipes)
    assert "86 % [74, 93]" in answer.out


def test_what_has_been_trained_is_not_trained_again(climb):
    climb()
    before = RunStore().list(by=LOCAL)
    answer = climb("--json")
    assert RunStore().list(by=LOCAL) == before
    assert "to be done" not in answer.err
    assert set(answer.json["runs"]) == {run.id for run in before}
    assert len(climb("--seeds", "2", "--json").json["runs"]) == 8


def test_an_interrupted_ladder_goes_on_where_it_was(climb, monkeypatch):
    def scratch_is_interrupted(recipe, **how):
        if recipe.model.weights == "none":
            raise KeyboardInterrupt
        yield from fake_run.train(recipe, **how)

    with monkeypatch.context() as patch:
        patch.setattr(worker, "load_engine", lambda threads: scratch_is_interrupted)
        answer = climb()
    assert answer.code == 130
    assert "Go on with the same command" in answer.err
    assert climb().code == 0
    assert len(RunStore().list(by=LOCAL)) == 4


def test_the_curve_is_drawn_where_it_was_asked_for(climb, tmp_path):
    path = tmp_path / "deep" / "curve.svg"
    assert climb("--out", str(path)).code == 0
    texts = "".join(ElementTree.parse(path).getroot().itertext())
    assert "by transfer" in texts
    assert "from scratch" in texts


def test_a_recipe_from_scratch_is_refused_in_words(command):
    answer = command("curve", "c-scratch")
    assert answer.code == 1
    assert "model.weights" in answer.err
    assert RunStore().list(by=LOCAL) == ()


@pytest.mark.parametrize("labels", ["", "0", "5,,10", "x", "5;10", "-1"])
def test_numbers_of_labels_that_are_none_are_refused(command, labels):
    answer = command("curve", "shapes-probe", f"--labels={labels}")
    assert answer.code == 2
    assert "whole numbers from 1 on" in answer.err
