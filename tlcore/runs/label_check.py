"""Checking all labels before anything is trained: what is asked, and what was found.

A check has a folder of its own in the cache, named by all that it depends on. Whoever checks
works in the background (`tlcore.nn.labels`) and leaves a table of predictions there, each by a
head that had not seen the picture.

>>> asked = question_for(Recipe(data=Data(name="digits")))
>>> asked == question_for(Recipe(data=Data(name="digits", split_seed=3), epochs=9))
True
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from tlcore import paths
from tlcore.analysis.predictions import Predictions
from tlcore.errors import ThawError
from tlcore.files import written_whole
from tlcore.recipe import Data, Input, Model, Recipe
from tlcore.recipe.text import from_file, to_json
from tlcore.runs.jobs import JobKind

CHECK = JobKind("labels", "labels", "check of its labels")
_OF_THE_PICTURES = ("name", "path", "labels", "shapes", "limit_train", "limit_test", "group_by")


def question_for(recipe: Recipe) -> Recipe:
    """What a check depends on: the pictures, the backbone and the size, and nothing else."""
    data = Data(**{name: getattr(recipe.data, name) for name in _OF_THE_PICTURES})
    model = Model(backbone=recipe.model.backbone)
    return Recipe(data=data, model=model, input=Input(size=recipe.input.size))


def folder_of(question: Recipe, fingerprint: str) -> Path:
    """Where the check of these very pictures lies."""
    key = hashlib.sha256(f"{question.id} {fingerprint}".encode()).hexdigest()[:24]
    return paths.cache() / "labels" / key


def ask(question: Recipe, folder: Path) -> None:
    """Have it checked in the background."""
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / "question.json") as draft:
        draft.write_text(to_json(question), encoding="utf-8")
    CHECK.start(paths.home(), folder)


def asked_in(folder: Path) -> Recipe:
    """What is to be checked there."""
    return from_file(folder / "question.json")


def keep(folder: Path, found: Predictions) -> None:
    """Leave what was found."""
    with written_whole(folder / "found.parquet") as draft:
        found.write(draft)


def found_in(folder: Path) -> Predictions | None:
    """What was found there; None if nothing was yet, or it can't be read."""
    try:
        return Predictions.read(folder / "found.parquet")
    except (OSError, ThawError):
        return None
