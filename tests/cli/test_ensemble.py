import pytest

from tests.runs.examined import examined, predict
from tlcore.access import LOCAL
from tlcore.recipe import Recipe
from tlcore.runs.store import RunStore

TRUE = [0, 1, 2] * 20
CLASSES = ("cat", "dog", "fox")


@pytest.fixture
def store():
    return RunStore()


def made(store, wrong, true=TRUE):
    called = [(label + 1) % 3 if row in wrong else label for row, label in enumerate(true)]
    return examined(store, predict(called, true, CLASSES), pictures=False)


@pytest.fixture
def three(store):
    """Each errs on ten pictures of its own, where the other two are right."""
    return [made(store, range(start, start + 10)) for start in (0, 10, 20)]


def test_it_says_what_they_say_together_and_what_that_gains(command, three):
    answer = command("ensemble", *three)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert [line.split()[-4] for line in lines[1:4]] == ["83.3%"] * 3
    assert "all together" in lines[4]
    assert "100.0%" in lines[4]
    assert "over the best alone     +16.7 (" in answer.out
    assert "voting helps here" in answer.out


def test_json_has_all_numbers_whole(command, three):
    fields = command("ensemble", *three, "--json").json
    assert fields["accuracy"]["value"] == 1.0
    assert fields["n"] == 60
    assert fields["best"] == three[0]
    assert fields["over_best"]["value"] == pytest.approx(1 / 6)
    assert fields["mcnemar"]["fixed"] == 10


def test_runs_on_other_pictures_are_refused(command, store, three):
    answer = command("ensemble", three[0], made(store, [], TRUE[:30]))
    assert answer.code == 1
    assert "Run 2 was not tested on the same pictures" in answer.err
    assert "What to do" in answer.err


def test_a_run_has_one_vote_and_alone_there_is_none(command, three):
    assert "named twice" in command("ensemble", three[0], three[0]).err
    assert "at least two" in command("ensemble", three[0]).err


def test_a_run_that_has_not_finished_says_what_it_does_instead(command, store, three):
    waiting = store.submit(Recipe(), by=LOCAL).id
    assert "it is queued" in command("ensemble", three[0], waiting).err
