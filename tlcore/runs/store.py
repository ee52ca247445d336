"""All that is known of runs: asked for, waiting, at work, at rest.

Whoever asks says who they are (`by`): what they may not see looks as if it weren't there. Whoever
works on a run holds an `Attempt`, and can write nothing once another one has begun.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tlcore import paths
from tlcore.events import Event
from tlcore.recipe import Recipe
from tlcore.runs.folder import RunFolder
from tlcore.runs.identity import SYSTEM, Clock, Identity
from tlcore.runs.owners import Owner, Rules
from tlcore.runs.records import Artifact, Attempt, Change, Kind, Metric, Request, Run, Usage
from tlcore.runs.states import State

LEASE = 10.0
"""Seconds that a worker may give no sign of life."""
BEAT = 2.0
"""Seconds between two signs of life."""


class RunStore:
    """The runs of one home. Threads may share it; every process opens its own."""

    def __init__(self, home: Path | None = None, *, clock: Clock = SYSTEM) -> None:
        self.home = home or paths.home()
        self.clock = clock

    # Asking for runs, and looking at them

    def submit(
        self, recipe: Recipe, *, by: Owner, name: str = "", preset: str = "", priority: int = 0
    ) -> Run:
        """Put a run into the queue, if the rules allow one more."""

    def get(self, run: str, *, by: Owner) -> Run:
        """A run as it stands now."""

    def list(
        self,
        *,
        by: Owner,
        states: Collection[State] = (),
        limit: int = 200,
        offset: int = 0,
        binned: bool = False,
    ) -> tuple[Run, ...]:
        """Runs, the newest first; in any state if none is named. `binned` lists the bin instead."""

    def position(self, run: str, *, by: Owner) -> int | None:
        """How many claims until the run's turn, 1 for the next; None if it doesn't wait."""

    def recipe(self, run: str, *, by: Owner) -> Recipe:
        """What was asked for."""

    def folder(self, run: str, *, by: Owner) -> RunFolder:
        """Where the run's files are."""

    def events(self, run: str, *, by: Owner, since: int = 0) -> tuple[dict[str, Any], ...]:
        """What happened after number `since`: each with its `seq`, `attempt` and `at`."""

    def metrics(self, run: str, *, by: Owner, since: int = 0) -> tuple[Metric, ...]:
        """Points of curves that were written after number `since`, in that order."""

    def history(self, run: str, *, by: Owner) -> tuple[Change, ...]:
        """Every state that the run went through."""

    def artifact(self, run: str, kind: Kind, *, by: Owner) -> Path | None:
        """The latest file of a kind; None if there is none."""

    def checkpoints(self, run: str, *, by: Owner) -> tuple[Artifact, ...]:
        """States to go on from, the newest first: if one is damaged, take the next."""

    def ask(self, run: str, what: Request, *, by: Owner) -> Run:
        """Ask the worker to pause, stop or cancel; what waits or is paused is cancelled at once."""

    def resume(self, run: str, *, by: Owner) -> Run:
        """Put a run that was paused, stopped or lost, or that failed, back into the queue."""

    def rename(self, run: str, name: str, *, by: Owner) -> Run:
        """Give the run another name."""

    def delete(self, run: str, *, by: Owner) -> Run:
        """Put a run that doesn't wait or work into the bin. Its files stay where they are."""

    def restore(self, run: str, *, by: Owner) -> Run:
        """Take a run out of the bin."""

    def forget(self, run: str, *, by: Owner) -> None:
        """Drop all that is known of a run in the bin. Remove its folder first."""

    # Rules

    def rules(self) -> Rules:
        """What everybody may see and use."""

    def set_rules(self, rules: Rules, *, by: Owner) -> None:
        """Set other rules. Only LOCAL may."""

    def usage(self, *, by: Owner) -> Usage:
        """How much of what the rules limit an owner has."""

    # Working on a run

    def claim(
        self, *, device: str, worker: Identity | None = None, run: str | None = None
    ) -> Attempt | None:
        """Take the run whose turn it is (or that one), to begin it; None if none waits.

        Fair: the owner with the fewest runs at work goes first, then who has waited longest
        since their last turn. Priority counts only among an owner's own runs.

        Args:
            device: Where it will run.
            worker: Who vouches for the run until `begin` says who works on it.
            run: Take this one, out of turn.
        """

    def attempt(self, run: str) -> Attempt | None:
        """The attempt that holds the right to work on a run; None if nobody does."""

    def begin(self, attempt: Attempt, worker: Identity, environment: Mapping[str, Any]) -> None:
        """Begin to work, once for each attempt. `environment` is kept in `environment.json`."""

    def beat(self, attempt: Attempt, *, progress: int) -> Request | None:
        """Give a sign of life, at least every `BEAT` seconds; learn what is asked."""

    def record(
        self, attempt: Attempt, events: Sequence[Event] = (), metrics: Sequence[Metric] = ()
    ) -> None:
        """Keep what happened. Of a step only its points are kept, see `records.metrics_of`."""

    def publish(self, attempt: Attempt, kind: Kind, path: Path) -> Artifact:
        """Make a file that was written to `folder.drafts` the run's: it moves to its place.

        The two latest states to go on from are kept, and the latest file of any other kind.
        """

    def end(self, attempt: Attempt, state: State, reason: str) -> None:
        """Leave the run finished, stopped, failed or paused, and give up the right to it."""

    # Watching over all of them

    def overdue(self) -> tuple[Run, ...]:
        """What `find_lost` would mark; nothing is changed."""

    def find_lost(self) -> tuple[Run, ...]:
        """Mark runs whose worker is dead or silent, or ran before a reboot; give them.

        They are lost, or stopped if that is what was asked. A worker that is only silent may come
        to itself again, so end its processes (see `worker`) before.
        """

    def worker(self, run: str) -> Identity | None:
        """Who worked on a run in its latest attempt."""

    def active(self) -> tuple[Run, ...]:
        """All runs that somebody works on, or should."""

    def queued(self) -> int:
        """How many runs wait."""
