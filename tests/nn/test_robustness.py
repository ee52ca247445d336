"""A run's network under corruption: measured on its own test pictures, once, and resumably."""

from contextlib import closing

import numpy as np
import pytest
import torch

from tests.runs.small import train_small
from tlcore.access import LOCAL
from tlcore.analysis.robustness import Case
from tlcore.data import load
from tlcore.errors import AnswerError, RunError
from tlcore.nn import robustness
from tlcore.nn.corruptions import corrupt
from tlcore.nn.engine.saved_network import load_network
from tlcore.nn.robustness import Judge, corrupted, measure
from tlcore.recipe import Recipe
from tlcore.runs.jobs import MEASUREMENT
from tlcore.runs.lock import locked
from tlcore.runs.robustness import read_robustness

CASES = [Case("contrast", 5), Case("gaussian-noise", 1), Case("gaussian-noise", 5)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train_small(tmp_path_factory.mktemp("home"))


@pytest.fixture
def run(trained):
    """The same run, of which nothing is known yet."""
    folder(trained).joinpath("robustness.json").unlink(missing_ok=True)
    return trained


def folder(run):
    return run.store.folder(run.id, by=LOCAL).path


def known(run):
    return read_robustness(folder(run), run.network.name)


def measured(run, cases=CASES, most=100):
    return list(measure(run.store, run.id, by=LOCAL, cases=cases, most=most))


def test_the_judge_says_what_the_runs_own_test_said(run):
    judge = Judge(load_network(run.network), torch.device("cpu"))
    test = load(run.recipe.data, run.recipe.input).test
    np.testing.assert_allclose(judge.says(test), run.predictions.probabilities, atol=1e-5)


def test_every_case_is_measured_and_kept_with_the_clean_pictures(run):
    steps = measured(run)
    found = known(run)
    assert [step.case for step in steps] == CASES == list(found.corrupted)
    assert [(step.done, step.total) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert np.array_equal(found.clean, run.predictions.correct)
    for step in steps:
        assert step.accuracy.value == found.corrupted[step.case].mean()


def test_what_is_measured_is_what_the_network_says_of_corrupted_pictures(run):
    measured(run, CASES[2:])
    test = load(run.recipe.data, run.recipe.input).test
    keepsake = load_network(run.network)
    pixels = corrupt(torch.from_numpy(np.array(test.pixels)), "gaussian-noise", 5)
    with torch.inference_mode():
        called = keepsake.network(keepsake.prepare(pixels)).argmax(dim=1).numpy()
    assert np.array_equal(known(run).corrupted[CASES[2]], called == test.labels)


def test_whoever_is_interrupted_goes_on_from_there(run, monkeypatch):
    with closing(measure(run.store, run.id, by=LOCAL, cases=CASES, most=100)) as steps:
        next(steps)
        next(steps)
    before = known(run)
    assert list(before.corrupted) == CASES[:2]
    made = []

    def note(pictures, case, seed):
        made.append(case)
        return corrupted(pictures, case, seed)

    monkeypatch.setattr(robustness, "corrupted", note)
    assert len(measured(run)) == 3
    assert made == CASES[2:]
    assert measured(run)[2].accuracy == measured(run)[2].accuracy
    assert made == CASES[2:]


def test_fewer_pictures_are_drawn_from_all_of_them_and_measured_anew(run):
    measured(run, CASES[:1])
    before = known(run).pictures
    measured(run, CASES[1:2], most=7)
    found = known(run)
    assert len(found.clean) == 7
    assert list(found.corrupted) == CASES[1:2]
    assert found.pictures != before


def test_two_runs_with_the_same_test_pictures_are_about_the_same_pictures(run, tmp_path):
    other = train_small(tmp_path / "other", seed=1)
    for each in (run, other):
        measured(each, CASES[:1], most=9)
    assert known(run).pictures == known(other).pictures
    assert known(run).clean.shape == known(other).clean.shape


def test_two_processes_do_not_measure_the_same_run(run):
    with locked(MEASUREMENT.of(folder(run)).lock), pytest.raises(RunError, match="already"):
        measured(run)


def test_a_run_without_a_network_says_what_it_is(run):
    waiting = run.store.submit(Recipe(), by=LOCAL).id
    with pytest.raises(AnswerError, match="queued"):
        list(measure(run.store, waiting, by=LOCAL, cases=CASES, most=5))


def test_data_that_have_changed_since_are_noticed(run, monkeypatch):
    def load_others(data, input):
        splits = load(data, input)
        rows = np.arange(len(splits.test))[::-1].copy()
        object.__setattr__(splits, "test", splits.test.take(rows))
        return splits

    monkeypatch.setattr(robustness, "load", load_others)
    with pytest.raises(RunError, match="no longer"):
        measured(run)
