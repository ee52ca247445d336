"""What came out of a run that was tested: its numbers, and what it said of every picture."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from tlcore.access import Owner
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import TestReport, score
from tlcore.errors import RunError
from tlcore.recipe import Recipe
from tlcore.runs.records import Kind
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

_AGAIN = "Run the recipe again; its numbers will be the same."


def read_result(store: RunStore, run: str, *, by: Owner) -> dict[str, Any]:
    """The outcome of a run, as its `result.json` has it."""
    path = _file(store, run, "result", by)
    try:
        fields = json.loads(path.read_bytes())
    except (OSError, ValueError):
        fields = None
    if not isinstance(fields, dict):
        raise RunError("The saved result is damaged", where=str(path), remedy=_AGAIN)
    return fields


def read_predictions(store: RunStore, run: str, *, by: Owner) -> Predictions:
    """What the network that was kept says of the test pictures."""
    return Predictions.read(_file(store, run, "predictions", by))


def read_test(store: RunStore, run: str, *, by: Owner) -> TestReport:
    """What the test set says of a run: worked out from what was said of every picture, for pages,
    reports and commands alike, so that no two of them tell different numbers.

    Raises:
        RunError: It hasn't been tested, or the file is damaged.
    """
    path = _file(store, run, "predictions", by)
    try:
        changed = path.stat().st_mtime_ns
    except OSError:  # which is told by whoever reads it
        changed = 0
    return _tested(path, changed)


@lru_cache(maxsize=256)
def _tested(predictions: Path, changed: int) -> TestReport:
    return score(Predictions.read(predictions))


def read_validation(store: RunStore, run: str, *, by: Owner) -> Predictions | None:
    """What the same network says of the validation share; None where there is none, and of runs
    that were tested before it was kept."""
    path = store.artifact(run, "validation", by=by)
    return Predictions.read(path) if path else None


def other_seeds(store: RunStore, run: str, *, by: Owner) -> tuple[str, ...]:
    """Finished runs whose recipe differs from this one's in nothing but its seed, a seed each."""
    recipe = store.recipe(run, by=by)
    found, wanted = {recipe.seed: run}, seedless(recipe)
    finished = [State.FINISHED]
    like = store.recipes_like(recipe, by=by, states=finished, only_seeds=True)
    for recipe_id, each in like.items():
        seed, others = _but_seed(store, recipe_id, each, by)
        if others == wanted:
            found.setdefault(seed, each)
    return tuple(found[seed] for seed in sorted(found) if seed != recipe.seed)


def _but_seed(store: RunStore, recipe_id: str, run: str, by: Owner) -> tuple[int, str]:
    """A recipe's seed, and the id that it has with seed 0: both follow from its own id."""
    if recipe_id not in _BUT_SEED:
        recipe = store.recipe(run, by=by)
        _BUT_SEED[recipe_id] = recipe.seed, seedless(recipe)
    return _BUT_SEED[recipe_id]


def seedless(recipe: Recipe) -> str:
    """The id of a recipe but for its seed."""
    return recipe.model_copy(update={"seed": 0}).id


_BUT_SEED: dict[str, tuple[int, str]] = {}
"""Read once for each recipe."""


def _file(store: RunStore, run: str, kind: Kind, by: Owner) -> Path:
    if path := store.artifact(run, kind, by=by):
        return path
    found = store.get(run, by=by)
    raise RunError(
        f"This run has no result: it is {found.state}",
        where=run,
        remedy=f"Bring it to its end with: python -m tlcore resume {run}"
        if found.state.resumable
        else "Wait until it has finished.",
    )
