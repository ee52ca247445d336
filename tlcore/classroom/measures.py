"""What a tested run says, as a lesson asks it: its accuracy, and numbers in percent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np

from tlcore.analysis.intervals import Interval
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score
from tlcore.classroom.lesson import Choice, Measure, Predict, Truth

_NOTHING: Mapping[str, float] = MappingProxyType({})
SURE = 0.9
"""A confidence from which on a network counts as sure."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        accuracy: On its test pictures.
        values: Each measure; without those that the run can't tell.
        labels: Labelled pictures of each class that it learned from; None if nobody limited them.
    """

    accuracy: Interval
    values: Mapping[Measure, float]
    labels: int | None = None


@lru_cache(maxsize=2048)
def read_outcome(result: Path, predictions: Path, trained: float | None = None) -> Outcome:
    """The outcome that these files hold; their names change with their content.

    Args:
        result: A run's `result.json`.
        predictions: Its table of predictions.
        trained: Its accuracy on what it was trained with, in the end.
    """
    table = Predictions.read(predictions)
    test = score(table)
    return outcome_of(
        table,
        test.accuracy,
        calibration=test.calibration_error,
        seconds=json.loads(result.read_bytes())["seconds"],
        trained=trained,
    )


def outcome_of(
    predictions: Predictions,
    accuracy: Interval,
    *,
    calibration: float,
    seconds: float,
    trained: float | None = None,
) -> Outcome:
    """The measures of a tested run."""
    sure = predictions.confidence >= SURE
    wrong = float((sure & ~predictions.correct).sum() / max(1, sure.sum()))
    values: dict[Measure, float] = {
        "accuracy": 100 * accuracy.value,
        "calibration": 100 * calibration,
        "sure-and-wrong": 100 * wrong,
        "seconds": seconds,
    }
    if trained is not None:
        values["overfit"] = 100 * (trained - accuracy.value)
    if (misled := _called_by_their_cue(predictions)) is not None:
        values["by-cue"] = 100 * misled
    return Outcome(accuracy, values)


def truth_of(
    truth: Truth, outcomes: Mapping[str, Outcome], counts: Mapping[str, float] = _NOTHING
) -> float | None:
    """The number that a question asks for; None as long as a run of it has no result.

    Args:
        truth: What is asked.
        outcomes: Of the student's runs, by their names.
        counts: What the student has counted, by the names of steps.
    """
    if truth.measure == "counted":
        if any(step not in counts for step in (*truth.plus, *truth.minus)):
            return None
        plus, minus = (sum(map(counts.__getitem__, each)) for each in (truth.plus, truth.minus))
        return plus - minus
    if any(truth.measure not in outcomes[run].values for run in truth.runs if run in outcomes):
        return None
    if any(run not in outcomes for run in truth.runs):
        return None
    plus, minus = (
        sum(outcomes[run].values[truth.measure] for run in runs)
        for runs in (truth.plus, truth.minus)
    )
    return plus - minus


def right_choice(step: Predict, truth: float) -> Choice | None:
    """The answer that the result gives to a question with choices; None if none fits."""
    return next((choice for choice in step.choices if choice.holds(truth)), None)


def was_right(step: Predict, value: float, truth: float) -> bool:
    """Whether a prediction came true."""
    if step.scale:
        return abs(value - truth) <= step.scale.near
    return step.choices[int(value)].holds(truth)


def _called_by_their_cue(predictions: Predictions) -> float | None:
    """Of the pictures whose cue goes with another class, the share that is called that class."""
    cues = predictions.groups.get("cue")
    if cues is None:
        return None
    names = np.array(predictions.classes)
    misleading = (cues != names[predictions.labels]) & np.isin(cues, names)
    if not misleading.any():
        return None
    return float((names[predictions.predicted] == cues)[misleading].mean())
