"""Trying cards for a page: what is asked, and what was found.

A trial has a folder of its own in the cache, named by the data and by when its files changed.
Whoever tries works in the background (`tlcore.nn.trial`) and leaves there what it found.

>>> from tlcore.recipe import Data
>>> asked = question_for(Recipe(data=Data(name="digits"), epochs=9))
>>> asked == question_for(Recipe(data=Data(name="digits")))
True
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from tlcore import paths
from tlcore.advice.trial import Trial, from_json, to_json
from tlcore.data.counts import look_through
from tlcore.errors import ThawError
from tlcore.files import written_whole
from tlcore.recipe import Recipe
from tlcore.recipe import text as recipes
from tlcore.runs.jobs import JobKind

TRIAL = JobKind("trial", "advise", "trial of backbones")


def question_for(recipe: Recipe) -> Recipe:
    """What a trial depends on: the data and how they are split, and nothing else."""
    return Recipe(data=recipe.data)


def folder_of(question: Recipe) -> Path:
    """Where the trial on these pictures lies; another one as soon as a picture comes or goes.

    Raises:
        DataError: There are no such pictures.
    """
    own = question.data.name in ("folder", "hub")
    seen = [(str(path), when) for path, when in look_through(question.data).seen] if own else []
    key = hashlib.sha256(f"{question.id} {seen}".encode()).hexdigest()[:24]
    return _all() / key


def folder_named(name: str) -> Path | None:
    """The folder that a page has asked in, by its name; None if there is none."""
    folder = _all() / Path(name).name
    return folder if (folder / "question.json").is_file() else None


def ask(question: Recipe, folder: Path) -> None:
    """Have cards tried in the background."""
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / "question.json") as draft:
        draft.write_text(recipes.to_json(question), encoding="utf-8")
    TRIAL.start(paths.home(), folder)


def asked_in(folder: Path) -> Recipe:
    """What is to be tried there."""
    return recipes.from_file(folder / "question.json")


def keep(folder: Path, found: Trial) -> None:
    """Leave what was found."""
    with written_whole(folder / "found.json") as draft:
        draft.write_text(to_json(found), encoding="utf-8")


def found_in(folder: Path) -> Trial | None:
    """What was found there; None if nothing was yet, or it can't be read."""
    try:
        return from_json((folder / "found.json").read_text(encoding="utf-8"))
    except (OSError, ThawError):
        return None


def _all() -> Path:
    return paths.cache() / "trials"
