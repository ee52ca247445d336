"""Starting workers, wherever they work: three verbs, and one suite of promises for all of them
(`tests/runs/test_launchers.py`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Literal, Protocol, Self, TypeAlias

from tlcore.access import LOCAL
from tlcore.errors import RunError
from tlcore.runs.identity import is_alive
from tlcore.runs.records import Attempt
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.supervise import end_family

Whereabouts: TypeAlias = Literal["waiting", "working", "gone"]
"""Of an attempt: nobody works on it yet, somebody does, nobody will any more."""


class Launcher(ABC):
    """Where workers are started. `with` it, because it may keep something ready.

    What a worker does is the same everywhere, and whatever it writes carries its attempt's token:
    so one that comes late, or was thought to be dead, can write nothing.

    Args:
        store: Whose runs these are.
    """

    def __init__(self, store: RunStore) -> None:
        self.store = store

    @abstractmethod
    def submit(self, attempt: Attempt, threads: int) -> None:
        """Have somebody work on an attempt, once: submitted twice, it is worked on once."""

    def state(self, attempt: Attempt) -> Whereabouts:
        """What has become of it."""
        if self.store.attempt(attempt.run) != attempt:
            return "gone"
        worker = self.store.worker(attempt.run)
        if worker is None:
            return "waiting"
        return "working" if is_alive(worker) else "gone"

    def cancel(self, attempt: Attempt) -> bool:
        """End what works on it; tell whether nothing of it is left. What it saved stays."""
        worker = self.store.worker(attempt.run)
        return worker is None or end_family(worker)

    def is_ready(self) -> bool:
        """Whether a worker would start at once: one that has to wait for torch to be loaded would
        look as if it were dead."""
        return True

    def cool_down(self) -> None:  # noqa: B027 most keep nothing
        """Keep nothing ready any more."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cool_down()


class Work(Protocol):
    """What `tlcore.nn.worker.work` is."""

    def __call__(self, store: RunStore, attempt: Attempt, *, threads: int | None) -> State: ...


class Inline(Launcher):
    """Work in this very process, which is back once the run is left.

    Args:
        work: Who does it: `tlcore.nn.worker.work`, which only whoever may load torch can name.
    """

    def __init__(self, store: RunStore, work: Work) -> None:
        super().__init__(store)
        self._work = work

    def submit(self, attempt: Attempt, threads: int) -> None:
        """Do it."""
        self._work(self.store, attempt, threads=threads)

    def cancel(self, attempt: Attempt) -> bool:
        """Leave it at the next moment at which nothing is lost: a process doesn't end itself."""
        with suppress(RunError):  # it is just coming to its end
            self.store.ask(attempt.run, "pause", by=LOCAL)
        return self.state(attempt) == "gone"
