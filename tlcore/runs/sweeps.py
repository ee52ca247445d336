"""Sweeps: one recipe with seeds, rates, schedules or backbones varied, as one thing in the queue.

A sweep is its runs: it is there as long as one of them is, belongs to whoever they belong to, and
all that holds for runs holds for them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

from tlcore.access import Owner
from tlcore.analysis.intervals import share
from tlcore.analysis.sweep import Tried
from tlcore.errors import Problem, RecipeError, RunError, ThawError
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_fields, to_fields
from tlcore.runs.records import Run
from tlcore.runs.results import read_predictions, read_validation
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

MOST = 64
"""Runs of a sweep."""


@dataclass(frozen=True)
class Variant:
    """One run to be.

    Attributes:
        setting: What was varied, but for the seed.
        recipe: With that in its place.
    """

    setting: str
    recipe: Recipe


@dataclass(frozen=True)
class Sweep:
    """Runs that were sent as one.

    Attributes:
        id: Its own.
        name: For people.
        runs: In the order in which they were sent, each with its setting.
    """

    id: str
    name: str
    runs: tuple[tuple[str, Run], ...]

    @property
    def ended(self) -> int:
        """How many will do nothing more."""
        return sum(not run.state.active and run.state != State.QUEUED for _, run in self.runs)

    @property
    def finished(self) -> int:
        """How many have come to their end with a network."""
        return sum(run.state == State.FINISHED for _, run in self.runs)


def variants(
    recipe: Recipe,
    *,
    seeds: int = 1,
    rates: Sequence[float] = (),
    schedules: Sequence[str] = (),
    backbones: Sequence[str] = (),
) -> tuple[Variant, ...]:
    """Every combination of these, each with as many seeds.

    >>> found = variants(Recipe(), seeds=2, rates=[0.1, 0.01])
    >>> [(each.setting, each.recipe.seed) for each in found]
    [('rate 0.1', 0), ('rate 0.1', 1), ('rate 0.01', 0), ('rate 0.01', 1)]

    Raises:
        RecipeError: A combination makes no recipe, or there are too many of them.
    """
    axes: list[list[tuple[str, str, dict[str, object]]]] = [
        [(f"rate {rate:g}", "optimiser", {"rate": rate}) for rate in rates],
        [(name, "schedule", {"preset": name}) for name in schedules],
        [(name, "model", {"backbone": name}) for name in backbones],
    ]
    count = seeds
    for axis in axes:
        count *= max(1, len(axis))
    if not 1 < count <= MOST:
        rule = f"must be from 2 to {MOST}: choose more or fewer seeds, rates and so on"
        raise RecipeError([Problem("runs of a sweep", str(count), rule)])
    return tuple(_combined(recipe, [axis for axis in axes if axis], seeds))


def _combined(
    recipe: Recipe, axes: Sequence[Sequence[tuple[str, str, dict[str, object]]]], seeds: int
) -> Iterator[Variant]:
    for changes in product(*axes):
        fields = to_fields(recipe)
        for _, part, change in changes:
            # of a schedule nothing is kept, since each has dials of its own
            fields[part] = change if part == "schedule" else {**fields.get(part, {}), **change}
        setting = ", ".join(words for words, _, _ in changes)
        for seed in range(recipe.seed, recipe.seed + seeds):
            yield Variant(setting, from_fields({**fields, "seed": seed}, where=setting))


def submit(
    store: RunStore, recipe: Recipe, wanted: Sequence[Variant], *, by: Owner, name: str = ""
) -> str:
    """Send all of them, or none: where one is refused, those before it are taken back."""
    sweep, sent = secrets.token_hex(6), []
    try:
        for variant in wanted:
            sent.append(store.submit(variant.recipe, by=by).id)
            _note(store, sent[-1], sweep, name or recipe.name or "sweep", variant, len(sent))
    except ThawError:
        for run in sent:
            with suppress(ThawError):
                store.ask(run, "cancel", by=by)
                store.delete(run, by=by)
        raise
    return sweep


def _note(store: RunStore, run: str, sweep: str, name: str, variant: Variant, place: int) -> None:
    with store.database.writing() as sql:
        sql.execute(
            "INSERT INTO sweep_run SELECT number, ?, ?, ?, ? FROM run WHERE id = ?",
            (sweep, name, variant.setting, place, run),
        )


def sweeps(store: RunStore, *, by: Owner) -> tuple[Sweep, ...]:
    """Those of an owner, the latest first."""
    with store.database.reading() as sql:
        rows = sql.execute(
            "SELECT sweep, sweep_run.name, setting, id FROM sweep_run "
            "JOIN run ON run.number = sweep_run.run ORDER BY run.number"
        ).fetchall()
    if not rows:
        return ()
    seen = {run.id: run for run in store.list(by=by, limit=-1)}
    found: dict[str, Sweep] = {}
    for sweep, name, setting, run in rows:
        if run in seen:
            before = found.get(sweep, Sweep(sweep, name, ()))
            found[sweep] = Sweep(sweep, name, (*before.runs, (setting, seen[run])))
    return tuple(reversed(found.values()))


def find(store: RunStore, sweep: str, *, by: Owner) -> Sweep:
    """One of them."""
    for each in sweeps(store, by=by):
        if each.id == sweep:
            return each
    remedy = "List them with: python -m tlcore sweep"
    raise RunError("There is no such sweep", where=sweep, remedy=remedy)


def stop(store: RunStore, sweep: Sweep, *, by: Owner) -> int:
    """Cancel what waits or works; tell how many that were."""
    left = [run for _, run in sweep.runs if run.state.active or run.state == State.QUEUED]
    for run in left:
        with suppress(RunError):  # it has just ended
            store.ask(run.id, "cancel", by=by)
    return len(left)


def tried(store: RunStore, sweep: Sweep, *, by: Owner) -> list[Tried]:
    """What its finished runs came to, for `tlcore.analysis.sweep`."""
    found = []
    for setting, run in sweep.runs:
        if run.state == State.FINISHED:
            said, validation = (
                read(store, run.id, by=by) for read in (read_predictions, read_validation)
            )
            assert said is not None
            checked = float(validation.correct.mean()) if validation is not None else None
            found.append(Tried(setting, share(said.correct, said.belonging), checked, said))
    return found
