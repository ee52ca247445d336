"""Runs made up for tests of reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.analysis.tables import predict_at_random
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score
from tlcore.catalog import outline_for
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_fields
from tlcore.runs.result import PhaseStory, RunStory
from tlcore.runs.thumbnails import write_thumbnails

HOSTILE = (
    '<script>alert("1")</script>',
    "</style></svg><img src=x onerror=alert(1)>",
    "| a | *b* | [c](http://evil.example) |",
    "👩‍👧 x & y; http://evil.example www.evil.example",
    "x" * 300,
    "\u202egnp.exe\x00\x1b[2J",
)
"""Names that a user may give to classes and runs."""

ENVIRONMENT = {
    "thaw": "0.1.0",
    "python": "3.11.7",
    "system": "Linux x86_64",
    "processor": "A processor",
    "device": "cpu",
    "threads": 1,
    "libraries": {"torch": "2.15.0", "numpy": "2.4.6"},
}


def make_recipe(**fields: Any) -> Recipe:
    """Three epochs on a carried backbone, the last one thawed."""
    schedule = {"preset": "lp-ft", "head_epochs": 2}
    return from_fields({"epochs": 3, "schedule": schedule, **fields})


def make_predictions(n: int = 300, *, seed: int = 0, skill: float = 2.0) -> Predictions:
    """Other seeds are other networks on the same pictures."""
    labels = np.arange(n) % 6
    table: Predictions = predict_at_random(n, 6, labels=labels, skill=skill, seed=seed)
    return table


def rename(predictions: Predictions, classes: tuple[str, ...]) -> Predictions:
    return replace(predictions, classes=classes)


def make_thumbnails(path: Path, n: int = 300, side: int = 16) -> Path:
    """No two alike, and hard to compress."""
    write_thumbnails(np.random.default_rng(0).integers(0, 256, (n, side, side, 3), np.uint8), path)
    return path


def make_story(predictions: Predictions | None = None, **changes: Any) -> RunStory:
    """A run of three epochs that went well."""
    table = make_predictions() if predictions is None else predictions
    recipe, validation = changes.pop("recipe", make_recipe()), changes.pop("validation", None)
    outline = outline_for(recipe.model, len(table.classes), recipe.input.size)
    story = RunStory(
        run="20261121-142233-3fa97c1e5b20d486",
        name="A run",
        recipe=recipe,
        preset=None,
        device="cpu",
        precision="float32",
        pictures={"train": 100, "validation": 50, "test": len(table)},
        parameters=722_794,
        trainable=722_794,
        epochs=3,
        kept_epoch=2,
        reason="all 3 epochs are done",
        seconds=12.5,
        test=score(table),
        predictions=table,
        curves=tuple(
            {
                "train_loss": 1 / (epoch + 1),
                "validation_loss": 1.2 / (epoch + 1),
                "train_accuracy": 0.5 + epoch / 10,
                "validation_accuracy": 0.45 + epoch / 10,
                "seconds": 4.0 * (epoch + 1),
            }
            for epoch in range(3)
        ),
        phases=(PhaseStory(0, "head", 774), PhaseStory(2, "all", 722_794)),
        notes=("A note.",),
        environment=ENVIRONMENT,
        outline=outline,
        thumbnails=None,
    )
    story = replace(story, **changes)
    if validation is not None:  # as if it had been read already
        vars(story)["validation"] = validation
    return story
