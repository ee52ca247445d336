"""Whoever waits is told a time: that of all who go before, however many slots there are."""

import pytest

from bench.support.lives import submit, work
from tlcore.runs.store import RunStore
from tlcore.ui.shared.waiting import in_words, seconds_until


@pytest.fixture
def store():
    return RunStore()


def told(store, place):
    seconds = seconds_until(store, place)
    assert seconds is not None
    return seconds


def test_where_nothing_goes_before_nothing_is_foretold(store):
    submit(store)
    assert seconds_until(store, 1) is None


def test_a_place_further_back_begins_later_and_by_as_much_as_a_run_takes(store, monkeypatch):
    work(store)
    for _ in range(14):
        submit(store)
    monkeypatch.setenv("TL_SLOTS", "cpu=1")
    first, second, third, last = (told(store, place) for place in (1, 2, 3, 14))
    assert 0 < first < second < third < last
    assert second - first == pytest.approx(third - second)
    assert last - first == pytest.approx(13 * (second - first))
    monkeypatch.setenv("TL_SLOTS", "cpu=2")
    assert told(store, 3) == pytest.approx(third / 2)


def test_a_time_is_told_as_a_person_would_say_it():
    said = [in_words(2, seconds).partition(", ")[2] for seconds in (2, 20, 59, 200, 9000)]
    assert said == [
        "within 15 seconds",
        "in about 20 seconds",
        "in about 1 min",
        "in about 3 min",
        "in about 2 h",
    ]
