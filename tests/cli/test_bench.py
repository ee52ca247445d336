"""The race runs what was asked for, prints its tables, and adds them to a file."""

import sys

import pytest

from bench.race import race
from bench.race.limits import Limit
from bench.race.works import WORKS
from tests.bench.test_race import TELL

FAST = race.Runner(
    "Thaw", (sys.executable, "-c", TELL.replace("len(os.listdir", "0.5 + len(os.listdir"))
)
SLOW = race.Runner(
    "tutorial loop", (sys.executable, "-c", TELL.replace("len(os.listdir", "8 + len(os.listdir"))
)


@pytest.fixture
def racing(command, monkeypatch):
    monkeypatch.setattr(race, "OURSELVES", FAST)
    monkeypatch.setattr(race, "TUTORIAL", SLOW)
    monkeypatch.setattr("bench.race.pictures.TRAIN", 40)
    monkeypatch.setattr("bench.race.pictures.TEST", 20)
    monkeypatch.setenv("TL_DATA", "")
    return lambda *words: command("bench", *words)


def test_a_race_ends_in_a_table_with_its_verdict(racing, tmp_path):
    file = tmp_path / "BENCHMARKS.md"
    answer = racing("head-5", "--rounds", "2", "--write", str(file))
    assert answer.code == 0
    assert "| head only, 5 epochs | Thaw | 0.50 (0.50–0.50), 2 |" in answer.out
    assert "**16.0x, reached**" in answer.out
    assert file.read_text().strip() == answer.out.strip()
    assert answer.err.count("tutorial loop: 8.00 s") == 2


def test_an_unknown_work_or_rival_is_named(racing):
    assert "head-7" in racing("head-7").err
    refused = racing("head-5", "--against", "Nobody")
    assert refused.code != 0
    assert "there are tutorial loop" in refused.err


def test_photos_that_are_not_here_are_asked_for(racing):
    refused = racing("photos-5")
    assert refused.code != 0
    assert "hymenoptera_ants_bees.zip" in refused.err


def test_the_limit_is_a_table_of_its_own(racing, monkeypatch):
    asked = []

    def measure(backbone, size):
        asked.append((backbone, size))
        return Limit(4e11, 2.5e10, seconds=0.02, bound=0.01, batch=32)

    monkeypatch.setattr("bench.race.limit.measure_limit", measure)
    answer = racing("--limit", "--backbone", "resnet18", "--size", "64")
    assert asked == [("resnet18", 64)]
    assert "| resnet18 | 64 px | 1,600 | 3,200 | 50% |" in answer.out


def test_photos_that_nobody_asked_for_by_name_are_left_out_and_told(racing, monkeypatch):
    few = {name: work for name, work in WORKS.items() if name in ("head-1", "photos-5")}
    monkeypatch.setattr("bench.race.works.WORKS", few)
    answer = racing("--rounds", "1")
    assert answer.code == 0
    assert "left out: photos-5" in answer.err
    assert "head only, 1 epoch" in answer.out
