"""What was found of a network under corruption is kept whole, and only for that network."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tlcore.analysis.robustness import CORRUPTIONS, SEVERITIES, Case, Robustness
from tlcore.errors import RunError
from tlcore.runs.robustness import keep_robustness, read_robustness

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
    assert back.belonging is None
    assert back.corrupted.keys() == found.corrupted.keys()
    assert all(np.array_equal(back.corrupted[case], hits) for case, hits in found.corrupted.items())


def test_which_pictures_belong_together_is_kept_and_files_from_before_had_none(tmp_path):
    found = replace(made_up(4, [Case("fog", 1)]), belonging=np.array([0, 0, 1, 2]))
    keep_robustness(tmp_path, NETWORK, found)
    back = read_robustness(tmp_path, NETWORK)
    assert back
    assert back.belonging is not None
    assert back.belonging.tolist() == [0, 0, 1, 2]
    fields = json.loads((tmp_path / "robustness.json").read_text())
    del fields["belonging"]
    (tmp_path / "robustness.json").write_text(json.dumps(fields))
    old = read_robustness(tmp_path, NETWORK)
    assert old
    assert old.belonging is None


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
        {"belonging": [0, 1]},
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
