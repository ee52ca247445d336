"""What a row of the table is: a fault, what must hold, and trials bounded in number and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["holds", "FAILS", "not here", "later"]


class NotHere(Exception):
    """What a row needs, and this machine doesn't give."""


class Later(Exception):
    """What a row is about isn't built yet."""


@dataclass(frozen=True)
class Outcome:
    """What became of a row's trials.

    Attributes:
        trials: How many were made.
        found: What was measured, in a line.
        broken: A sentence for whatever didn't hold.
    """

    trials: int
    found: str
    broken: tuple[str, ...] = ()


@dataclass
class Budget:
    """How much a row may take, and where it may write.

    Attributes:
        count: Trials that are wanted.
        seconds: After which no further trial begins.
        folder: Its own, empty, gone afterwards.
        quick: Whether this is the quick run.
        made: Trials that were begun.
    """

    count: int
    seconds: float
    folder: Path
    quick: bool = False
    made: int = 0
    _began: float = field(default_factory=time.monotonic)

    def trials(self, count: int | None = None) -> Iterator[int]:
        """Numbers of trials, as long as there is time."""
        for number in range(self.count if count is None else count):
            if self.left() <= 0:
                return
            self.made += 1
            yield number

    def left(self) -> float:
        """Seconds until no further trial begins."""
        return self._began + self.seconds - time.monotonic()


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        number: Its place.
        fault: What goes wrong.
        holds: What must hold all the same.
        check: Makes it go wrong, and looks.
        full: Trials of the full run.
        quick: Trials of the quick run.
        seconds: After which the full run begins no further trial.
        quick_seconds: The same for the quick run.
    """

    number: int
    fault: str
    holds: str
    check: Callable[[Budget], Outcome]
    full: int = 1
    quick: int = 1
    seconds: float = 60.0
    quick_seconds: float = 8.0


@dataclass(frozen=True)
class Result:
    """A row, as it came out here.

    Attributes:
        row: Which.
        verdict: Whether it holds.
        trials: How many were made.
        found: What was measured, or why nothing was.
        seconds: How long it took.
    """

    row: Row
    verdict: Verdict
    trials: int
    found: str
    seconds: float
