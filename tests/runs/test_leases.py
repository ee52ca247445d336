"""The right run is found lost, and no other."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from bench.support.lives import bring_to, publish, start, submit, work
from tlcore.access import LOCAL
from tlcore.runs import identity
from tlcore.runs.records import BEAT, LEASE
from tlcore.runs.states import ACTIVE, State

pytestmark = pytest.mark.processes

DAY = 24 * 3600.0
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def lost(store):
    return {run.id: run.reason for run in store.find_lost()}


@pytest.mark.parametrize("state", [state for state in State if state != State.LOST])
def test_silence_loses_what_is_at_work_and_nothing_else(store, time, state):
    run = bring_to(store, state)
    time.pass_by(LEASE - 0.1)
    assert lost(store) == {}
    time.pass_by(0.2)
    assert set(lost(store)) == ({run} if state in ACTIVE else set())
    assert lost(store) == {}


def test_a_worker_that_gives_signs_of_life_is_never_lost(store, time):
    attempt, silent = work(store), work(store)
    caught: dict[str, float] = {}
    for beat in range(100):
        store.beat(attempt, progress=beat)
        time.pass_by(BEAT)
        caught |= dict.fromkeys(lost(store), (beat + 1) * BEAT)
    assert list(caught) == [silent.run]
    assert caught[silent.run] <= 2 * LEASE
    assert store.get(attempt.run, by=LOCAL).state == State.RUNNING


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_clock_that_is_set_by_a_day_loses_nothing_and_hides_nothing(store, time, jump):
    attempt = work(store)
    time.wall += jump
    assert lost(store) == {}
    store.beat(attempt, progress=1)
    time.wall -= jump
    assert lost(store) == {}
    time.wall += jump
    time.steady += LEASE + 1
    assert list(lost(store)) == [attempt.run]


def test_after_a_reboot_everything_at_work_is_lost_at_once(store, time):
    attempt, waiting = work(store), submit(store)
    time.boot, time.steady = "the next boot", 3.0
    assert lost(store) == {attempt.run: "the machine was restarted"}
    assert store.get(waiting, by=LOCAL).state == State.QUEUED
    assert start(store, waiting)


def test_a_reboot_is_noticed_even_where_boots_have_no_names(store, time):
    """The steady clock began anew, so the lease seems to last for hours."""
    attempt = work(store)
    time.steady = 3.0
    assert lost(store) == {attempt.run: "the machine was restarted"}


@pytest.fixture
def worker(store):
    """A process that works on a run, in name, and will be killed."""
    attempt = start(store, submit(store))
    with subprocess.Popen(SLEEP) as process:
        store.begin(attempt, identity.of(process.pid), {})
        yield attempt, process
        process.kill()


def test_a_killed_worker_is_found_at_once_though_nobody_took_note_of_its_end(store, worker):
    attempt, process = worker
    assert lost(store) == {}
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
    assert lost(store) == {attempt.run: f"its process ({process.pid}) ended without a word"}


def test_another_process_with_the_same_number_doesnt_keep_a_run_alive(store):
    attempt, own = start(store, submit(store)), identity.own()
    store.begin(attempt, replace(own, started=own.started - 1), {})
    assert list(lost(store)) == [attempt.run]


def test_a_stopped_worker_is_found_by_its_silence(store, time, worker):
    attempt, process = worker
    os.kill(process.pid, 19)
    assert identity.is_alive(store.worker(attempt.run))
    time.pass_by(LEASE + 5)
    assert lost(store) == {attempt.run: "it gave no sign of life for 15 seconds"}


def test_a_run_whose_worker_never_came_is_found_by_its_silence(store, time):
    attempt = start(store, submit(store))
    assert store.worker(attempt.run) is None
    time.pass_by(LEASE + 1)
    assert list(lost(store)) == [attempt.run]


def test_whoever_vouches_for_a_starting_run_is_watched_too(store):
    run = submit(store)
    with subprocess.Popen(SLEEP) as process:
        store.claim(device="cpu", worker=identity.of(process.pid))
        assert lost(store) == {}
        process.kill()
    assert list(lost(store)) == [run]


def test_what_was_lost_can_be_resumed_from_its_latest_state(store, time):
    attempt = work(store)
    path = publish(store, attempt, "last", "state")
    time.pass_by(LEASE + 1)
    assert [run.state for run in store.find_lost()] == [State.LOST]
    run = store.resume(attempt.run, by=LOCAL)
    assert run.state == State.QUEUED
    assert start(store, run.id).number == 2
    assert store.artifact(run.id, "last", by=LOCAL) == path


@pytest.mark.parametrize(
    ("what", "words"), [("cancel", "cancelled; it gave no"), ("stop", "asked to stop; it gave no")]
)
def test_whoever_wanted_a_run_stopped_has_got_that(store, time, what, words):
    attempt = work(store)
    store.ask(attempt.run, what, by=LOCAL)
    time.pass_by(LEASE + 1)
    (run,) = store.find_lost()
    assert (run.state, run.request) == (State.STOPPED, None)
    assert words in run.reason


def test_who_is_overdue_is_told_without_a_change(store, time):
    attempt = work(store)
    time.pass_by(LEASE + 1)
    assert [run.id for run in store.overdue()] == [attempt.run]
    assert store.get(attempt.run, by=LOCAL).state == State.RUNNING
