"""What a run says while it runs: plain, frozen, and the same in a log, a store or a page.

The loop announces, consumers decide: nothing here knows who listens.

>>> as_fields(Note("The batch was halved to 16."))
{'event': 'Note', 'text': 'The batch was halved to 16.'}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import TestReport
from tlcore.schedule.plan import PhaseCount


@dataclass(frozen=True)
class Started:
    """The run has its data and network, and training is about to begin (or go on)."""

    recipe: str
    device: str
    precision: str
    classes: tuple[str, ...]
    train_pictures: int
    validation_pictures: int
    test_pictures: int
    phases: tuple[PhaseCount, ...]
    epochs: int
    resumed_at: int = 0


@dataclass(frozen=True)
class Note:
    """Something a person should know."""

    text: str


@dataclass(frozen=True)
class PhaseBegan:
    """From this epoch on, other parameters train."""

    epoch: int
    phase: int
    thawed: str
    trainable: int
    total: int
    cached: bool


@dataclass(frozen=True)
class Keeping:
    """Frozen blocks look at pictures, once for many epochs: `done` of `total` so far."""

    done: int
    total: int


@dataclass(frozen=True)
class StepDone:
    """One optimiser step. `seconds` counts from the start of the run.

    `save(path)` writes the whole state, and only while the generator waits at this event:
    so a run can be paused in the middle of an epoch.
    """

    epoch: int
    step: int
    steps: int
    loss: float
    rate: float
    seconds: float
    save: Callable[..., None]


@dataclass(frozen=True)
class EpochDone:
    """One pass over the training pictures, and what the validation share says."""

    epoch: int
    phase: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    rate: float
    seconds: float
    images_per_second: float
    best: bool


@dataclass(frozen=True)
class Checkpoint:
    """The end of an epoch, a good place to save: `save` as in `StepDone`."""

    epoch: int
    step: int
    best: bool
    save: Callable[..., None]


@dataclass(frozen=True)
class Tested:
    """The kept network, seen once by the test set.

    Attributes:
        report: What `tlcore.analysis.scores` makes of it.
        predictions: The table it is made from.
        pictures: The pixels of each row of that table, n x height x width x 3.
        save: `save(path)` writes the kept network alone, ready to predict.
        validation: What the kept network says of the validation share; None where there is none.
    """

    __test__ = False  # pytest takes a class of this name for a test

    report: TestReport
    predictions: Predictions
    pictures: NDArray[np.uint8]
    save: Callable[..., None]
    validation: Predictions | None = None


@dataclass(frozen=True)
class Finished:
    """The end. `reason` says why in words; `kept_epoch` is the epoch whose weights were tested."""

    reason: str
    epochs: int
    kept_epoch: int
    seconds: float


Event: TypeAlias = (
    Started | Note | Keeping | PhaseBegan | StepDone | EpochDone | Checkpoint | Tested | Finished
)


def as_fields(event: Event) -> dict[str, Any]:
    """The event as plain values that JSON can hold; what a test found is saved apart."""
    values = {f.name: getattr(event, f.name) for f in fields(event) if f.name not in NOT_PLAIN}
    if isinstance(event, Started):
        values["phases"] = [asdict(phase) for phase in event.phases]
    return {"event": type(event).__name__, **values}


NOT_PLAIN = {"save", "report", "predictions", "pictures", "validation"}
"""Fields that no line can hold: what can be saved, and what a test found."""
