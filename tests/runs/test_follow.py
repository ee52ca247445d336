import json
from pathlib import Path

import pytest

from tests.runs import fake_run
from tlcore.analysis.predictions import Predictions
from tlcore.errors import NotFinite, RunError
from tlcore.events import Checkpoint, EpochDone, Event, StepDone
from tlcore.recipe import Recipe
from tlcore.runs.folder import RunFolder
from tlcore.runs.follow import follow

RECIPE = Recipe(name="rehearsal", epochs=3)


def never():
    return False


def ignore(event):
    pass


@pytest.fixture
def folder():
    return RunFolder.create(RECIPE, preset="demo-scratch")


def test_a_run_followed_to_its_end_leaves_everything_behind(folder):
    result = follow(folder, fake_run.train(RECIPE), show=ignore, stop=never)
    assert folder.state() == "finished"
    assert result is not None
    assert result == folder.read_result()
    assert result["report"]["accuracy"]["value"] == 43 / 50
    assert (result["epochs"], result["trainable"], result["parameters"]) == (3, 130, 1000)
    assert (result["preset"], result["recipe"]) == ("demo-scratch", RECIPE.id)
    assert len(Predictions.read(folder.predictions)) == 50
    assert folder.last.read_text() == "3"
    assert folder.best.read_text() == "network"
    assert len(folder.epochs()) == 3


def test_every_event_is_shown_and_steps_are_written_at_most_four_times_a_second(folder):
    shown: list[Event] = []
    many = (StepDone(0, i, 1000, 0.5, 1e-3, i / 100, save=lambda path: None) for i in range(1000))
    with pytest.raises(RunError, match="no result"):
        follow(folder, many, show=shown.append, stop=never)
    assert len(shown) == 1000
    assert len(folder.read_events()) <= 41


def test_a_long_epoch_is_saved_every_two_minutes(folder):
    saved: list[Path] = []
    slow = (StepDone(0, i, 10, 0.5, 1e-3, 60.0 * i, save=saved.append) for i in range(1, 11))
    with pytest.raises(RunError, match="no result"):
        follow(folder, slow, show=ignore, stop=never)
    assert saved == [folder.last] * 4


def test_a_stop_in_mid_epoch_saves_closes_the_run_and_leaves_it_interrupted(folder):
    seen: list[Event] = []
    events = fake_run.train(RECIPE)
    result = follow(
        folder,
        events,
        show=seen.append,
        stop=lambda: isinstance(seen[-1], StepDone) and seen[-1].epoch == 1,
    )
    assert result is None
    assert folder.last.read_text() == "1"
    assert folder.state() == "interrupted"
    assert list(events) == []


def test_a_stop_at_the_end_of_an_epoch_waits_for_its_checkpoint_and_goes_on_from_there(folder):
    seen: list[Event] = []
    follow(
        folder,
        fake_run.train(RECIPE),
        show=seen.append,
        stop=lambda: any(isinstance(event, EpochDone) for event in seen),
    )
    assert isinstance(seen[-1], Checkpoint)
    follow(folder, fake_run.train(RECIPE, resume=folder.last), show=ignore, stop=never)
    assert [e["epoch"] for e in folder.epochs()] == [0, 1, 2]
    assert folder.state() == "finished"


def test_a_stop_after_the_test_lets_the_run_finish(folder):
    seen: list[Event] = []
    result = follow(
        folder,
        fake_run.train(RECIPE),
        show=seen.append,
        stop=lambda: type(seen[-1]).__name__ == "Tested",
    )
    assert result is not None


def failing(error):
    events = fake_run.train(RECIPE)
    yield from (next(events) for _ in range(12))
    raise error


@pytest.mark.parametrize("error", [NotFinite("The loss became nan"), ZeroDivisionError("oops")])
def test_a_failure_is_written_down_and_passed_on(folder, error):
    with pytest.raises(type(error)):
        follow(folder, failing(error), show=ignore, stop=never)
    assert folder.state() == "failed"
    assert error.args[0] in json.dumps(folder.read_events()[-1])


def test_an_interrupt_closes_the_run_and_the_last_checkpoint_stands(folder):
    with pytest.raises(KeyboardInterrupt):
        follow(folder, failing(KeyboardInterrupt()), show=ignore, stop=never)
    assert folder.last.read_text() == "1"
    assert folder.state() == "interrupted"


def test_a_run_in_other_hands_is_not_begun(folder):
    def refuse_to_begin():
        raise AssertionError
        yield

    with folder.held(), pytest.raises(RunError, match="Another process"):
        follow(folder, refuse_to_begin(), show=ignore, stop=never)
    assert folder.read_events() == []
