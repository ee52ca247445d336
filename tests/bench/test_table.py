"""The table of a race says who was how fast, and whether a goal was reached."""

from bench.race.race import Lap
from bench.race.table import lines
from bench.race.works import WORKS

OURS = [Lap(2.0, 0.9), Lap(1.0, 0.9), Lap(3.0, 0.8)]


def test_the_goal_is_held_against_the_fastest_of_the_others():
    laps = {"Thaw": OURS, "slow": [Lap(60.0, 0.9)], "fast": [Lap(22.0, 0.9)]}
    found = lines(WORKS["head-5"], laps)
    assert "| Thaw | 2.00 (1.00–3.00), 3 | 90.0 % |  |" in found[0]
    assert found[1].endswith("| 30.0x |")
    assert found[-1].endswith("| **11.0x, reached** |")


def test_a_goal_that_was_missed_is_called_missed():
    found = lines(WORKS["head-5"], {"Thaw": OURS, "fast": [Lap(4.0, 0.9)]})
    assert found[-1].endswith("| **2.0x, missed** |")


def test_who_failed_is_named_with_the_reason_and_decides_nothing():
    laps = {"Thaw": OURS, "broken": [Lap(0.1), Lap(failure="a | b")]}
    found = lines(WORKS["head-5"], laps)
    assert "| broken | not run: a / b |" in found[1]
    assert len(found) == 2


def test_our_own_seconds_are_told_part_by_part():
    laps = [Lap(2.0, 0.9, parts={"reading": seconds}) for seconds in (0.2, 0.5, 0.9)]
    assert lines(WORKS["head-5"], {"Thaw": laps})[0].endswith("| reading 0.50 s |")


def test_a_goal_in_seconds_is_held_against_our_own():
    found = lines(WORKS["photos-5"], {"Thaw": OURS, "fast": [Lap(3.0, 0.9)]})
    assert found[-1].endswith("| *goal within 5 s* | | | **2.0 s, 1.5x, reached** |")
    late = [Lap(5.1, 0.9)]
    assert lines(WORKS["photos-5"], {"Thaw": late, "slow": [Lap(60.0, 0.9)]})[-1].endswith(
        "missed** |"
    )
