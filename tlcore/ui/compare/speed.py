"""How long each run took to a given accuracy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tlcore.report.story import RunStory

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Reached:
    """The end of the first epoch with such an accuracy.

    Attributes:
        epoch: From 0.
        seconds: From the start of the run.
    """

    epoch: int
    seconds: float


def accuracies(story: RunStory) -> tuple[str, list[float | None]]:
    """After each epoch, on the validation pictures; on the training pictures where none were set
    aside. And which of the two."""
    for which in ("validation", "training"):
        column = "validation_accuracy" if which == "validation" else "train_accuracy"
        values = [_finite(epoch.get(column)) for epoch in story.curves]
        if any(value is not None for value in values):
            break
    return which, values


def reached(story: RunStory, accuracy: float) -> Reached | None:
    """When a run first came so far; None if it never did."""
    for epoch, value in enumerate(accuracies(story)[1]):
        seconds = story.curves[epoch].get("seconds")
        if value is not None and value >= accuracy - _ROUNDING and seconds is not None:
            return Reached(epoch, seconds)
    return None


def common_goal(stories: Sequence[RunStory]) -> int:
    """The highest accuracy that all of them reached, in steps of five percent."""
    best = [max((v for v in accuracies(story)[1] if v is not None), default=0) for story in stories]
    return 5 * math.floor(100 * min(best, default=0) / 5 + _ROUNDING)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
