"""Real runs that take a second or two, for tests of what is done with a trained network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlcore.access import LOCAL
from tlcore.analysis.predictions import Predictions
from tlcore.inference.client import network_of
from tlcore.nn import worker
from tlcore.recipe import Data, Model, Recipe, Shapes
from tlcore.runs.results import read_predictions
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule

SHAPES = Shapes(per_class=3, test_per_class=2, size=16)


@dataclass(frozen=True)
class SmallRun:
    """A finished run, with what tests ask of it."""

    store: RunStore
    id: str
    home: Path
    recipe: Recipe
    network: Path
    predictions: Predictions


def small_recipe(**changes: Any) -> Recipe:
    """Twenty test pictures of ten shapes; hardly anything is learned."""
    fields = {
        "data": Data(shapes=SHAPES),
        "model": Model(weights="none"),
        "schedule": FreezeSchedule(preset="full"),
        "epochs": 1,
        "batch": 8,
        "precision": "float32",
    }
    return Recipe(**{**fields, **changes})


def train_small(home: Path, **changes: Any) -> SmallRun:
    """Train it here and now."""
    store = RunStore(home)
    run = store.submit(small_recipe(**changes), by=LOCAL).id
    attempt = store.claim(device="cpu", run=run)
    assert attempt is not None
    worker.work(store, attempt, threads=1)
    return SmallRun(
        store=store,
        id=run,
        home=home,
        recipe=store.recipe(run, by=LOCAL),
        network=network_of(store, run, by=LOCAL),
        predictions=read_predictions(store, run, by=LOCAL),
    )
