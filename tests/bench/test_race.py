"""A race gives everybody the same work, an empty home and a process of their own."""

import sys

import pytest

from bench.race.race import Lap, Runner, middle, race
from bench.race.works import WORKS

TELL = (
    "import json, os, sys; asked = json.loads(sys.argv[1]); "
    "print('noise'); "
    "print(json.dumps({'seconds': len(os.listdir(os.environ['TL_HOME'])), "
    "'accuracy': asked['classes']})); "
    "open(os.environ['TL_HOME'] + '/cache', 'w').close()"
)


@pytest.fixture
def pictures(tmp_path):
    for label in ("ants", "bees"):
        (tmp_path / "train" / label).mkdir(parents=True)
    return tmp_path


def runner(name, code=TELL):
    return Runner(name, (sys.executable, "-c", code))


def test_every_round_begins_with_somebody_else(pictures):
    runners = [runner("a"), runner("b")]
    laps = list(race(runners, WORKS["head-1"], "resnet18", 32, pictures, 2))
    assert [name for name, _ in laps] == ["a", "b", "b", "a"]


def test_nobody_finds_what_an_earlier_lap_left(pictures):
    laps = list(race([runner("a")], WORKS["head-1"], "resnet18", 32, pictures, 3))
    assert [lap for _, lap in laps] == [Lap(seconds=0, accuracy=2)] * 3


def test_a_failure_is_told_with_its_last_line(pictures):
    broken = runner("a", "raise SystemExit('no such network here')")
    [(_, lap)] = race([broken], WORKS["full-1"], "resnet18", 32, pictures, 1)
    assert lap.failure == "no such network here"
    assert middle([lap]) is None


def test_a_lap_that_takes_too_long_is_ended(pictures, monkeypatch):
    monkeypatch.setattr("bench.race.race.LONGEST", 0.2)
    sleeper = runner("a", "import time; time.sleep(60)")
    [(_, lap)] = race([sleeper], WORKS["full-1"], "resnet18", 32, pictures, 1)
    assert "longer than" in lap.failure
