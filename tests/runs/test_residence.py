"""Two machines on one home: the second one says so, and leaves the runs of the first alone."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from bench.support.lives import submit, work
from tlcore import paths
from tlcore.access import LOCAL
from tlcore.errors import StoreError
from tlcore.runs import residence
from tlcore.runs.dispatcher import Dispatcher, ensure_dispatcher
from tlcore.runs.launchers.local import Local
from tlcore.runs.residence import FRESH, Machine, elsewhere, here, keep
from tlcore.runs.states import State
from tlcore.runs.supervise import find_lost

OTHER = Machine("lab-2", "another number", "another boot")


def worked_on(home, machine, seconds_ago=0.0):
    """As if that machine had said so then."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "machine.json"
    file.write_text(json.dumps(asdict(machine)))
    written = file.stat().st_mtime - seconds_ago
    os.utime(file, (written, written))


def test_another_machine_that_works_here_is_named(tmp_path):
    assert elsewhere(tmp_path) == ""
    worked_on(tmp_path, OTHER)
    assert elsewhere(tmp_path) == keep(tmp_path) == "lab-2"
    assert json.loads((tmp_path / "machine.json").read_text())["name"] == "lab-2"


def test_one_that_has_said_nothing_for_a_while_gives_way(tmp_path):
    worked_on(tmp_path, OTHER, seconds_ago=FRESH + 1)
    assert elsewhere(tmp_path) == keep(tmp_path) == ""
    assert Machine(**json.loads((tmp_path / "machine.json").read_text())) == here()
    assert [path.name for path in tmp_path.iterdir()] == ["machine.json"]


def test_the_same_machine_is_known_after_a_restart_and_in_a_container(tmp_path):
    for same in (replace(here(), boot="before"), Machine("a container", "no number", here().boot)):
        if same.boot:
            worked_on(tmp_path, same)
            assert elsewhere(tmp_path) == "", same
    worked_on(tmp_path, replace(here(), name="a copy of its disk", boot="before"))
    assert elsewhere(tmp_path) == "a copy of its disk"


def test_what_is_no_record_keeps_nobody_from_working(tmp_path):
    for text in ("", "[]", "{}", '{"name": 1}', "\0"):
        (tmp_path / "machine.json").write_text(text)
        assert keep(tmp_path) == "", text


def test_the_runs_of_another_machine_are_neither_started_nor_held_to_be_lost(store):
    attempt, waits = work(store), submit(store)
    store.clock = replace(store.clock, boot=lambda: OTHER.boot)  # whose leases say nothing here
    worked_on(store.home, OTHER)
    for act in (lambda: find_lost(store), lambda: ensure_dispatcher(store.home)):
        with pytest.raises(StoreError, match=r"Another machine, lab-2, is working on the runs"):
            act()
    assert store.get(attempt.run, by=LOCAL).state == State.RUNNING
    worked_on(store.home, OTHER, seconds_ago=FRESH + 1)
    find_lost(store)
    assert store.get(attempt.run, by=LOCAL).state == State.LOST
    assert store.get(waits, by=LOCAL).state == State.QUEUED


def test_a_dispatcher_leaves_the_work_to_the_machine_that_does_it(store, capsys, monkeypatch):
    waits = submit(store)
    dispatcher = Dispatcher(store, Local(store, warm=False))
    worked_on(store.home, OTHER)
    dispatcher.work(idle=60.0)
    assert capsys.readouterr().err == "lab-2 works here, so this machine doesn't.\n"
    assert store.get(waits, by=LOCAL).state == State.QUEUED


@pytest.mark.processes
def test_a_machine_that_works_says_so(store):
    command = [sys.executable, "-m", "tlcore.runs.dispatcher", "--idle", "0.5"]
    environment = {**os.environ, "TL_HOME": str(store.home)}
    subprocess.run(command, cwd=paths.PROJECT, env=environment, check=True, timeout=120)
    assert Machine(**json.loads((store.home / "machine.json").read_text())) == residence.here()
