"""Work that goes on beside the pages: one of a kind in a home, and what became of it is told."""

import pytest

from tlcore.errors import RunError
from tlcore.runs.errands import MAP, MEASUREMENT, Errand
from tlcore.runs.lock import locked

pytestmark = pytest.mark.processes


class Process:
    """One that ended with this code; None if it still goes on."""

    def __init__(self):
        self.code = None

    def poll(self):
        return self.code


@pytest.fixture
def started(monkeypatch):
    """The commands that would have been started, and the process that stands for all of them."""
    commands, process = [], Process()

    def start(command, home, log, environment):
        log.parent.mkdir(parents=True, exist_ok=True)
        commands.append(command)
        return process

    monkeypatch.setattr("tlcore.runs.errands.start_apart", start)
    return commands, process


@pytest.fixture
def errand():
    return Errand("robustness", "robust", "measurement")


def folder_of(home, run):
    (home / "runs" / run).mkdir(parents=True, exist_ok=True)
    return home / "runs" / run


def test_only_one_process_is_at_a_run(tmp_path, started, errand):
    commands, process = started
    folder = folder_of(tmp_path, "a-run")
    for _ in range(2):
        errand.start(tmp_path, folder, "--pictures", "9")
    assert commands == [["tlcore", "robust", "a-run", "--pictures", "9"]]
    assert errand.goes_on(folder)
    process.code = 0
    assert not errand.goes_on(folder)
    assert errand.failure_of(folder) == ""


def test_six_asked_for_at_once_are_one_process(tmp_path, started, errand):
    commands, process = started
    errand.start(tmp_path, folder_of(tmp_path, "run-0"))
    for number in range(1, 6):
        with pytest.raises(RunError, match="one is made at a time"):
            errand.start(tmp_path, folder_of(tmp_path, f"run-{number}"))
    assert len(commands) == 1
    process.code = 0
    errand.start(tmp_path, folder_of(tmp_path, "run-1"))
    assert len(commands) == 2


def test_one_that_somebody_else_has_started_is_seen_by_its_lock(tmp_path, started, errand):
    mine, theirs = folder_of(tmp_path, "mine"), folder_of(tmp_path, "theirs")
    with locked(errand.lock_of(theirs)):
        assert errand.goes_on(theirs)
        errand.start(tmp_path, theirs)
        with pytest.raises(RunError, match="one is made at a time"):
            errand.start(tmp_path, mine)
    assert started[0] == []
    errand.start(tmp_path, mine)


def test_why_it_failed_is_what_it_said_last(tmp_path, started, errand):
    folder = folder_of(tmp_path, "a-run")
    errand.start(tmp_path, folder)
    said = "1/75 fog 1: 3 %\nError: The data are gone\n  What to do: Look.\n"
    errand.log_of(folder).write_text(said)
    assert errand.failure_of(folder) == ""
    started[1].code = 1
    assert errand.failure_of(folder) == "The data are gone\n  What to do: Look."
    errand.log_of(folder).unlink()
    assert "ended with code 1" in errand.failure_of(folder)


def test_each_kind_has_a_lock_of_its_own(tmp_path):
    assert MAP.lock_of(tmp_path) != MEASUREMENT.lock_of(tmp_path)
