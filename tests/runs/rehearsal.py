"""Workers and dispatchers as processes of their own that need no torch, for tests.

python -m tests.runs.rehearsal dispatcher --idle SECONDS
python -m tests.runs.rehearsal tlcore.nn.worker RUN ATTEMPT THREADS

How a worker behaves is said by its recipe's name.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from tests.runs import fake_run
from tlcore.access import LOCAL
from tlcore.events import Event, StepDone
from tlcore.nn import worker
from tlcore.recipe import Recipe
from tlcore.runs import dispatcher
from tlcore.runs.identity import Identity
from tlcore.runs.launchers.local import Local
from tlcore.runs.records import Attempt
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

PACE = 0.02
FOR_EVER = 60.0
SLEEP = ("import time; time.sleep(60)",)


class Rehearsals(Local):
    """The launcher of this machine, whose workers need no torch."""

    worker = ("tests.runs.rehearsal", "tlcore.nn.worker")

    def __init__(self, store: RunStore) -> None:
        super().__init__(store, warm=False)
        self.started: list[subprocess.Popen[bytes]] = []
        self.cooled_down = 0

    def submit(self, attempt: Attempt, threads: int) -> None:
        super().submit(attempt, threads)
        self.started.append(self._children[-1])

    def cool_down(self) -> None:
        self.cooled_down += 1


def submit(store: RunStore, name: str = "quick", epochs: int = 1) -> str:
    return store.submit(Recipe(name=name, epochs=epochs), by=LOCAL).id


def until_at_work(store: RunStore, run: str, *, progress: int = 0) -> Identity:
    """Who works on a run, as soon as somebody does and has given a sign of life."""
    until(lambda: (found := store.get(run, by=LOCAL)).state == State.RUNNING
          and found.progress >= progress)  # fmt: skip
    identity = store.worker(run)
    assert identity is not None
    return identity


def until(condition: Any, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def train(recipe: Recipe, **given: Any) -> Any:
    """A rehearsal that behaves like its name."""
    for event in fake_run.train(recipe, **given):
        if isinstance(event, StepDone):
            _behave(recipe.name, event)
        yield event


def _behave(name: str, event: Event) -> None:
    match name:
        case "slow":
            time.sleep(PACE)
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            for apart in (False, True):
                subprocess.Popen([sys.executable, "-c", *SLEEP], start_new_session=apart)
            time.sleep(FOR_EVER)


def main() -> int:
    worker.load_engine = lambda threads: train
    vars(dispatcher)["Local"] = Rehearsals
    what, *words = sys.argv[1:]
    if what == "dispatcher":
        return dispatcher.main(words)
    code = worker.main(words)
    with suppress(KeyboardInterrupt):
        if RunStore().get(words[0], by=LOCAL).name == "lingering":
            time.sleep(FOR_EVER)
    return code


if __name__ == "__main__":
    sys.exit(main())
