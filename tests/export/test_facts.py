"""What is said of an exported network."""

from dataclasses import replace

import pytest

from tlcore.analysis.comparison import McNemar
from tlcore.analysis.intervals import paired, wilson
from tlcore.export.facts import TOLERANCE, Eight, Pace, Parity

PARITY = Parity(1000, 2e-6, 0, wilson(920, 1000), 0.997, "bfloat16")
EIGHT = Eight(
    "static", 256, wilson(915, 1000), wilson(920, 1000), paired(5, 10, 1000), McNemar(5, 10, 0.3),
    300_000, 1_100_000, Pace(1000.0, 2500.0, 2.5, 9, 32, 1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"largest": TOLERANCE}, True),
        ({"largest": 1.01 * TOLERANCE}, False),
        ({"largest": float("nan")}, False),
        ({"different": 1}, True),
        ({"different": 2}, False),
        ({"different": 2, "n": 2000}, True),
        ({"different": 1, "n": 10}, True),
    ],
)
def test_what_answers_differently_by_more_than_rounding_does_not_hold(changes, holds):
    assert replace(PARITY, **changes).holds == holds


def test_parity_says_what_was_compared_and_what_is_allowed():
    words = PARITY.words
    for part in ("1,000 test pictures", "2e-06", "0.001", "0.1 %", "bfloat16", "99.7 %"):
        assert part in words


def test_eight_bits_that_lose_little_are_said_to():
    assert "these pictures can't tell" in EIGHT.verdict
    assert "2.5 times as fast" in EIGHT.cost
    assert "0.3 MB instead of 1.1 MB" in EIGHT.cost
    sure = replace(EIGHT, lost=paired(50, 50, 100_000))
    assert "It loses less than 1 point." in sure.verdict


def test_eight_bits_that_lose_too_much_are_said_to():
    bad = replace(EIGHT, lost=paired(5, 105, 1000), test=McNemar(5, 105, 1e-20))
    assert bad.too_much
    assert "too much" in bad.verdict


def test_what_is_slower_is_not_called_faster():
    slow = replace(EIGHT, pace=Pace(1000.0, 500.0, 0.5, 9, 32, 1))
    assert "2 times slower" in slow.cost
