"""What can become of a run: its states, and the one table of what may follow what.

    queued ──► starting ──► running ──► finished
      ▲           │            │
      │           ├────────────┼──► pausing ──► paused
      │           │            │       │
      │           ├────────────┼───────┴──► stopping ──► stopped
      │           │            │
      │           └────────────┴──► failed, lost
      └── resumed: from paused, stopped, failed or lost

A worker that was asked to pause or stop may come to its end first, fail or get lost. It may also
pause by itself: for want of space, or on Ctrl-C. What waits or is paused is stopped by a cancel.

The table is enforced here, and by a trigger in the database that is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from tlcore.errors import RunError


class State(StrEnum):
    """What has become of a run."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    LOST = "lost"

    @property
    def active(self) -> bool:
        """Whether a worker has, or should have, its hands on the run."""
        return self in ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether the run may be put back into the queue."""
        return State.QUEUED in TRANSITIONS[self]


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.STARTING, State.STOPPED}),
    State.STARTING: frozenset(
        {
            State.RUNNING,
            State.PAUSING,
            State.PAUSED,
            State.STOPPING,
            State.FAILED,
            State.LOST,
        }
    ),
    State.RUNNING: frozenset(
        {
            State.PAUSING,
            State.PAUSED,
            State.STOPPING,
            State.FINISHED,
            State.FAILED,
            State.LOST,
        }
    ),
    State.PAUSING: frozenset(
        {State.PAUSED, State.STOPPING, State.FINISHED, State.FAILED, State.LOST}
    ),
    State.PAUSED: frozenset({State.QUEUED, State.STOPPED}),
    State.STOPPING: frozenset({State.STOPPED, State.FINISHED, State.FAILED, State.LOST}),
    State.FINISHED: frozenset(),
    State.STOPPED: frozenset({State.QUEUED}),
    State.FAILED: frozenset({State.QUEUED}),
    State.LOST: frozenset({State.QUEUED}),
}

ACTIVE = frozenset({State.STARTING, State.RUNNING, State.PAUSING, State.STOPPING})


def check(before: State, after: State) -> None:
    """Refuse what the table doesn't allow.

    >>> check(State.QUEUED, State.STARTING)
    >>> check(State.FINISHED, State.RUNNING)
    Traceback (most recent call last):
        ...
    tlcore.errors.RunError: A run that is finished can't become running
    """
    if after not in TRANSITIONS[before]:
        raise RunError(f"A run that is {before} can't become {after}")
