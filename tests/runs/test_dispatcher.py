import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from tests.runs.rehearsal import Rehearsals, submit, until, until_at_work
from tlcore import paths
from tlcore.access import LOCAL, Rules
from tlcore.errors import DataError, StoreError, ThawError
from tlcore.runs import dispatcher, supervise
from tlcore.runs.dispatcher import Dispatcher, ensure_dispatcher
from tlcore.runs.identity import SYSTEM, Clock, is_alive, of
from tlcore.runs.lock import is_locked
from tlcore.runs.records import BEAT, LEASE
from tlcore.runs.spawn import claiming
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.supervise import Patience, family

pytestmark = pytest.mark.processes


@pytest.fixture(autouse=True)
def one_slot(monkeypatch):
    monkeypatch.setenv("TL_SLOTS", "cpu=1")
    monkeypatch.setattr(dispatcher, "LOOK", 0.05)


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def launcher(store):
    launcher = Rehearsals(store)
    yield launcher
    for process in launcher.started:
        process.kill()
        process.wait()


@pytest.fixture
def step(store, launcher):
    """Let a dispatcher in this process take a step, until something holds."""
    local = Dispatcher(store, launcher)

    def step(condition=None, seconds=20.0):
        deadline = time.monotonic() + seconds
        local.step()
        while condition is not None and not condition():
            assert time.monotonic() < deadline, "it took too long"
            time.sleep(0.02)
            local.step()

    return step


@pytest.fixture
def elsewhere():
    """Start dispatchers in processes of their own."""
    begun = []

    def start(idle=60.0):
        command = [sys.executable, "-m", "tests.runs.rehearsal", "dispatcher", "--idle", f"{idle}"]
        process = subprocess.Popen(command, cwd=paths.PROJECT, start_new_session=True)
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait()


def state(store, run):
    return store.get(run, by=LOCAL).state


def is_left(store, run):
    return lambda: not state(store, run).active and state(store, run) != State.QUEUED


# The queue


def test_the_queue_is_drained_one_run_at_a_time(store, launcher, step):
    first, second = submit(store), submit(store)
    step()
    assert state(store, first) == State.STARTING
    assert state(store, second) == State.QUEUED
    step(is_left(store, second))
    assert [state(store, run) for run in (first, second)] == [State.FINISHED] * 2
    starts = [store.history(run, by=LOCAL)[1].at for run in (first, second)]
    assert starts[1] > store.history(first, by=LOCAL)[-1].at
    assert len(launcher.started) == 2


def test_a_device_takes_as_many_runs_as_it_has_room_for(store, step, monkeypatch):
    monkeypatch.setenv("TL_SLOTS", "cpu=2")
    runs = [submit(store, "slow", epochs=3) for _ in range(3)]
    step()
    assert [state(store, run) for run in runs] == [State.STARTING] * 2 + [State.QUEUED]
    step(is_left(store, runs[2]))


def test_a_run_that_somebody_works_on_at_a_terminal_takes_room_as_well(store, launcher, step):
    run = submit(store)
    assert store.claim(device="cpu", run=run)
    submit(store)
    step()
    assert launcher.started == []


def test_whoever_claims_a_run_for_themselves_gets_it(store, launcher, step):
    with claiming(store.home):
        submit(store)
        step()
    assert launcher.started == []
    step()
    assert len(launcher.started) == 1


def test_nothing_is_claimed_before_a_worker_could_start_at_once(store, launcher, step, monkeypatch):
    run = submit(store)
    monkeypatch.setattr(launcher, "is_ready", lambda: False)
    step()
    assert state(store, run) == State.QUEUED


# Whatever happens to workers


def test_a_killed_worker_is_found_at_once_and_its_run_goes_on_where_it_stood(store, step):
    run = submit(store, "slow", epochs=20)
    step(lambda: store.checkpoints(run, by=LOCAL))
    worker = store.worker(run)
    os.kill(worker.pid, signal.SIGKILL)
    step(is_left(store, run))
    assert state(store, run) == State.FINISHED
    events = store.events(run, by=LOCAL)
    attempts = [(e["attempt"], e["resumed_at"]) for e in events if e["event"] == "Started"]
    assert attempts[0] == (1, 0)
    assert attempts[1][0] == 2
    assert attempts[1][1] > 0
    lost = [change for change in store.history(run, by=LOCAL) if change.after == State.LOST]
    assert lost[0].why == f"its process ({worker.pid}) ended without a word"


def test_a_run_that_never_gets_anywhere_is_left_lost_after_three_attempts(store, launcher, step):
    run = submit(store, "crash")
    step(lambda: state(store, run) == State.LOST and store.get(run, by=LOCAL).attempt == 3)
    step()
    assert state(store, run) == State.LOST
    assert "ended without a word" in store.get(run, by=LOCAL).reason
    assert len(launcher.started) == 3


def test_a_run_that_gets_further_every_time_is_never_given_up(store, step, monkeypatch):
    monkeypatch.setattr(supervise, "ATTEMPTS", 1)
    run = submit(store, "slow", epochs=20)
    for _ in range(2):
        saved = [each.attempt for each in store.checkpoints(run, by=LOCAL)][:1]
        step(lambda saved=saved: [c.attempt for c in store.checkpoints(run, by=LOCAL)][:1] != saved)
        os.kill(store.worker(run).pid, signal.SIGKILL)
    step(is_left(store, run))
    assert state(store, run) == State.FINISHED
    assert store.get(run, by=LOCAL).attempt == 3


@pytest.fixture
def judged_at_once(monkeypatch):
    """Nobody waits a beat for who was kept from writing."""
    monkeypatch.setattr(supervise, "LATE", -BEAT)


@pytest.mark.usefixtures("judged_at_once")
def test_a_worker_that_is_silent_for_a_lease_is_killed_and_its_run_goes_on(store, launcher):
    late = [0.0]
    clock = Clock(steady=lambda: SYSTEM.steady() + late[0])
    theirs = RunStore(clock=clock)
    local = Dispatcher(theirs, launcher)
    run = submit(store, "slow", epochs=3)
    local.step()
    worker = until_at_work(store, run)
    os.kill(worker.pid, signal.SIGSTOP)
    late[0] = LEASE + 1
    time.sleep(0.1)
    local.step()
    assert not is_alive(worker)
    late[0] = 0.0
    lost = [change for change in store.history(run, by=LOCAL) if change.after == State.LOST]
    assert "no sign of life" in lost[0].why


@pytest.mark.usefixtures("judged_at_once")
def test_whoever_is_silent_on_a_terminal_is_not_killed(store, launcher):
    late = [0.0]
    theirs = RunStore(clock=Clock(steady=lambda: SYSTEM.steady() + late[0]))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        identity = of(process.pid)
        assert identity is not None
        run = submit(store)
        assert store.claim(device="cpu", run=run, worker=identity)
        late[0] = LEASE + 1
        Dispatcher(theirs, launcher).step()
        assert State.LOST in [change.after for change in store.history(run, by=LOCAL)]
        assert is_alive(identity)
        process.kill()


@pytest.mark.usefixtures("judged_at_once")
def test_a_worker_that_never_says_a_word_lets_nobody_rely_on_the_warm_server(store, launcher):
    late = [0.0]
    theirs = RunStore(clock=Clock(steady=lambda: SYSTEM.steady() + late[0]))
    run = submit(store)
    assert store.claim(device="cpu", run=run)
    late[0] = LEASE + 1
    Dispatcher(theirs, launcher).step()
    assert launcher.cooled_down == 1
    assert store.get(run, by=LOCAL).attempt == 2


def test_while_the_store_is_held_up_and_a_beat_after_nobody_is_held_to_be_lost(store, monkeypatch):
    late, now, waits = [0.0], [0.0], [0.0]
    theirs = RunStore(clock=Clock(steady=lambda: SYSTEM.steady() + late[0]))
    monkeypatch.setattr(theirs, "wait", lambda: waits.pop() if waits else 0.0)
    watch = supervise.Supervisor(theirs, Rehearsals(theirs).cancel, now=lambda: now[0])
    run = submit(store)
    attempt = store.claim(device="cpu", run=run)
    late[0] = LEASE + 1  # so long somebody else was writing
    for moment, waited in [(0.0, 5.0), (2.0, 0.0), (2.1, 9.0), (4.0, 0.0)]:
        now[0], waits[:] = moment, [waited]
        assert watch.look() == ()
    late[0] = 0.0
    assert store.beat(attempt, progress=1) is None  # its turn had come
    assert watch.look() == ()
    late[0] = LEASE + 1
    for moment, lost in [(10.0, []), (10.0 + BEAT, []), (10.0 + 2 * BEAT, [run])]:
        now[0] = moment
        assert [each.id for each in watch.look()] == lost


def test_who_looks_once_waits_a_beat_for_who_was_kept_from_writing(store, monkeypatch):
    late, slept = [0.0], []
    theirs = RunStore(clock=Clock(steady=lambda: SYSTEM.steady() + late[0]))
    attempt = store.claim(device="cpu", run=submit(store))
    late[0] = LEASE + 1

    def sleep(seconds):
        slept.append(seconds)
        theirs.beat(attempt, progress=1)

    monkeypatch.setattr(supervise, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    assert supervise.find_lost(theirs) == ()
    assert slept[0] > BEAT


def test_when_memory_ran_out_that_is_the_reason_and_nothing_is_tried_again(
    store, launcher, step, monkeypatch
):
    run = submit(store, "slow", epochs=20)
    step(lambda: state(store, run) == State.RUNNING)
    worker = store.worker(run)
    monkeypatch.setattr(supervise, "times_memory_ran_out", lambda: 10**6)
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not is_alive(worker))
    step(is_left(store, run))
    assert state(store, run) == State.FAILED
    assert "Memory ran out" in store.get(run, by=LOCAL).reason
    assert len(launcher.started) == 1


def test_a_dispatcher_that_has_slept_lets_workers_wake_up_first(store, launcher, monkeypatch):
    moment = [time.monotonic()]
    looks: list[float] = []

    def look(self):
        looks.append(moment[0])
        return ()

    monkeypatch.setattr(dispatcher, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    monkeypatch.setattr(supervise.Supervisor, "look", look)
    local = Dispatcher(store, launcher)
    for seconds, looked in [(0, 1), (1, 2), (600, 2), (1, 2), (1.5, 3)]:
        moment[0] += seconds
        local.step()
        assert len(looks) == looked


# What was asked


def test_a_cancelled_worker_that_does_not_hear_leaves_no_process(store, step, monkeypatch):
    monkeypatch.setitem(supervise.PATIENCE, "cancel", Patience(0.2, 0.4))
    run = submit(store, "deaf")
    step(lambda: state(store, run) == State.RUNNING)
    worker = store.worker(run)
    until(lambda: len(family(worker)) == 3)
    members = family(worker)
    store.ask(run, "cancel", by=LOCAL)
    step(is_left(store, run))
    assert state(store, run) == State.STOPPED
    assert not any(is_alive(member) for member in members)


def test_a_worker_that_was_asked_to_stop_is_let_finish_what_it_does(store, step, monkeypatch):
    monkeypatch.setitem(supervise.PATIENCE, "stop", Patience(2.0, 2.5))
    run = submit(store, "slow", epochs=100)
    step(lambda: store.get(run, by=LOCAL).epoch > 0)
    store.ask(run, "stop", by=LOCAL)
    step(is_left(store, run))
    assert state(store, run) == State.STOPPED
    assert store.artifact(run, "result", by=LOCAL) is not None


def test_a_worker_that_gets_nowhere_is_killed(store, step, monkeypatch):
    monkeypatch.setitem(supervise.PATIENCE, None, Patience(0.5, 1.0))
    run = submit(store, "deaf")
    step(lambda: state(store, run) == State.RUNNING)
    worker = store.worker(run)
    step(lambda: not is_alive(worker))
    lost = [change for change in store.history(run, by=LOCAL) if change.after == State.LOST]
    assert "got nowhere for 1 seconds and was killed" in lost[0].why


def test_a_worker_that_does_not_go_when_its_run_is_over_is_helped(
    store, launcher, step, monkeypatch
):
    monkeypatch.setattr(supervise, "SEEING_OFF_TAKES", 0.3)
    run = submit(store, "lingering", epochs=30)
    step(is_left(store, run))
    assert state(store, run) == State.FINISHED
    [process] = launcher.started
    step(lambda: process.poll() is not None)


# The disk


def test_what_can_not_be_deleted_of_the_absent_keeps_no_run_waiting(store, launcher, monkeypatch):
    def fail(store):
        raise DataError("The upload is damaged")

    monkeypatch.setattr("tlcore.runs.retention.expire", fail)
    store.set_rules(Rules(absent=1.0), by=LOCAL)
    submit(store)
    Dispatcher(store, launcher).step()
    assert len(launcher.started) == 1


def test_while_the_disk_is_full_nobody_is_held_to_be_lost(store, launcher, monkeypatch):
    looks: list[float] = []

    def look(self):
        looks.append(time.monotonic())
        raise StoreError("The disk is full")

    monkeypatch.setattr(supervise.Supervisor, "look", look)
    monkeypatch.setattr(dispatcher, "TICK", 0.01)
    Dispatcher(store, launcher).work(idle=0.3)
    assert len(looks) == 1


# Dispatchers


def test_of_two_dispatchers_one_wins_and_ends_when_idle(store, elsewhere):
    first, second = elsewhere(idle=1.0), elsewhere(idle=1.0)
    until(lambda: None not in (first.poll(), second.poll()) or is_locked(_lock(store)))
    run = submit(store)
    until(lambda: state(store, run) == State.FINISHED)
    assert store.get(run, by=LOCAL).attempt == 1
    assert first.wait(10) == second.wait(10) == 0
    assert not is_locked(_lock(store))


def test_a_killed_dispatcher_takes_no_run_along_and_the_next_one_adopts_it(store, elsewhere):
    run = submit(store, "slow", epochs=30)
    first = elsewhere()
    worker = until_at_work(store, run)
    first.kill()
    first.wait()
    second = elsewhere(idle=0.5)
    until(lambda: is_locked(_lock(store)))
    assert store.worker(run) == worker
    assert is_alive(worker)
    until(is_left(store, run))
    assert state(store, run) == State.FINISHED
    assert store.get(run, by=LOCAL).attempt == 1
    assert second.wait(10) == 0


def test_a_run_is_not_forgotten_by_a_dispatcher_that_is_just_leaving(store, monkeypatch):
    """It comes between the last look at the queue and the release of the lock."""
    begun: list[Rehearsals] = []

    class Late(Rehearsals):
        def __exit__(self, *error):
            if not begun:
                submit(store)
                ensure_dispatcher(store.home)
            begun.append(self)

    monkeypatch.setattr(dispatcher, "Local", Late)
    monkeypatch.setattr(dispatcher, "start_apart", lambda *given: pytest.fail("there is one"))
    assert dispatcher.main(["--idle", "0.3"]) == 0
    assert len(begun) == 2
    [run] = store.list(by=LOCAL)
    assert run.state == State.FINISHED
    for process in begun[1].started:
        process.wait(5)


def test_a_dispatcher_is_started_apart_only_if_there_is_none(store, elsewhere, monkeypatch):
    started: list[object] = []
    monkeypatch.setattr(dispatcher, "start_apart", lambda *given: started.append(given))
    monkeypatch.setattr(dispatcher, "_started", [])
    ensure_dispatcher(store.home)
    assert len(started) == 1
    monkeypatch.setattr(dispatcher, "_started", [])
    elsewhere()
    until(lambda: is_locked(_lock(store)))
    ensure_dispatcher(store.home)
    assert len(started) == 1


def test_a_setting_that_makes_no_sense_is_told_to_whoever_asks(monkeypatch):
    monkeypatch.setenv("TL_SLOTS", "two")
    with pytest.raises(ThawError, match="doesn't say how many runs"):
        ensure_dispatcher()


def _lock(store):
    return store.home / "dispatcher.lock"
