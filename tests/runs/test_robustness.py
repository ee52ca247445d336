"""What was found of a network under corruption is kept whole, and only for that network."""

import json

import numpy as np
import pytest

from tlcore.analysis.robustness import CORRUPTIONS, SEVERITIES, Case, Robustness
from tlcore.errors import RunError
from tlcore.runs.lock import locked
from tlcore.runs.measuring import failure_of, is_measuring, start_measuring
from tlcore.runs.robustness import keep_robustness, lock_of, log_of, read_robustness

NETWORK = "best-3.safetensors"


def made_up(n, cases):
    chance = np.random.default_rng(n)
    corrupted = {case: chance.random(n) < 0.5 for case in cases}
    return Robustness("of these", chance.random(n) < 0.8, corrupted)


@pytest.mark.parametrize("n", [1, 8, 13, 1000])
def test_what_is_kept_is_read_back_as_it_was(tmp_path, n):
    found = made_up(n, [Case(name, severity) for name in CORRUPTIONS for severity in SEVERITIES])
    keep_robustness(tmp_path, NETWORK, found)
    back = read_robustness(tmp_path, NETWORK)
    assert back is not None
    assert back.pictures == found.pictures
    assert np.array_equal(back.clean, found.clean)
    assert back.corrupted.keys() == found.corrupted.keys()
    assert all(np.array_equal(back.corrupted[case], hits) for case, hits in found.corrupted.items())


def test_nothing_is_known_of_a_network_that_nobody_measured(tmp_path):
    assert read_robustness(tmp_path, NETWORK) is None
    keep_robustness(tmp_path, NETWORK, made_up(10, [Case("fog", 1)]))
    assert read_robustness(tmp_path, "best-9.safetensors") is None


@pytest.mark.parametrize(
    "change",
    [
        {"n": 0},
        {"n": 4000},
        {"clean": "#"},
        {"clean": None},
        {"corrupted": []},
        {"corrupted": {"fire": {"1": "AA=="}}},
        {"corrupted": {"fog": {"6": "AA=="}}},
        {"corrupted": {"fog": {"x": "AA=="}}},
    ],
    ids=str,
)
def test_a_damaged_file_is_told_in_words(tmp_path, change):
    keep_robustness(tmp_path, NETWORK, made_up(10, [Case("fog", 1)]))
    file = tmp_path / "robustness.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(RunError, match="can't be read") as caught:
        read_robustness(tmp_path, NETWORK)
    assert "measure again" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_file_of_anything_else_is_told_in_words(tmp_path, content):
    (tmp_path / "robustness.json").write_bytes(content)
    with pytest.raises(RunError, match="can't be read"):
        read_robustness(tmp_path, NETWORK)


class Process:
    """One that ended with this code; None if it still goes on."""

    def __init__(self, code):
        self.code = code

    def poll(self):
        return self.code


@pytest.fixture
def started(monkeypatch):
    """The commands that would have been started, and the process that stands for all of them."""
    commands, process = [], Process(None)

    def start(command, home, log, environment):
        commands.append(command)
        return process

    monkeypatch.setattr("tlcore.runs.measuring.start_apart", start)
    monkeypatch.setattr("tlcore.runs.measuring._started", {})
    return commands, process


def test_only_one_process_measures_a_run(tmp_path, started):
    commands, process = started
    start_measuring(tmp_path, tmp_path / "a-run")
    start_measuring(tmp_path, tmp_path / "a-run")
    assert commands == [["tlcore", "robust", "a-run"]]
    assert is_measuring(tmp_path / "a-run")
    process.code = 0
    assert not is_measuring(tmp_path / "a-run")
    assert failure_of(tmp_path / "a-run") == ""


def test_one_that_somebody_else_has_started_is_seen_by_its_lock(tmp_path, started):
    assert not is_measuring(tmp_path)
    with locked(lock_of(tmp_path)):
        assert is_measuring(tmp_path)
        start_measuring(tmp_path, tmp_path)
    assert started[0] == []


def test_why_it_failed_is_what_it_said_last(tmp_path, started):
    start_measuring(tmp_path, tmp_path)
    log_of(tmp_path).write_text("1/75 fog 1: 3 %\nError: The data are gone\n  What to do: Look.\n")
    assert failure_of(tmp_path) == ""
    started[1].code = 1
    assert failure_of(tmp_path) == "The data are gone\n  What to do: Look."
    log_of(tmp_path).unlink()
    assert failure_of(tmp_path) == "it ended with code 1"
