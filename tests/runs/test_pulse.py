import threading
import time

import pytest

from tlcore.access import LOCAL
from tlcore.errors import Fenced, StoreError
from tlcore.events import Note, StepDone
from tlcore.recipe import Recipe
from tlcore.runs import recorder as module
from tlcore.runs.identity import own
from tlcore.runs.recorder import Pulse
from tlcore.runs.states import State
from tlcore.runs.store import RunStore


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(module, "TICK", 0.02)
    monkeypatch.setattr(module, "BEAT", 0.05)


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def attempt(store):
    run = store.submit(Recipe(), by=LOCAL)
    attempt = store.claim(device="cpu", run=run.id)
    store.begin(attempt, own(), {})
    return attempt


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_beats_also_while_a_step_takes_long(store, attempt):
    updated = store.get(attempt.run, by=LOCAL).updated
    with Pulse(store, attempt):
        until(lambda: store.get(attempt.run, by=LOCAL).updated > updated)


def test_what_is_told_is_written_down_soon(store, attempt):
    with Pulse(store, attempt) as pulse:
        pulse.tell(Note("hear, hear"))
        until(lambda: store.events(attempt.run, by=LOCAL))
    assert [e["text"] for e in store.events(attempt.run, by=LOCAL)] == ["hear, hear"]


def test_everything_told_by_many_at_once_is_written_once_and_in_order(store, attempt):
    with Pulse(store, attempt) as pulse:
        for i in range(500):
            pulse.tell(StepDone(0, i, 500, 0.5, 1e-3, i / 1000, save=lambda path: None))
            if i % 100 == 0:
                pulse.flush()
        pulse.flush()
    steps = [p.step for p in store.metrics(attempt.run, by=LOCAL) if p.name == "loss"]
    assert steps == list(range(500))


def test_headway_is_what_was_told_and_what_was_computed(store, attempt):
    with Pulse(store, attempt) as pulse:
        for _ in range(1000):
            pulse.tell()
        until(lambda: store.get(attempt.run, by=LOCAL).progress >= 1000)
        before = time.process_time()
        while time.process_time() - before < 1.2:
            pass
        until(lambda: store.get(attempt.run, by=LOCAL).progress > 1000)


def test_what_is_asked_is_heard(store, attempt):
    with Pulse(store, attempt) as pulse:
        assert pulse.asked is None
        store.ask(attempt.run, "pause", by=LOCAL)
        until(lambda: pulse.asked == "pause")


def test_whoever_has_lost_the_right_hears_of_it(store, attempt):
    with Pulse(store, attempt) as pulse:
        pulse.check()
        store.end(attempt, State.PAUSED, "taken away")
        with pytest.raises(Fenced):
            until(lambda: pulse.check())


def test_a_disk_that_has_space_again_soon_is_no_trouble(store, attempt, monkeypatch):
    record, failures = store.record, [StoreError("The disk is full")] * 3

    def fail(*given):
        if failures:
            raise failures.pop()
        record(*given)

    monkeypatch.setattr(store, "record", fail)
    with Pulse(store, attempt) as pulse:
        pulse.tell(Note("hear, hear"))
        until(lambda: store.events(attempt.run, by=LOCAL))
        pulse.check()
    assert len(store.events(attempt.run, by=LOCAL)) == 1


def test_a_disk_that_stays_full_for_a_lease_is(store, attempt, monkeypatch):
    def fail(*given, **named):
        raise StoreError("The disk is full")

    monkeypatch.setattr(module, "LEASE", 0.2)
    monkeypatch.setattr(store, "beat", fail)
    with Pulse(store, attempt) as pulse, pytest.raises(StoreError, match="full"):
        until(lambda: pulse.check())


def test_a_bug_in_the_thread_comes_to_light(store, attempt, monkeypatch):
    monkeypatch.setattr(store, "beat", lambda *given, **named: 1 / 0)
    with Pulse(store, attempt) as pulse, pytest.raises(ZeroDivisionError):
        until(lambda: pulse.check())


def test_no_thread_is_left_behind(store, attempt):
    before = threading.active_count()
    with Pulse(store, attempt):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
