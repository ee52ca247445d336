"""A run is told where a lab already looks, and never waits for that."""

import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from tlcore.events import EpochDone, Event, Finished
from tlcore.recipe import Recipe
from tlcore.runs import mirror
from tlcore.runs.mirror import mirrored

EVENTS: list[Event] = [
    EpochDone(1, 0, 0.9, 0.5, 0.8, 0.6, 1e-3, 2.0, 100.0, True),
    Finished("all epochs", epochs=1, kept_epoch=1, seconds=3.0),
]


@pytest.fixture
def told(monkeypatch) -> list[Any]:
    """What a stand-in for mlflow is told."""
    said: list[Any] = []

    def note(name):
        return lambda *given, **named: said.append((name, given, named))

    names = ("set_experiment", "start_run", "log_params", "log_metrics", "end_run")
    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(**{n: note(n) for n in names}))
    monkeypatch.setenv("TL_MIRROR", "mlflow")
    return said


def follow(events=EVENTS) -> list[Event]:
    seen: list[Event] = []
    with mirrored("20261121-142233-3fa97c1e5b20d486", Recipe(epochs=1), seen.append) as tell:
        for event in events:
            tell(event)
    return seen


def test_a_run_is_told_with_its_recipe_curve_and_end(told):
    assert follow() == EVENTS
    names = [name for name, _, _ in told]
    assert names == [
        "set_experiment", "start_run", "log_params", "log_metrics", "log_metrics", "end_run",
    ]  # fmt: skip
    assert told[2][1][0]["epochs"] == "1"
    assert told[3][1][0]["validation_accuracy"] == 0.6
    assert told[-1][1] == ("FINISHED",)


def test_a_run_that_was_left_is_told_so(told):
    follow(EVENTS[:1])
    assert told[-1][1] == ("KILLED",)


def test_without_being_asked_for_nothing_is_loaded(monkeypatch):
    monkeypatch.delenv("TL_MIRROR", raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert follow() == EVENTS


def test_a_tracker_that_is_absent_fails_or_hangs_leaves_the_run_alone(monkeypatch, told, capsys):
    monkeypatch.setattr(mirror, "PATIENCE", 0.2)
    hanging = threading.Event()
    broken = {"set_experiment": lambda *given: 1 / 0}
    slow = {"set_experiment": lambda *given: hanging.wait()}
    for module in (None, SimpleNamespace(**broken), SimpleNamespace(**slow)):
        monkeypatch.setitem(sys.modules, "mlflow", module)
        assert follow() == EVENTS
    hanging.set()
    assert "TL_MIRROR tells no more" in capsys.readouterr().err
