"""What a run says while it runs: plain, frozen, and the same in a log, a store or a page.

The loop announces, consumers decide: nothing here knows who listens.

>>> as_fields(Note("The batch was halved to 16."))
{'event': 'Note', 'text': 'The batch was halved to 16.'}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

from tlcore.plan import PhaseCount


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
class StepDone:
    """One optimiser step. `seconds` counts from the start of training."""

    epoch: int
    step: int
    steps: int
    loss: float
    rate: float
    seconds: float


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
    """The run can be saved here. `save(path)` writes the whole state, and only while the
    generator waits at this event; whoever doesn't want it passes on."""

    epoch: int
    step: int
    best: bool
    save: Callable[..., None]


@dataclass(frozen=True)
class Tested:
    """The kept network, seen once by the test set. `report` is `tlcore.analysis.report`'s;
    `predictions` its table."""

    report: Any
    predictions: Any


@dataclass(frozen=True)
class Finished:
    """The end. `reason` says why in words; `kept_epoch` is the epoch whose weights were tested."""

    reason: str
    epochs: int
    kept_epoch: int
    seconds: float


Event: TypeAlias = (
    Started | Note | PhaseBegan | StepDone | EpochDone | Checkpoint | Tested | Finished
)


def as_fields(event: Event) -> dict[str, Any]:
    """The event as plain values, without what can't be written down."""
    plain = {f.name for f in fields(event)} - {"save", "report", "predictions"}
    values = {name: value for name, value in asdict_shallow(event).items() if name in plain}
    return {"event": type(event).__name__, **values}


def asdict_shallow(event: Event) -> dict[str, Any]:
    """Fields by name; nested dataclasses become plain values too."""
    values = {f.name: getattr(event, f.name) for f in fields(event)}
    return {
        name: [asdict(v) for v in value] if name == "phases" else value
        for name, value in values.items()
    }
