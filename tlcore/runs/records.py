"""What the store tells of runs: plain, frozen values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from tlcore.access import Owner
from tlcore.events import EpochDone, Event, StepDone
from tlcore.runs.states import State

Request: TypeAlias = Literal["pause", "stop", "cancel"]
"""What a worker can be asked: pause to go on later, stop and keep the best, or just stop."""

Kind: TypeAlias = Literal[
    "last", "best", "predictions", "validation", "pictures", "result", "embedding"
]
"""Files of a run: the state to go on from, the kept network, its predictions of the test pictures
and of the validation share, the test pictures small, the outcome; and, if anybody asked for it, a
map of the test pictures."""


@dataclass(frozen=True)
class KindOfFile:
    """What holds of every file of a kind; store, recorder, exports and gates go by it.

    Attributes:
        place: Where it lies in the run's folder, with a number that is never given twice.
        exported: Whether an exported run has it: no exported outcome lacks what is `always` there,
            and what is there `since` some version older ones may lack.
        tells: Whether it tells how good a network is, or can be asked, and waits for a prediction.
        kept: How many stay when newer ones come.
    """

    place: str
    exported: Literal["always", "since", "never"] = "never"
    tells: bool = False
    kept: int = 1

    @property
    def name(self) -> str:
        """Of a draft, and in an exported run.

        >>> KINDS["best"].name, KINDS["predictions"].name
        ('best.safetensors', 'predictions.parquet')
        """
        return self.place.replace("-{}", "").rpartition("/")[2]


KINDS: Mapping[Kind, KindOfFile] = {
    "last": KindOfFile("checkpoints/last-{}.safetensors", kept=2),
    "best": KindOfFile("checkpoints/best-{}.safetensors", "always", tells=True),
    "predictions": KindOfFile("predictions-{}.parquet", "always", tells=True),
    "result": KindOfFile("result-{}.json", "always", tells=True),
    "pictures": KindOfFile("pictures-{}.zip", "since"),
    "validation": KindOfFile("validation-{}.parquet", "since", tells=True),
    "embedding": KindOfFile("embedding-{}.parquet", tells=True),
}
"""The one table of them: a new kind is a line here, and its name above."""

LEASE = 10.0
"""Seconds that a worker may give no sign of life."""

BEAT = 2.0
"""Seconds between two signs of life."""


@dataclass(frozen=True)
class Run:
    """A run as it stood when it was asked for. Times are seconds since 1970.

    Attributes:
        id: Names the run everywhere; can't be guessed.
        owner: Whose it is.
        name: For people; the recipe's own unless another was given.
        preset: The preset that the recipe began as; empty if none.
        recipe_id: Of its recipe.
        state: What has become of it.
        reason: Why it is in that state, in words; empty while all goes as usual.
        attempt: How often work on it was begun.
        request: What its worker has been asked and hasn't yet done.
        device: Where it runs, or ran last.
        priority: Among the same owner's runs, the highest goes first.
        created: When it was submitted.
        updated: When anything last changed.
        started: When work first began on it.
        ended: When work last ended; None while it waits or works.
        epoch: Epochs done.
        epochs: Epochs to do.
        progress: A number that grows as long as its worker gets anywhere.
        binned: When it was put into the bin; None if it wasn't.
        origin: The id that it has where it was imported from; empty if it was made here.
    """

    id: str
    owner: Owner
    name: str
    preset: str
    recipe_id: str
    state: State
    reason: str
    attempt: int
    request: Request | None
    device: str
    priority: int
    created: float
    updated: float
    started: float | None
    ended: float | None
    epoch: int
    epochs: int
    progress: int
    binned: float | None
    origin: str = ""


@dataclass(frozen=True)
class Attempt:
    """The right to work on a run: whoever holds the current token.

    Attributes:
        run: Which run.
        number: Counts the attempts at it, from 1.
        token: Unguessable, and worth nothing once another attempt has begun.
        device: Where to work.
    """

    run: str
    number: int
    token: str = field(repr=False)
    device: str


@dataclass(frozen=True)
class Metric:
    """A point of a curve. There is one for each name, epoch and step, as it was last.

    Attributes:
        name: Of the curve.
        epoch: From 0.
        step: From 0; 0 for what is measured once an epoch.
        value: May be NaN.
        seconds: From the start of the run.
        seq: Grows with every point that is written, also with one written again.
    """

    name: str
    epoch: int
    step: int
    value: float
    seconds: float = 0.0
    seq: int = 0


@dataclass(frozen=True)
class Change:
    """A run went from one state to another.

    Attributes:
        before: None for a run that was just submitted.
        after: The state it has since.
        attempt: The attempt it was in.
        why: In words; may be empty.
        at: Seconds since 1970.
    """

    before: State | None
    after: State
    attempt: int
    why: str
    at: float


@dataclass(frozen=True)
class Artifact:
    """A file that became the run's.

    Attributes:
        kind: What is in it.
        path: Where it is. No other content was or will be under this name.
        bytes: Its size.
        sha256: Of its content when it was published.
        attempt: The attempt that made it.
        at: Seconds since 1970.
    """

    kind: Kind
    path: Path
    bytes: int
    sha256: str
    attempt: int
    at: float

    def is_whole(self) -> bool:
        """Whether the file is still what was published. Reads all of it."""
        try:
            return self.path.stat().st_size == self.bytes and digest(self.path) == self.sha256
        except OSError:
            return False


@dataclass(frozen=True)
class Usage:
    """What an owner has of what the rules limit.

    Attributes:
        running: Runs at work.
        queued: Runs that wait.
        bytes: Bytes of checkpoints and results and of what was taken in, the bin included.
        seconds: Computing time of the attempts that began within the last day, deleted or not.
        runs: Runs, those in the bin included.
        imports: Runs that were taken in within this hour, deleted or not.
    """

    running: int
    queued: int
    bytes: int
    seconds: float
    runs: int = 0
    imports: int = 0


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def metrics_of(event: Event) -> Iterator[Metric]:
    """The points of its curves that an event adds.

    >>> step = StepDone(0, 7, 100, loss=0.5, rate=0.01, seconds=1.5, save=print)
    >>> [(point.name, point.step, point.value) for point in metrics_of(step)]
    [('loss', 7, 0.5), ('rate', 7, 0.01)]
    """
    if isinstance(event, StepDone):
        for name in ("loss", "rate"):
            yield Metric(name, event.epoch, event.step, getattr(event, name), event.seconds)
    if isinstance(event, EpochDone):
        for name in _PER_EPOCH:
            if (value := getattr(event, name)) is not None:
                yield Metric(name, event.epoch, 0, value, event.seconds)


_PER_EPOCH = (
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "images_per_second",
)
