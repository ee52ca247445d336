"""Learning-rate schedules as a pure function of how far a run has come.

The factor multiplies the recipe's rate (and, per block, the freeze schedule's). A resumed run
asks the same question and gets the same answer; even `plateau` follows from the validation
losses seen so far, not from a counter that could be lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from tlcore.strict import Part

Shape = Literal[
    "constant", "step", "constant-then-exponential", "exponential", "cosine", "one-cycle", "plateau"
]


class RateSchedule(Part):
    """How the learning rate moves over the epochs.

    Attributes:
        name: The shape.
        warmup: Epochs (or a part of one) over which the rate climbs from almost nothing to the
            full rate; all else is counted from there. A phase that starts the schedule again
            warms up again, for half its length if it is no longer than that.
        gamma: What `step`, `exponential` and `plateau` multiply by.
        every: For `step`: epochs between two steps.
        at: For `step`: the epochs to step at, instead of `every`.
        hold: For `constant-then-exponential`: epochs at the full rate.
        patience: For `plateau`: epochs without a lower validation loss before a step.
        rise: For `one-cycle`: the share of the run in which the rate climbs; momentum stays.
        floor: The last rate of `cosine` and `one-cycle`, as a share of the highest.
    """

    name: Shape = "constant"
    warmup: float = Field(default=0.0, ge=0)
    gamma: float = Field(default=0.1, gt=0, le=1)
    every: int = Field(default=10, ge=1)
    at: tuple[int, ...] = Field(default=(), strict=False)
    hold: int = Field(default=2, ge=0)
    patience: int = Field(default=3, ge=1)
    rise: float = Field(default=0.3, gt=0, lt=1)
    floor: float = Field(default=0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _steps_rise(self) -> RateSchedule:
        if list(self.at) != sorted(set(self.at)) or any(epoch < 1 for epoch in self.at):
            raise ValueError("at: must list epochs from 1 on, each later than the one before")
        return self

    @model_validator(mode="after")
    def _one_cycle_warms_up_itself(self) -> RateSchedule:
        if self.name == "one-cycle" and self.warmup:
            raise ValueError("warmup: must be 0 for one-cycle, which climbs by itself (see rise)")
        return self

    def factor(self, epoch: float, epochs: int, losses: Sequence[float] = ()) -> float:
        """The rate at a moment, as a share of the full rate.

        Args:
            epoch: Epochs done since the schedule began; 2.5 is in the middle of the third.
            epochs: How many the schedule spans.
            losses: The validation loss after each epoch so far.

        >>> cosine = RateSchedule(name="cosine")
        >>> [round(cosine.factor(e, 4), 2) for e in (0, 2, 4)]
        [1.0, 0.5, 0.0]
        """
        if self.name == "one-cycle":
            return self._one_cycle(epoch / epochs)
        warmup = self.warmup if self.warmup < epochs else epochs / 2
        if epoch < warmup:
            return max(epoch / warmup, 0.01)
        return self._after_warmup(epoch - warmup, epochs - warmup, losses[math.ceil(warmup) :])

    def _after_warmup(self, epoch: float, epochs: float, losses: Sequence[float]) -> float:
        """All epochs are counted from the end of the warm-up, which is at the full rate."""
        whole = int(epoch)
        match self.name:
            case "step":
                steps = sum(whole >= at for at in self.at) if self.at else whole // self.every
                return self.gamma**steps
            case "exponential":
                return self.gamma**whole
            case "constant-then-exponential":
                return self.gamma ** max(0, whole - self.hold + 1)
            case "cosine":
                return _fall(min(epoch / max(epochs, 1e-9), 1.0), 1.0, self.floor)
            case "plateau":
                return self.gamma ** _plateaus(losses, self.patience)
            case _:
                return 1.0

    def _one_cycle(self, progress: float) -> float:
        if progress < self.rise:
            return _fall(1 - progress / self.rise, 1.0, 0.04)
        return _fall(min((progress - self.rise) / (1 - self.rise), 1.0), 1.0, self.floor)


def _fall(progress: float, top: float, bottom: float) -> float:
    """Half a cosine from top (at 0) to bottom (at 1)."""
    return bottom + (top - bottom) * (1 + math.cos(math.pi * progress)) / 2


def _plateaus(losses: Sequence[float], patience: int) -> int:
    """How often the loss has failed to improve for `patience` epochs in a row."""
    best, waited, steps = math.inf, 0, 0
    for loss in losses:
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited == patience:
            waited, steps = 0, steps + 1
    return steps
