"""Runs that were tested, with pictures, as quick to make as their numbers are to make up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.support.lives import start
from tests.runs.fake_run import draw
from tlcore.access import LOCAL, Owner
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score
from tlcore.events import EpochDone, Event, Finished, PhaseBegan, Started
from tlcore.recipe import Recipe
from tlcore.runs import identity
from tlcore.runs.records import Kind
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import write_thumbnails
from tlcore.schedule.plan import PhaseCount

SCRATCH = (PhaseCount(0, "all", 4, 900, 900),)
TWO_PHASES = (PhaseCount(0, "head", 2, 30, 1000), PhaseCount(1, "all", 2, 1000, 1000))


def predict(called: Sequence[int], labels: Sequence[int], classes: Sequence[str]) -> Predictions:
    """A network that is surer of each picture than of the one before."""
    n, k = len(labels), len(classes)
    sure = 0.5 + 0.45 * (np.arange(n) + 1) / n
    table = np.repeat((1 - sure)[:, None] / max(1, k - 1), k, axis=1)
    table[np.arange(n), list(called)] = sure
    return Predictions(
        ids=np.array([f"test/{row}.png" for row in range(n)]),
        labels=np.array(labels, dtype=np.int64),
        probabilities=table.astype(np.float32),
        classes=tuple(classes),
    )


def examined(
    store: RunStore,
    predictions: Predictions,
    *,
    name: str = "A run",
    preset: str = "",
    recipe: Recipe | None = None,
    phases: tuple[PhaseCount, ...] = TWO_PHASES,
    pace: float = 1.0,
    best: float = 0.8,
    pictures: bool = True,
    stopped: bool = False,
    by: Owner = LOCAL,
    validation: Predictions | None = None,
) -> str:
    """A run with all that it leaves behind; `pace` seconds an epoch, `best` accuracy in the end."""
    recipe = recipe or Recipe(name=name, epochs=4)
    run = store.submit(recipe, by=by, name=name, preset=preset).id
    attempt = start(store, run)
    store.begin(attempt, identity.own(), {})
    store.record(attempt, _told(recipe, predictions, phases, pace, best))
    drafts = store.folder(run, by=LOCAL).drafts(attempt.number)
    (drafts / "best").write_text("network")
    predictions.write(drafts / "predictions")
    (drafts / "result").write_text(json.dumps(_result(run, recipe, predictions, phases, pace)))
    kinds: list[Kind] = ["best", "predictions"]
    if pictures:
        write_thumbnails(draw(len(predictions)), drafts / "pictures")
        kinds.append("pictures")
    if validation is not None:
        validation.write(drafts / "validation")
        kinds.append("validation")
    for kind in (*kinds, "result"):
        store.publish(attempt, kind, drafts / kind)
    if stopped:
        store.ask(run, "stop", by=LOCAL)
    state = State.STOPPED if stopped else State.FINISHED
    store.end(attempt, state, "all 4 epochs are done")
    store.folder(run, by=LOCAL).sweep(attempt.number)
    return run


def _told(
    recipe: Recipe,
    predictions: Predictions,
    phases: tuple[PhaseCount, ...],
    pace: float,
    best: float,
) -> list[Event]:
    classes, n = predictions.classes, len(predictions)
    told: list[Event] = [
        Started(recipe.id, "cpu", "float32", classes, 80, 20, n, phases, recipe.epochs)
    ]
    epoch = 0
    for phase in phases:
        told.append(PhaseBegan(epoch, phase.phase, phase.thawed, phase.trainable, 1000, True))
        for _ in range(phase.epochs):
            epoch += 1
            reached = best * epoch / 4
            told.append(
                EpochDone(epoch - 1, phase.phase, 1 / epoch, reached, 1 / epoch, reached, 1e-3,
                          pace * epoch, 80 / pace, best=True)
            )  # fmt: skip
    return [*told, Finished("all 4 epochs are done", 4, 3, 4 * pace)]


def _result(
    run: str,
    recipe: Recipe,
    predictions: Predictions,
    phases: tuple[PhaseCount, ...],
    pace: float,
) -> dict[str, Any]:
    return {
        "run": run, "name": recipe.name, "preset": "", "recipe": recipe.id, "device": "cpu",
        "precision": "float32",
        "pictures": {"train": 80, "validation": 20, "test": len(predictions)},
        "parameters": phases[-1].total, "trainable": max(phase.trainable for phase in phases),
        "epochs": 4, "kept_epoch": 3, "reason": "all 4 epochs are done", "seconds": 4 * pace,
        "report": score(predictions).as_fields(),
    }  # fmt: skip
