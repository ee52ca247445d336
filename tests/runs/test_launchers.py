"""Three verbs, and what they promise wherever a worker works."""

from contextlib import suppress
from threading import Thread

import pytest

from tests.runs import rehearsal
from tests.runs.rehearsal import Rehearsals, submit, until
from tlcore.access import LOCAL
from tlcore.errors import Fenced, ThawError
from tlcore.nn import worker
from tlcore.runs.launchers import Inline
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.supervise import family

pytestmark = pytest.mark.processes


@pytest.fixture
def store():
    return RunStore()


class InAThread(Inline):
    """This process goes on meanwhile, so that it can ask."""

    def __init__(self, store, work):
        super().__init__(store, work)
        self.threads = []

    def submit(self, attempt, threads):
        def work():
            with suppress(ThawError):  # it is the run's reason
                super(InAThread, self).submit(attempt, threads)

        self.threads.append(Thread(target=work, daemon=True))
        self.threads[-1].start()

    def settle(self):
        for thread in self.threads:
            thread.join(60)


class Apart(Rehearsals):
    """Its workers can be waited for."""

    def settle(self):
        for process in self.started:
            process.wait(60)


@pytest.fixture(params=["inline", "local"])
def launcher(request, store, monkeypatch):
    """Each of them, with workers that need no torch."""
    if request.param == "inline":
        monkeypatch.setattr(worker, "load_engine", lambda threads: rehearsal.train)
        yield InAThread(store, worker.work)
        return
    launcher = Apart(store)
    yield launcher
    for process in launcher.started:
        process.kill()
        process.wait()


def claimed(store, name="quick", epochs=1):
    run = submit(store, name, epochs=epochs)
    attempt = store.claim(device="cpu", run=run)
    assert attempt is not None
    return attempt


def state(store, attempt):
    return store.get(attempt.run, by=LOCAL).state


def test_what_is_submitted_is_worked_on_to_its_end(store, launcher):
    attempt = claimed(store)
    assert launcher.state(attempt) == "waiting"
    launcher.submit(attempt, 1)
    launcher.settle()
    assert launcher.state(attempt) == "gone"
    assert state(store, attempt) == State.FINISHED
    assert store.artifact(attempt.run, "result", by=LOCAL)


def test_while_it_is_worked_on_that_is_said_and_its_points_come(store, launcher):
    attempt = claimed(store, "slow", epochs=30)
    launcher.submit(attempt, 1)
    until(lambda: launcher.state(attempt) == "working")
    until(lambda: store.metrics(attempt.run, by=LOCAL))
    assert state(store, attempt) == State.RUNNING
    launcher.cancel(attempt)
    until(lambda: launcher.cancel(attempt))


def test_submitted_twice_it_is_worked_on_once(store, launcher):
    attempt = claimed(store, "slow", epochs=3)
    for _ in range(2):
        launcher.submit(attempt, 1)
    launcher.settle()
    assert launcher.state(attempt) == "gone"
    assert state(store, attempt) == State.FINISHED
    told = [event.get("event") for event in store.events(attempt.run, by=LOCAL)]
    assert told.count("Started") == 1


def test_cancelled_nothing_of_it_is_left_and_it_can_go_on(store, launcher):
    attempt = claimed(store, "slow", epochs=200)
    launcher.submit(attempt, 1)
    until(lambda: store.checkpoints(attempt.run, by=LOCAL))
    working = store.worker(attempt.run)
    until(lambda: launcher.cancel(attempt))
    if state(store, attempt).active:  # it was killed, and its run is told so by whoever killed it
        store.lose(attempt, "it was cancelled")
        assert working is not None
        assert family(working) == ()
    assert launcher.state(attempt) == "gone"
    with pytest.raises(Fenced):
        store.beat(attempt, progress=1)
    store.resume(attempt.run, by=LOCAL)
    again = store.claim(device="cpu", run=attempt.run)
    assert again is not None
    assert launcher.state(again) == "waiting"


def test_an_attempt_that_comes_late_writes_nothing(store, launcher):
    late = claimed(store)
    store.lose(late, "nobody heard of it")
    store.resume(late.run, by=LOCAL)
    now = store.claim(device="cpu", run=late.run)
    assert now is not None
    launcher.submit(now, 1)
    launcher.settle()
    told = store.events(now.run, by=LOCAL)
    launcher.submit(late, 1)
    launcher.settle()
    assert launcher.state(late) == launcher.state(now) == "gone"
    assert state(store, now) == State.FINISHED
    assert store.events(now.run, by=LOCAL) == told
    assert {event["attempt"] for event in told} == {now.number}
