"""Work that goes on beside the pages: one of a kind, and what became of it is told, whatever became
of the server that started it."""

import json
import os
import subprocess
import sys
import time

import pytest

from tlcore import paths
from tlcore.cli import main
from tlcore.errors import RunError
from tlcore.runs import identity, jobs
from tlcore.runs.jobs import MAP, MEASUREMENT, JobKind
from tlcore.runs.lock import locked

pytestmark = pytest.mark.processes

KIND = JobKind("robustness", "robust", "measurement")
WAITS = "import time; print('1/75 fog 1: 3 %', flush=True); time.sleep(60)"
FAILS = "import sys; print('fog'); sys.exit('Error: The data are gone\\n  What to do: Look.')"
WELL = "import sys; from tlcore.runs.jobs import end_well; end_well(Path(os.environ['TL_JOB']))"


@pytest.fixture
def started(monkeypatch):
    """Commands that were asked for, and the processes that stand for them: `started(code)`."""
    commands, processes = [], []

    def use(code):
        def start(command, home, log, environment):
            log.parent.mkdir(parents=True, exist_ok=True)
            commands.append(command)
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [sys.executable, "-c", f"import os; from pathlib import Path; {code}"],
                    stdout=output, stderr=output, cwd=paths.PROJECT,
                    env={**os.environ, **environment},
                )  # fmt: skip
            processes.append(process)
            return process

        monkeypatch.setattr(jobs, "start_apart", start)
        return commands

    yield use
    for process in processes:
        process.kill()
        process.wait()


def folder_of(home, run):
    (home / "runs" / run).mkdir(parents=True, exist_ok=True)
    return home / "runs" / run


def wait_for(job):
    deadline = time.monotonic() + 30
    while job.goes_on:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_only_one_process_is_at_a_run(tmp_path, started):
    commands, folder = started(WAITS), folder_of(tmp_path, "a-run")
    for _ in range(2):
        KIND.start(tmp_path, folder, "--pictures", "9")
    assert commands == [["tlcore", "robust", "a-run", "--pictures", "9"]]
    job = KIND.of(folder)
    assert job.goes_on
    assert job.failure == ""


def test_six_asked_for_at_once_are_one_process(tmp_path, started):
    commands = started(WAITS)
    KIND.start(tmp_path, folder_of(tmp_path, "run-0"))
    for number in range(1, 6):
        with pytest.raises(RunError, match="one is made at a time"):
            KIND.start(tmp_path, folder_of(tmp_path, f"run-{number}"))
    assert len(commands) == 1


def test_one_that_somebody_else_has_started_is_seen_by_its_lock(tmp_path, started):
    commands = started("")
    mine, theirs = folder_of(tmp_path, "mine"), folder_of(tmp_path, "theirs")
    with locked(KIND.of(theirs).lock):
        assert KIND.of(theirs).goes_on
        KIND.start(tmp_path, theirs)
        with pytest.raises(RunError, match="one is made at a time"):
            KIND.start(tmp_path, mine)
    assert commands == []
    KIND.start(tmp_path, mine)
    assert len(commands) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (FAILS, "The data are gone\n  What to do: Look."),
        ("raise MemoryError", "It ended before it was done. MemoryError"),
        ("os.kill(os.getpid(), 9)", "It ended before it was done."),
        (WELL, ""),
    ],
)
def test_how_it_ended_is_known(tmp_path, started, code, words):
    folder = folder_of(tmp_path, "a-run")
    started(code)
    KIND.start(tmp_path, folder)
    job = KIND.of(folder)
    wait_for(job)
    assert job.failure == words
    started(WELL)
    KIND.start(tmp_path, folder)
    wait_for(job)
    assert job.failure == ""


def test_a_failure_is_known_to_a_server_that_was_started_since(tmp_path):
    """The server that asked has ended; what it started is a command of the lab's that fails."""
    folder = folder_of(tmp_path, "no-such-run")
    asks = (
        "import sys; from pathlib import Path; from tlcore.runs.jobs import MEASUREMENT; "
        "MEASUREMENT.start(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", asks, str(tmp_path), str(folder)]
    subprocess.run(command, cwd=paths.PROJECT, check=True, timeout=60)
    job = MEASUREMENT.of(folder)
    wait_for(job)
    assert "no run 'no-such-run'" in job.failure


def test_a_number_that_another_process_has_now_is_not_taken_for_the_worker(tmp_path):
    job = MAP.of(folder_of(tmp_path, "a-run"))
    mine = identity.own()
    former = {"boot": mine.boot, "pid": mine.pid, "started": mine.started - 1}
    job.record.write_text(json.dumps({"worker": former}))
    assert not job.goes_on
    assert job.failure == "It ended before it was done."


def test_a_command_that_was_asked_for_says_that_it_has_ended_well(tmp_path, monkeypatch, capsys):
    for words, done in ((["recipes"], True), (["runs", "none"], False)):
        record = tmp_path / f"{words[0]}.job"
        monkeypatch.setenv("TL_JOB", str(record))
        main(words)
        assert record.exists() == done
        assert "TL_JOB" not in os.environ


def test_each_kind_has_a_lock_of_its_own(tmp_path):
    assert MAP.of(tmp_path).lock != MEASUREMENT.of(tmp_path).lock
