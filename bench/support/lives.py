"""Lives of runs, told quickly: brought to any state, by any owner, at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tlcore.access import LOCAL, Owner
from tlcore.recipe import Recipe
from tlcore.runs import identity
from tlcore.runs.identity import Clock
from tlcore.runs.records import Attempt, Kind
from tlcore.runs.states import State

RECIPE = Recipe(name="Ein Lauf: 'ä' # 鳥", epochs=3)
NOON = 1_800_000_000.0


class Time:
    """A clock that stands still until it is moved: `wall` for people, `steady` for leases."""

    def __init__(self) -> None:
        self.wall = NOON
        self.steady = 5000.0
        self.boot = identity.boot_id()

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady, lambda: self.boot)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def submit(store: Any, *, by: Owner = LOCAL, **given: Any) -> str:
    """A run that waits."""
    return str(store.submit(RECIPE, by=by, **given).id)


def start(store: Any, run: str) -> Attempt:
    """Claim a run that waits."""
    attempt = store.claim(device="cpu", run=run)
    assert isinstance(attempt, Attempt)
    return attempt


def work(store: Any, *, by: Owner = LOCAL, **given: Any) -> Attempt:
    """A run that somebody works on."""
    attempt = start(store, submit(store, by=by, **given))
    store.begin(attempt, identity.own(), {})
    return attempt


def bring_to(store: Any, state: State, *, by: Owner = LOCAL) -> str:
    """A run in any state but lost, on the usual way to it."""
    run = submit(store, by=by)
    if state == State.QUEUED:
        return run
    attempt = start(store, run)
    if state == State.STARTING:
        return run
    store.begin(attempt, identity.own(), {})
    if state in (State.PAUSING, State.STOPPING):
        store.ask(run, "pause" if state == State.PAUSING else "stop", by=LOCAL)
    elif state == State.STOPPED:
        store.ask(run, "stop", by=LOCAL)
        store.end(attempt, state, "so it was asked")
    elif state != State.RUNNING:
        store.end(attempt, state, "so it went")
    return run


def publish(store: Any, attempt: Attempt, kind: Kind, content: str) -> Path:
    """A file of a run's, written and published."""
    draft = store.folder(attempt.run, by=LOCAL).drafts(attempt.number) / kind
    draft.write_text(content)
    return Path(store.publish(attempt, kind, draft))
