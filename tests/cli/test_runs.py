import os
import subprocess
import sys

import pytest

from tlcore.access import LOCAL, anonymous
from tlcore.recipe import Recipe
from tlcore.runs.identity import Identity, boot_id, of, own
from tlcore.runs.states import State
from tlcore.runs.store import RunStore


@pytest.fixture
def store():
    return RunStore()


def submit(store, name="mine", by=LOCAL, **given):
    return store.submit(Recipe(name=name, epochs=3), by=by, **given).id


def at_work(store, worker=None):
    """A run that a process works on: this one, or another."""
    run = submit(store)
    store.begin(store.claim(device="cpu", run=run), worker or own(), {})
    return run


def dead_process():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        identity = of(process.pid)
    return identity or Identity(boot_id(), process.pid, 0)


def test_runs_are_listed_the_newest_first(command, store):
    first, second = submit(store, "first"), submit(store, "second")
    answer = command("runs")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[1].startswith(second)
    assert lines[2].startswith(first)
    assert "queued" in lines[1]
    assert command("runs", "--newest", "1").out.count("queued") == 1
    assert [run["id"] for run in command("runs", "--json").json["runs"]] == [second, first]


def test_a_run_whose_process_died_is_listed_as_lost_and_why(command, store):
    run = at_work(store, dead_process())
    line = command("runs").out.splitlines()[1]
    assert run in line
    assert "lost" in line
    assert "ended without a word" in line


def test_all_about_one_run_has_its_history_and_the_end_of_its_log(command, store):
    run = at_work(store)
    store.folder(run, by=LOCAL).log.write_text("early\n" * 100 + "ZeroDivisionError: oops\n")
    store.end(store.attempt(run), State.FAILED, "ZeroDivisionError: oops")
    answer = command("runs", run)
    assert answer.code == 0
    assert "state     failed: ZeroDivisionError: oops" in answer.out
    assert [word in answer.out for word in ("queued", "starting", "running")] == [True] * 3
    assert answer.out.endswith("  log | ZeroDivisionError: oops\n")
    assert answer.out.count("early") < 20
    fields = command("runs", run, "--json").json
    assert fields["history"][-1]["why"] == "ZeroDivisionError: oops"
    assert fields["log"].endswith("oops\n")


def test_the_queue_is_shown_in_its_order_and_somebody_sees_to_it(command, store, dispatchers):
    working = at_work(store)
    ordinary, urgent = submit(store), submit(store, priority=5)
    answer = command("queue")
    assert answer.code == 0
    assert "runs at once: " in answer.out
    rows = answer.out.splitlines()[2:]
    assert [run in row for run, row in zip((working, urgent, ordinary), rows, strict=True)] == (
        [True] * 3
    )
    assert dispatchers == [store.home]
    places = [run["position"] for run in command("queue", "--json").json["runs"]]
    assert places == [None, 1, 2]


def test_an_empty_queue_needs_nobody(command, dispatchers):
    assert command("queue").code == 0
    assert dispatchers == []


@pytest.mark.parametrize(
    ("verb", "state"), [("pause", "pausing"), ("stop", "stopping"), ("cancel", "stopping")]
)
def test_a_run_at_work_is_asked_and_somebody_insists(command, store, dispatchers, verb, state):
    run = at_work(store)
    answer = command(verb, run)
    assert answer.code == 0
    assert answer.out == f"{run} is {state}\n"
    assert store.get(run, by=LOCAL).request == verb
    assert dispatchers == [store.home]


def test_what_waits_is_cancelled_at_once(command, store, dispatchers):
    run = submit(store)
    assert "stopped: cancelled while it was queued" in command("cancel", run).out
    assert command("cancel", submit(store), "--json").json["state"] == "stopped"
    assert dispatchers == []


@pytest.mark.parametrize("verb", ["pause", "stop", "cancel"])
def test_what_makes_no_sense_is_refused_in_words(command, store, verb):
    run = submit(store)
    store.ask(run, "cancel", by=LOCAL)
    answer = command(verb, run)
    assert answer.code == 1
    assert "A run that is stopped can't be" in answer.err


def test_whoever_sits_at_the_machine_sees_and_may_stop_everybodys_runs(command, store):
    run = submit(store, by=anonymous(name="Ada"))
    assert run in command("runs").out
    assert "Ada" in command("queue").out
    assert command("cancel", run).code == 0


def test_a_run_that_was_lost_can_be_resumed_where_it_stood(command, store):
    run = at_work(store, dead_process())
    answer = command("resume", run)
    assert answer.code == 0
    assert store.get(run, by=LOCAL).state == State.FINISHED
    assert [change.after for change in store.history(run, by=LOCAL)].count(State.LOST) == 1


def test_a_run_can_be_left_to_the_background(command, store, dispatchers):
    answer = command("run", "demo-scratch", "--background")
    assert answer.code == 0
    assert "in the background" in answer.out
    [run] = store.list(by=LOCAL)
    assert run.state == State.QUEUED
    assert dispatchers == [store.home]
    store.ask(run.id, "cancel", by=LOCAL)
    answer = command("resume", run.id, "--background", "--json")
    assert answer.json == {"run": run.id, "state": "queued", "position": 1}
    assert dispatchers == [store.home] * 2


def test_a_run_that_is_at_work_is_not_begun_a_second_time(command, store):
    run = at_work(store)
    answer = command("resume", run)
    assert answer.code == 1
    assert "it is running" in answer.err
    assert store.worker(run).pid == os.getpid()


def test_a_run_goes_by_a_part_of_its_id_its_name_or_latest(command, store):
    first, second = submit(store, "First one"), submit(store, "second")
    for typed, meant in (
        ("latest", second), ("first one", first), (first[-6:], first), (second, second),
    ):  # fmt: skip
        assert command("runs", typed, "--json").json["id"] == meant, typed
    assert command("cancel", first[-4:]).out.startswith(first)


def test_what_may_mean_several_runs_is_asked_back(command, store):
    ids = {submit(store, "same"), submit(store, "same")}
    answer = command("runs", "SAME")
    assert answer.code == 1
    assert "2 runs are meant by 'SAME'" in answer.err
    assert all(each in answer.err for each in ids)
    assert "There is no run" in command("runs", "nothing like it").err
