"""Many processes at one store: nothing is done twice, and a killed one takes nothing along."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.runs.lives import RECIPE, start, submit
from tlcore.runs.owners import LOCAL, anonymous
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

PROJECT = Path(__file__).parent.parent.parent

CLAIM = """
from tlcore.runs.store import RunStore
store = RunStore()
input("ready\\n")
while attempt := store.claim(device="cpu"):
    print(attempt.run, attempt.token)
"""

RECORD = """
from tlcore.runs import identity
from tlcore.runs.records import Metric
from tlcore.runs.store import RunStore
store = RunStore()
attempt = store.claim(device="cpu")
store.begin(attempt, identity.own(), {})
for step in range(100_000):
    store.record(attempt, metrics=[Metric("loss", 0, step, 1.0)])
    print(step, flush=True)
"""


def python(script):
    return subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_of_many_who_claim_at_once_no_two_get_the_same_run():
    store = RunStore()
    owners = [anonymous() for _ in range(7)]
    runs = {submit(store, by=owners[number % 7]) for number in range(100)}
    claimers = [python(CLAIM) for _ in range(4)]
    outputs = _all_at_once(claimers)
    claimed = [line.split() for output in outputs for line in output.splitlines()]
    assert Counter(run for run, _ in claimed) == Counter(runs)
    assert len({token for _, token in claimed}) == 100
    assert all(outputs), "who claims without a pause lets the others through"
    for run in store.active():
        assert (run.state, run.attempt) == (State.STARTING, 1)


def _all_at_once(claimers):
    """Each waits for a line before it begins, so that none is done before the last is there."""
    for claimer in claimers:
        assert claimer.stdout.readline() == "ready\n"
    for claimer in claimers:
        claimer.stdin.write("\n")
        claimer.stdin.flush()
    return [claimer.communicate(timeout=60)[0] for claimer in claimers]


def test_what_a_killed_process_was_told_is_kept_stays_and_its_run_is_found(tmp_path):
    store = RunStore()
    run = store.submit(RECIPE, by=LOCAL).id
    with python(RECORD) as worker:
        told = [int(worker.stdout.readline()) for _ in range(20)]
        worker.kill()
        told += [int(line) for line in worker.stdout]
    assert len(store.metrics(run, by=LOCAL)) in (len(told), len(told) + 1)
    assert [lost.id for lost in store.find_lost()] == [run]
    assert store.resume(run, by=LOCAL).state == State.QUEUED
    assert start(store, run).number == 2
