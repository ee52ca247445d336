import json

import pytest

from tests.runs import fake_run
from tlcore import paths
from tlcore.access import LOCAL
from tlcore.nn import worker
from tlcore.runs.store import RunStore
from tlcore.studies.reproduce import book as book_module


@pytest.fixture
def quick(command):
    """The quick table of the demo's two rows: no others have data and weights in a test."""
    return lambda *more: command("reproduce", "--quick", *more)


def book():
    return json.loads((paths.home() / "reproduce" / "results.json").read_text())["runs"]


def test_each_run_is_written_down_with_its_machine_and_the_page_beside(quick):
    answer = quick("--json")
    assert answer.code == 0
    found = {each["row"]: each for each in book().values()}
    assert set(found) == {"demo-transfer", "demo-scratch"}
    assert all("cores" in each["hardware"] and each["commit"] for each in found.values())
    assert len(found["demo-scratch"]["curve"]) == 30
    page = (paths.home() / "reproduce" / "RESULTS.md").read_text()
    assert "| E |" in page
    assert (paths.home() / "reproduce" / "results.svg").exists()


def test_what_is_in_the_book_is_not_measured_again(quick):
    quick()
    before = RunStore().list(by=LOCAL)
    assert quick().code == 0
    assert RunStore().list(by=LOCAL) == before


def test_the_page_is_written_again_without_measuring_anything(quick):
    quick("--only", "demo-scratch")
    page = paths.home() / "reproduce" / "RESULTS.md"
    page.unlink()
    assert quick("--page").code == 0
    assert page.exists()
    assert len(book()) == 1


def test_an_interrupted_reproduce_keeps_what_is_finished_and_goes_on(quick, monkeypatch):
    def second_is_interrupted(recipe, **how):
        if recipe.model.weights == "none":
            raise KeyboardInterrupt
        yield from fake_run.train(recipe, **how)

    with monkeypatch.context() as patch:
        patch.setattr(worker, "load_engine", lambda threads: second_is_interrupted)
        answer = quick()
    assert answer.code == 130
    assert "Go on with the same command" in answer.err
    assert [each["row"] for each in book().values()] == ["demo-transfer"]
    assert quick().code == 0
    assert len(book()) == len(RunStore().list(by=LOCAL)) == 2


def test_more_seeds_are_added_to_those_that_are_there(quick):
    quick("--only", "demo-scratch")
    quick("--only", "demo-scratch", "--seeds", "3")
    assert sorted(each["seed"] for each in book().values()) == [0, 1, 2]
    assert len(RunStore().list(by=LOCAL)) == 3


def test_a_row_that_is_not_there_is_an_error_that_suggests_one(quick):
    answer = quick("--only", "demo-scrach")
    assert answer.code == 1
    assert "demo-scratch" in answer.err


def test_without_git_the_version_stands_for_the_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.setattr(book_module, "commit", book_module.commit.__wrapped__)
    assert book_module.commit()
