"""When a run that waits will begin: a time, and not only a place."""

from __future__ import annotations

from functools import lru_cache

from tlcore.access import LOCAL
from tlcore.advice.forecast import Sample, forecast, samples_of
from tlcore.data.counts import count_pictures
from tlcore.errors import ThawError
from tlcore.machine import slots
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

_LOOKED_AT, _SAMPLES = 10, 5
"""Runs that wait, from which the others are guessed; and runs that say how fast this machine is."""

_SOON = 15


def seconds_until(store: RunStore, place: int) -> float | None:
    """Until the run at this place of the queue begins; None where nothing can be foretold.

    Anybody's runs count, since they are waited for, too; how long they take is no secret.
    """
    active = [_left(store, run) for run in store.active()]
    ahead = store.list(
        by=LOCAL, states={State.QUEUED}, limit=min(_LOOKED_AT, place - 1), oldest_first=True
    )
    known = [each for each in (*active, *(_whole(store, run) for run in ahead)) if each is not None]
    if not known:
        return None
    rest = (place - 1 - len(ahead)) * sum(known) / len(known)
    return (sum(known) + rest) / max(1, sum(slots().values()))


def in_words(place: int, seconds: float | None) -> str:
    """How a run that waits stands.

    >>> in_words(1, None), in_words(1, 3.0)
    ('next in the queue', 'next in the queue, within 15 seconds')
    >>> in_words(4, 130.0)
    'waits: place 4 in the queue, in about 2 min'
    """
    stands = "next in the queue" if place == 1 else f"waits: place {place} in the queue"
    if seconds is None:
        return stands
    soon = f"within {_SOON} seconds"
    return f"{stands}, {soon if seconds < _SOON else f'in about {_roughly(seconds)}'}"


def _roughly(seconds: float) -> str:
    """As a person would say it."""
    if seconds < 55:
        return f"{10 * round(seconds / 10)} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes / 60:.0f} h"


def _left(store: RunStore, run: Run) -> float | None:
    """What a run that works still takes."""
    whole = _whole(store, run)
    return None if whole is None else whole * (1 - run.epoch / max(1, run.epochs))


def _whole(store: RunStore, run: Run) -> float | None:
    """What all of it takes; looked up once, since many browsers ask again and again."""
    return _foretold(store, run.id)


@lru_cache(maxsize=500)
def _foretold(store: RunStore, run: str) -> float | None:
    try:
        recipe = store.recipe(run, by=LOCAL)
        pictures, device = count_pictures(recipe.data), next(iter(slots()))
        found = forecast(recipe, pictures, device=device, samples=_samples(store), load=0)
    except ThawError:
        return None
    return found.seconds.value if found else None


def _samples(store: RunStore) -> tuple[Sample, ...]:
    """What the latest runs say of this machine's speed."""
    found = store.list(by=LOCAL, states={State.FINISHED}, limit=_SAMPLES)
    return tuple(sample for run in found if not run.origin for sample in _sampled(store, run.id))


@lru_cache(maxsize=100)
def _sampled(store: RunStore, run: str) -> tuple[Sample, ...]:
    try:
        return tuple(samples_of(store.recipe(run, by=LOCAL), store.events(run, by=LOCAL)))
    except ThawError:
        return ()
