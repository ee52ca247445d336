import errno
import json
import math
import time

import pytest

from tests.runs import fake_run
from tlcore import machine
from tlcore.access import LOCAL
from tlcore.analysis.predictions import Predictions
from tlcore.errors import CheckpointError, Fenced, NotFinite, RunError, StoreError
from tlcore.events import Checkpoint, EpochDone, Event, Note, StepDone, Tested
from tlcore.nn import worker
from tlcore.nn.worker import work
from tlcore.recipe import Recipe
from tlcore.runs import recorder
from tlcore.runs.results import read_predictions, read_result, read_validation
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import read_thumbnail

pytestmark = pytest.mark.processes

RECIPE = Recipe(name="rehearsal", epochs=3)


@pytest.fixture(autouse=True)
def save_every_epoch(monkeypatch):
    monkeypatch.setattr(recorder, "SHARE_OF_SAVING", math.inf)


@pytest.fixture
def train(monkeypatch):
    """Have the work done by a function of the test's instead of torch."""

    def use(train):
        monkeypatch.setattr(worker, "load_engine", lambda threads: train)

    use(fake_run.train)
    return use


@pytest.fixture
def store(train):
    return RunStore()


def claim(store, recipe=RECIPE, **given):
    run = store.submit(recipe, by=LOCAL, **given)
    attempt = store.claim(device="cpu", run=run.id)
    assert attempt is not None
    return attempt


def again(store, run):
    store.resume(run, by=LOCAL)
    attempt = store.claim(device="cpu", run=run)
    assert attempt is not None
    return attempt


def asking(store, attempt, what, when):
    """Events of a rehearsal; at one of them somebody asks, and the worker has heard it."""

    def train(recipe, *, resume=None, enough=lambda: False):
        for event in fake_run.train(recipe, resume=resume, enough=enough):
            if when(event):
                store.ask(attempt.run, what, by=LOCAL)
                time.sleep(0.6)
            yield event

    return train


def step_of(epoch):
    return lambda event: isinstance(event, StepDone) and (event.epoch, event.step) == (epoch, 2)


def failing_after(count, error):
    def train(recipe, *, resume=None, enough=lambda: False):
        events = fake_run.train(recipe, resume=resume)
        yield from (next(events) for _ in range(count))
        raise error

    return train


def state_of(store, run):
    found = store.get(run, by=LOCAL)
    return found.state, found.reason


def test_a_run_worked_to_its_end_leaves_everything_behind(store):
    attempt = claim(store, preset="demo-scratch")
    assert work(store, attempt) == State.FINISHED
    assert state_of(store, attempt.run) == (State.FINISHED, "all 3 epochs are done")
    result = read_result(store, attempt.run, by=LOCAL)
    assert result["report"]["accuracy"]["value"] == 43 / 50
    assert (result["epochs"], result["trainable"], result["parameters"]) == (3, 130, 1000)
    assert (result["preset"], result["recipe"]) == ("demo-scratch", RECIPE.id)
    assert len(read_predictions(store, attempt.run, by=LOCAL)) == 50
    validation = read_validation(store, attempt.run, by=LOCAL)
    assert validation is not None
    assert (len(validation), validation.correct.sum()) == (20, 14)
    best = store.artifact(attempt.run, "best", by=LOCAL)
    assert best is not None
    assert best.read_text() == "network"
    pictures = store.artifact(attempt.run, "pictures", by=LOCAL)
    assert pictures is not None
    assert read_thumbnail(pictures, 49).startswith(b"\xff\xd8")
    assert [state.path.read_text() for state in store.checkpoints(attempt.run, by=LOCAL)] == [
        "3",
        "2",
    ]
    folder = store.folder(attempt.run, by=LOCAL).path
    assert not list(folder.glob("attempt-*"))


def test_what_happened_can_be_read_back_and_drawn(store):
    attempt = claim(store)
    shown: list[Event] = []
    work(store, attempt, show=shown.append)
    said = [event["event"] for event in store.events(attempt.run, by=LOCAL)]
    assert said == [type(event).__name__ for event in shown if not isinstance(event, StepDone)]
    points = store.metrics(attempt.run, by=LOCAL)
    assert [p.epoch for p in points if p.name == "validation_accuracy"] == [0, 1, 2]
    assert store.get(attempt.run, by=LOCAL).epoch == 3
    assert store.get(attempt.run, by=LOCAL).progress == 0  # it ended before its first beat


def test_the_environment_tells_versions_and_threads_but_not_whose_machine_it_was(store):
    attempt = claim(store)
    work(store, attempt, threads=1)
    environment = json.loads(store.folder(attempt.run, by=LOCAL).environment.read_text())
    assert (environment["device"], environment["threads"]) == ("cpu", 1)
    assert {"torch", "numpy"} <= set(environment["libraries"])
    assert "host" not in json.dumps(environment)


def test_steps_are_kept_at_most_four_times_a_second(store, train):
    def many(recipe, *, resume=None, enough=None):
        events = fake_run.train(recipe)
        yield next(events)
        for i in range(1000):
            yield StepDone(0, i, 1000, 0.5, 1e-3, i / 100, save=lambda path: None)
        yield from events

    train(many)
    attempt = claim(store, Recipe(epochs=1))
    work(store, attempt)
    losses = [p for p in store.metrics(attempt.run, by=LOCAL) if p.name == "loss"]
    assert len(losses) <= 41 + 5


def test_a_long_epoch_is_saved_every_two_minutes(store, train):
    saves: list[float] = []

    def slow(recipe, *, resume=None, enough=None):
        events = fake_run.train(Recipe(epochs=0 + 1))
        yield next(events)
        for i in range(1, 11):
            yield StepDone(
                0, i, 10, 0.5, 1e-3, 60.0 * i, save=lambda p, i=i: saves.append(p.write_text("0"))
            )
        raise NotFinite("enough")

    train(slow)
    attempt = claim(store)
    with pytest.raises(NotFinite):
        work(store, attempt)
    assert len(saves) == 3


def test_saving_takes_a_small_share_of_the_time(store, train, monkeypatch):
    monkeypatch.setattr(recorder, "SHARE_OF_SAVING", 0.1)
    saves: list[int] = []

    def slow(path):
        time.sleep(0.05)
        saves.append(path.write_text("0"))

    def many(recipe, *, resume=None, enough=None):
        events = fake_run.train(recipe)
        yield next(events)
        for epoch in range(20):
            yield StepDone(epoch, 0, 1, 0.5, 1e-3, 0.0, save=slow)
            yield Checkpoint(epoch, 1, False, save=slow)
        yield from events

    train(many)
    work(store, claim(store))
    assert len(saves) == 1


# Asked to leave


@pytest.mark.parametrize("epoch", [0, 1])
def test_a_pause_saves_the_state_after_the_step_and_the_run_goes_on_from_there(store, train, epoch):
    attempt = claim(store)
    train(asking(store, attempt, "pause", step_of(epoch)))
    assert work(store, attempt) == State.PAUSED
    assert state_of(store, attempt.run) == (State.PAUSED, "paused on request")
    newest, *_ = store.checkpoints(attempt.run, by=LOCAL)
    assert newest.path.read_text() == str(epoch)

    train(fake_run.train)
    assert work(store, again(store, attempt.run)) == State.FINISHED
    started = [e for e in store.events(attempt.run, by=LOCAL) if e["event"] == "Started"]
    assert [event["resumed_at"] for event in started] == [0, epoch]


def test_a_pause_at_the_end_of_an_epoch_waits_for_its_checkpoint(store, train):
    attempt = claim(store)
    train(asking(store, attempt, "pause", lambda event: isinstance(event, EpochDone)))
    seen: list[Event] = []
    assert work(store, attempt, show=seen.append) == State.PAUSED
    assert isinstance(seen[-1], Checkpoint)
    assert store.checkpoints(attempt.run, by=LOCAL)[0].path.read_text() == "1"


def test_a_pause_before_the_first_step_saves_nothing(store, train):
    attempt = claim(store)
    train(asking(store, attempt, "pause", lambda event: isinstance(event, Note)))
    assert work(store, attempt) == State.PAUSED
    assert store.checkpoints(attempt.run, by=LOCAL) == ()


def test_a_pause_after_the_test_comes_too_late(store, train):
    attempt = claim(store)
    train(asking(store, attempt, "pause", lambda event: isinstance(event, Tested)))
    assert work(store, attempt) == State.FINISHED


def test_stop_keeps_and_tests_the_best_and_the_state_to_go_on_from(store, train):
    attempt = claim(store)
    train(asking(store, attempt, "stop", step_of(1)))
    assert work(store, attempt) == State.STOPPED
    _, reason = state_of(store, attempt.run)
    assert (
        reason == "stopped on request in epoch 2; the best network until then was kept and tested"
    )
    assert read_result(store, attempt.run, by=LOCAL)["epochs"] == 1
    train(fake_run.train)
    assert work(store, again(store, attempt.run)) == State.FINISHED
    assert read_result(store, attempt.run, by=LOCAL)["epochs"] == 3


def test_a_run_that_was_asked_to_stop_when_all_was_learned_has_finished(store, train):
    attempt = claim(store)
    last = lambda event: isinstance(event, Checkpoint) and event.epoch == 2  # noqa: E731
    train(asking(store, attempt, "stop", last))
    assert work(store, attempt) == State.FINISHED


def test_cancel_saves_nothing_more(store, train):
    attempt = claim(store)
    train(asking(store, attempt, "cancel", step_of(1)))
    assert work(store, attempt) == State.STOPPED
    assert state_of(store, attempt.run) == (State.STOPPED, "cancelled")
    assert [s.path.read_text() for s in store.checkpoints(attempt.run, by=LOCAL)] == ["1"]
    assert store.artifact(attempt.run, "best", by=LOCAL) is None


def test_a_request_is_heard_within_two_seconds(store, train):
    attempt = claim(store, Recipe(epochs=100))
    asked: list[float] = []

    def slow(recipe, *, resume=None, enough=None):
        for event in fake_run.train(recipe):
            if isinstance(event, StepDone):
                time.sleep(0.02)
                if not asked:
                    store.ask(attempt.run, "pause", by=LOCAL)
                    asked.append(time.monotonic())
            yield event

    train(slow)
    work(store, attempt)
    assert time.monotonic() - asked[0] < 2.0


def test_an_interrupt_pauses_the_run(store):
    attempt = claim(store)
    seen: list[Event] = []
    assert (
        work(store, attempt, show=seen.append, interrupted=lambda: step_of(1)(seen[-1]))
        == State.PAUSED
    )
    assert state_of(store, attempt.run) == (State.PAUSED, "interrupted")
    assert store.checkpoints(attempt.run, by=LOCAL)[0].path.read_text() == "1"


def test_an_interrupt_in_the_middle_of_anything_pauses_it_too(store, train):
    train(failing_after(12, KeyboardInterrupt()))
    attempt = claim(store)
    with pytest.raises(KeyboardInterrupt):
        work(store, attempt)
    assert state_of(store, attempt.run) == (State.PAUSED, "interrupted")
    assert store.checkpoints(attempt.run, by=LOCAL)[0].path.read_text() == "1"


# Whatever goes wrong


def test_a_refusal_of_the_lab_is_the_reason(store, train):
    error = NotFinite("The loss became nan", remedy="Lower the rate.")
    train(failing_after(12, error))
    attempt = claim(store)
    with pytest.raises(NotFinite):
        work(store, attempt)
    assert state_of(store, attempt.run) == (State.FAILED, str(error))
    assert store.checkpoints(attempt.run, by=LOCAL)[0].path.read_text() == "1"
    assert not store.folder(attempt.run, by=LOCAL).log.exists()


def test_a_bug_is_the_reason_and_its_traceback_is_in_the_log(store, train):
    train(failing_after(12, ZeroDivisionError("oops")))
    attempt = claim(store)
    with pytest.raises(ZeroDivisionError):
        work(store, attempt)
    assert state_of(store, attempt.run) == (State.FAILED, "ZeroDivisionError: oops")
    log = store.folder(attempt.run, by=LOCAL).log.read_text()
    assert "Traceback" in log
    assert "raise error" in log


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), State.PAUSED, "The disk is full"),
        (StoreError("The disk is full"), State.PAUSED, "The disk is full"),
        (MemoryError(), State.FAILED, "Memory ran out"),
        (RuntimeError("[enforce fail] can't allocate memory: you"), State.FAILED, "Memory ran out"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), State.FAILED, "Memory ran out"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), State.FAILED, "Memory ran out"),
        (OSError(errno.EIO, "Input/output error"), State.FAILED, "Input/output error"),
    ],
)
def test_the_true_reason_is_told(store, train, error, state, said):
    train(failing_after(12, error))
    attempt = claim(store)
    with pytest.raises(type(error)):
        work(store, attempt)
    found, reason = state_of(store, attempt.run)
    assert found == state
    assert said in reason
    assert store.checkpoints(attempt.run, by=LOCAL)[0].path.read_text() == "1"


def test_a_state_that_can_not_be_saved_pauses_the_run_and_the_one_before_it_stands(store, train):
    def full(path):
        path.write_text("half of it")
        raise CheckpointError("The file could not be saved: No space left on device")

    def train_until_full(recipe, *, resume=None, enough=None):
        for event in fake_run.train(recipe):
            yield (
                Checkpoint(1, 5, True, save=full)
                if isinstance(event, Checkpoint) and event.epoch == 1
                else event
            )

    train(train_until_full)
    attempt = claim(store)
    with pytest.raises(StoreError):
        work(store, attempt)
    state, reason = state_of(store, attempt.run)
    assert state == State.PAUSED
    assert "No space left" in reason
    train(fake_run.train)
    assert work(store, again(store, attempt.run)) == State.FINISHED


def test_for_want_of_space_a_run_that_shall_stop_is_not_left_paused(store, train):
    attempt = claim(store)
    store.ask(attempt.run, "cancel", by=LOCAL)
    train(failing_after(2, StoreError("The disk is full")))
    with pytest.raises(StoreError):
        work(store, attempt)
    assert state_of(store, attempt.run) == (State.STOPPED, "The disk is full")


# Going on


def test_a_damaged_state_is_passed_over_and_that_is_said(store, train):
    train(failing_after(19, KeyboardInterrupt()))
    attempt = claim(store)
    with pytest.raises(KeyboardInterrupt):
        work(store, attempt)
    newest, before = store.checkpoints(attempt.run, by=LOCAL)
    assert (newest.path.read_text(), before.path.read_text()) == ("2", "1")
    newest.path.write_text("rubbish")

    train(fake_run.train)
    assert work(store, again(store, attempt.run)) == State.FINISHED
    events = store.events(attempt.run, by=LOCAL)
    assert [e["resumed_at"] for e in events if e["event"] == "Started"] == [0, 1]
    assert any("passed over" in e.get("text", "") for e in events)


def test_a_run_without_any_state_that_can_be_used_does_not_begin_anew_in_silence(store, train):
    train(failing_after(12, KeyboardInterrupt()))
    attempt = claim(store)
    with pytest.raises(KeyboardInterrupt):
        work(store, attempt)
    store.checkpoints(attempt.run, by=LOCAL)[0].path.write_text("rubbish")
    train(fake_run.train)
    with pytest.raises(CheckpointError):
        work(store, again(store, attempt.run))
    assert state_of(store, attempt.run)[0] == State.FAILED


def test_a_run_keeps_to_its_number_of_threads(store, monkeypatch):
    threads: list[int] = []

    def engine(train):
        def load(number):
            threads.append(number)
            return train

        return load

    monkeypatch.setattr(worker, "load_engine", engine(failing_after(2, NotFinite("no"))))
    monkeypatch.setattr(machine, "cores", lambda: 8)
    attempt = claim(store)
    with pytest.raises(NotFinite):
        work(store, attempt, threads=3)
    monkeypatch.setattr(worker, "load_engine", engine(fake_run.train))
    work(store, again(store, attempt.run), threads=5)
    assert threads == [3, 3]


def test_a_machine_with_fewer_cores_computes_with_fewer_threads_and_says_so(
    store, train, monkeypatch
):
    train(failing_after(2, NotFinite("no")))
    monkeypatch.setattr(machine, "cores", lambda: 8)
    attempt = claim(store)
    with pytest.raises(NotFinite):
        work(store, attempt, threads=8)
    train(fake_run.train)
    monkeypatch.setattr(machine, "cores", lambda: 2)
    work(store, again(store, attempt.run))
    texts = [e.get("text", "") for e in store.events(attempt.run, by=LOCAL)]
    assert any("2 now, 8 before" in text for text in texts)


# The right to it


def test_a_worker_that_was_replaced_stops_and_writes_nothing_more(store, train, monkeypatch):
    attempt = claim(store)

    def overtaken(recipe, *, resume=None, enough=None):
        for event in fake_run.train(recipe):
            if step_of(1)(event):
                store.end(attempt, State.PAUSED, "taken away")
            yield event

    train(overtaken)
    with pytest.raises(Fenced):
        work(store, attempt)
    assert state_of(store, attempt.run) == (State.PAUSED, "taken away")
    assert store.checkpoints(attempt.run, by=LOCAL)[0].path.read_text() == "1"


def test_a_run_in_other_hands_is_not_begun(store):
    attempt = claim(store)
    with store.folder(attempt.run, by=LOCAL).held(), pytest.raises(RunError, match="Another"):
        work(store, attempt)
    assert store.get(attempt.run, by=LOCAL).state == State.STARTING


def test_the_predictions_are_those_of_the_network_that_was_kept(store):
    attempt = claim(store)
    work(store, attempt)
    table = read_predictions(store, attempt.run, by=LOCAL)
    assert isinstance(table, Predictions)
    assert int(table.correct.sum()) == 43
