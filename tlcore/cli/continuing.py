"""Bringing a recipe to its end, whatever has been done of it already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tlcore.recipe import Recipe
    from tlcore.runs.records import Attempt, Run
    from tlcore.runs.store import RunStore


def finish(store: RunStore, recipe: Recipe, preset: str) -> str | None:
    """The id of a finished run of this recipe; None if it was interrupted before its end.

    A run that has finished is taken as it is, one that was left is gone on with; only where
    there is neither, a new one begins.
    """
    from tlcore.cli.running import begin, follow
    from tlcore.runs.states import State

    run = newest(store, recipe)
    if run is not None and run.state == State.FINISHED:
        return run.id
    attempt = again(store, run) if run is not None else begin(store, recipe, preset)
    return attempt.run if follow(store, attempt) else None


def newest(store: RunStore, recipe: Recipe) -> Run | None:
    """The latest run of a recipe that has finished or can be gone on with."""
    from tlcore.runs.owners import LOCAL
    from tlcore.runs.states import State
    from tlcore.runs.supervise import find_lost

    find_lost(store)
    found = [run for run in store.list(by=LOCAL, limit=100_000) if run.recipe_id == recipe.id]
    done = [run for run in found if run.state == State.FINISHED]
    left = [run for run in found if run.state == State.QUEUED or run.state.resumable]
    return next(iter((*done, *left)), None)


def again(store: RunStore, run: Run) -> Attempt:
    """The right to go on with a run that waits or was left."""
    from tlcore.cli.running import claim
    from tlcore.runs.launch import claiming
    from tlcore.runs.owners import LOCAL
    from tlcore.runs.states import State

    with claiming(store.home):
        if run.state != State.QUEUED:
            store.resume(run.id, by=LOCAL)
        return claim(store, run.id)
