"""A sweep on the page Runs: one thing to watch, to judge and to stop; on Train: one to send."""

import pytest

from bench.support.archives import finish
from tests.ui.looking import button, open_page
from tlcore.access import LOCAL
from tlcore.recipe import Recipe
from tlcore.runs import sweeps
from tlcore.runs.states import State
from tlcore.runs.store import RunStore


@pytest.fixture
def store():
    return RunStore()


def sent(store):
    recipe = Recipe(name="mine")
    wanted = sweeps.variants(recipe, seeds=2, rates=[0.1, 0.01])
    return sweeps.submit(store, recipe, wanted, by=LOCAL)


def trained(store, count):
    for _ in range(count):
        attempt = store.claim(device="cpu")
        assert attempt is not None
        finish(store, attempt)


def rows(page):
    return next(each.value for each in page.dataframe if "setting" in each.value)


def test_without_a_sweep_the_page_says_nothing_of_them():
    assert "Sweeps" not in [each.value for each in open_page("runs").subheader]


def test_while_it_is_under_way_it_says_how_far_each_setting_is(store):
    sent(store)
    trained(store, 1)
    page = open_page("runs")
    assert "Sweeps" in [each.value for each in page.subheader]
    assert list(rows(page)["setting"]) == ["rate 0.1", "rate 0.01"]
    assert list(rows(page)["runs"]) == ["1 of 2 finished", "0 of 2 finished"]


def test_at_its_end_the_best_is_named_with_the_warning_that_it_may_be_luck(store):
    made = sent(store)
    trained(store, 4)
    page = open_page("runs", sweep=made)
    assert list(rows(page)["runs"]) == ["2 of 2 finished"] * 2
    assert all("%" in cell for cell in rows(page)["accuracy (95 %)"])
    (words,) = [each.value for each in page.warning if "best" in each.value]
    assert "may be luck" in words
    assert "chosen by the validation pictures" in words


def test_it_is_stopped_as_one(store):
    made = sent(store)
    button(open_page("runs"), "Stop the sweep").click().run()
    found = sweeps.find(store, made, by=LOCAL)
    assert {run.state for _, run in found.runs} == {State.STOPPED}


def test_train_sends_one(store, monkeypatch):
    from tlcore.ui.train import submit

    monkeypatch.setattr(submit, "ensure_dispatcher", lambda home: None)
    page = open_page("train")
    page.number_input(key="sweep seeds").set_value(2)
    page.text_input(key="sweep rates").set_value("0.1, 0.01").run()
    button(page, "Train 4 runs").click().run()
    (found,) = sweeps.sweeps(store, by=LOCAL)
    assert [setting for setting, _ in found.runs] == ["rate 0.1"] * 2 + ["rate 0.01"] * 2
