"""A run that takes no time and needs no torch: the events of a real one, in their order."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score
from tlcore.errors import CheckpointError
from tlcore.events import (
    Checkpoint,
    EpochDone,
    Event,
    Finished,
    Note,
    PhaseBegan,
    Started,
    StepDone,
    Tested,
)
from tlcore.recipe import Recipe
from tlcore.schedule.plan import PhaseCount

STEPS = 5


def train(
    recipe: Recipe,
    *,
    resume: Path | None = None,
    enough: Callable[[], bool] = lambda: False,
    test: int = 50,
) -> Generator[Event, None, None]:
    """Saves the epoch to go on with as text, and is better the more epochs it has."""
    first = _load(resume) if resume else 0
    phases = (PhaseCount(0, "head", recipe.epochs, 130, 1000),)
    yield Started(
        recipe.id, "cpu", "float32", ("cat", "dog"), 80, 20, test, phases, recipe.epochs, first
    )
    yield Note("This is a rehearsal.")
    yield PhaseBegan(first, 0, "head", 130, 1000, cached=True)
    epoch, reason = first, f"all {recipe.epochs} epochs are done"
    while epoch < recipe.epochs:
        for step in range(STEPS):
            seconds = epoch + step / STEPS
            yield StepDone(epoch, step, STEPS, 0.5, 1e-3, seconds, save=_save(epoch))
            if enough():
                break
        if enough():
            reason = f"stopped on request in epoch {epoch + 1}"
            break
        yield EpochDone(epoch, 0, 0.5, 0.8, 0.6, 0.7, 1e-3, epoch + 1.0, 80.0, best=True)
        epoch += 1
        yield Checkpoint(epoch - 1, STEPS, True, save=_save(epoch))
    predictions = predict(right=test - 10 + min(epoch, 9), n=test)
    pictures, validation = draw(test), predict(right=14, n=20)
    save = _save("network")
    yield Tested(score(predictions), predictions, pictures, save=save, validation=validation)
    yield Finished(reason, epoch, max(0, epoch - 1), float(epoch))


def predict(*, right: int, n: int) -> Predictions:
    """The first `right` of n pictures are called rightly."""
    labels = np.arange(n) % 2
    called = np.where(np.arange(n) < right, labels, 1 - labels)
    return Predictions(
        ids=np.array([f"picture-{i}" for i in range(n)]),
        labels=labels,
        probabilities=np.where(np.eye(2)[called] == 1, 0.9, 0.1).astype(np.float32),
        classes=("cat", "dog"),
    )


def draw(n: int) -> NDArray[np.uint8]:
    """Pictures of one colour each, no two alike."""
    rows = np.arange(n, dtype=np.uint16)
    colours = np.stack([rows * 5 % 256, 255 - rows * 3 % 256, rows // 256], axis=1)
    return np.broadcast_to(colours.astype(np.uint8)[:, None, None], (n, 16, 16, 3))


def _load(path: Path) -> int:
    text = path.read_text()
    if not text.isdecimal():
        raise CheckpointError("The file is damaged", where=str(path))
    return int(text)


def _save(content: object):
    return partial(_write, content)


def _write(content: object, path: Path) -> None:
    path.write_text(str(content))
