"""Everything a report tells of a run, gathered from the store once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from tlcore.access import Owner
from tlcore.analysis.decision import Decision, decide, step_down, way_of
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import TestReport, score
from tlcore.catalog import outline_for
from tlcore.recipe import Recipe
from tlcore.recipe.presets import Preset, presets
from tlcore.runs.records import Metric
from tlcore.runs.results import read_predictions, read_result, seedless
from tlcore.runs.store import RunStore
from tlcore.schedule.outline import Outline

_PER_EPOCH = (
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "images_per_second",
)


@dataclass(frozen=True)
class PhaseStory:
    """From an epoch on, other parameters trained.

    Attributes:
        epoch: The first one, from 0.
        thawed: What trained beside the head, in the schedule's words.
        trainable: How many parameters.
    """

    epoch: int
    thawed: str
    trainable: int


@dataclass(frozen=True, eq=False)
class RunStory:
    """A run that was tested.

    Attributes:
        run: Its id.
        name: What people call it.
        recipe: What was asked for.
        preset: The preset it began as, if there still is one of that name.
        device: Where it ran.
        precision: Of the arithmetic.
        pictures: How many it learned from, chose by and was tested on.
        parameters: Of the whole network.
        trainable: The most that trained at any time.
        epochs: How many were done.
        kept_epoch: The one whose network was tested, from 0.
        reason: Why it ended, in words.
        seconds: How long it took.
        test: What the test set says.
        predictions: What the network said of every test picture.
        curves: For each epoch what was measured, and the `seconds` since the start.
        phases: What trained from which epoch on.
        notes: What a person should know, as the run said it.
        environment: The machine and its libraries; empty if that wasn't kept.
        outline: The network's blocks; None for a backbone that isn't in the catalogue.
        thumbnails: A zip of small test pictures, in the predictions' order; None if none was kept.
        validation_file: Where it is kept what the network said of every validation picture; None
            where none were set aside, and of runs that were tested before that was kept.
        folder: Where the run lies, with what was kept beside it since; None if it lies nowhere.
        network: The name of the kept network's file.
        other_seeds: What the networks of its other seeds say, of whatever finished runs there are.
    """

    run: str
    name: str
    recipe: Recipe
    preset: Preset | None
    device: str
    precision: str
    pictures: Mapping[str, int]
    parameters: int
    trainable: int
    epochs: int
    kept_epoch: int
    reason: str
    seconds: float
    test: TestReport
    predictions: Predictions
    curves: tuple[Mapping[str, float | None], ...]
    phases: tuple[PhaseStory, ...]
    notes: tuple[str, ...]
    environment: Mapping[str, Any]
    outline: Outline | None
    thumbnails: Path | None
    validation_file: Path | None = None
    folder: Path | None = None
    network: str = ""
    other_seeds: tuple[Predictions, ...] = ()

    @cached_property
    def validation(self) -> Predictions | None:
        """What the network said of every validation picture: as large as the table of the test
        pictures, so it is read by whoever asks for it first.

        Raises:
            RunError: The file is damaged.
        """
        return Predictions.read(self.validation_file) if self.validation_file else None

    @property
    def reported(self) -> Mapping[str, float]:
        """What a report says came out of this recipe; empty if none did it."""
        return self.preset.reported if self.preset else {}

    @property
    def as_reported(self) -> bool:
        """Whether the preset was run unchanged."""
        return self.preset is not None and self.preset.recipe.id == self.recipe.id

    @property
    def from_scratch(self) -> bool:
        """Whether it began with random weights."""
        return self.recipe.model.weights == "none"

    @property
    def thaws(self) -> tuple[PhaseStory, ...]:
        """The phases in which something else trained than before."""
        return self.phases[1:]


def story_of(store: RunStore, run: str, *, by: Owner, seeds: Sequence[str] = ()) -> RunStory:
    """All there is to tell of a run.

    Args:
        store: Where it is.
        run: Its id.
        by: Who asks.
        seeds: Finished runs of the same recipe with other seeds.

    Raises:
        RunError: It hasn't been tested, or a file of it is damaged.
    """
    result, predictions = read_result(store, run, by=by), read_predictions(store, run, by=by)
    found, recipe = store.get(run, by=by), store.recipe(run, by=by)
    events, network = store.events(run, by=by), store.artifact(run, "best", by=by)
    preset, folder = _preset(found.preset), store.folder(run, by=by)
    return RunStory(
        run=run,
        name=_name(found.name, preset, recipe),
        recipe=recipe,
        preset=preset,
        device=str(result["device"]),
        precision=str(result["precision"]),
        pictures=result["pictures"],
        parameters=result["parameters"],
        trainable=result["trainable"],
        epochs=result["epochs"],
        kept_epoch=result["kept_epoch"],
        reason=str(result["reason"]),
        seconds=result["seconds"],
        test=score(predictions),
        predictions=predictions,
        curves=_curves(store.metrics(run, by=by), result["epochs"]),
        phases=_phases(events),
        notes=tuple(dict.fromkeys(e["text"] for e in events if e["event"] == "Note")),
        environment=_environment(folder.environment),
        outline=outline_for(recipe.model, len(predictions.classes), recipe.input.size),
        thumbnails=store.artifact(run, "pictures", by=by),
        validation_file=store.artifact(run, "validation", by=by),
        folder=folder.path,
        network=network.name if network else "",
        other_seeds=tuple(read_predictions(store, seed, by=by) for seed in seeds),
    )


def decide_among(stories: Sequence[RunStory]) -> tuple[Decision | None, ...]:
    """What may be said of each run against the first, which has None itself."""
    return None, *step_down([partial(decide_between, stories[0], other) for other in stories[1:]])


def decide_between(first: RunStory, other: RunStory, among: int = 1) -> Decision | None:
    """What may be said of a run against another; None if they saw other pictures.

    Args:
        first: What it is held against.
        other: The run.
        among: How many such decisions the interval pays for.
    """
    return decide(
        (first.predictions, *first.other_seeds),
        (other.predictions, *other.other_seeds),
        comparisons=among,
        ways=(way_of(first.recipe), way_of(other.recipe)),
        same=seedless(first.recipe) == seedless(other.recipe),
    )


def _name(given: str, preset: Preset | None, recipe: Recipe) -> str:
    """A preset's own title says more than its file name."""
    return given or (preset.title if preset else "") or recipe.name or recipe.id


def _preset(name: str) -> Preset | None:
    return next((preset for preset in presets() if preset.name == name), None)


def _curves(metrics: Iterable[Metric], epochs: int) -> tuple[Mapping[str, float | None], ...]:
    rows: defaultdict[int, dict[str, float | None]] = defaultdict(dict)
    for point in metrics:
        if point.name in _PER_EPOCH:
            rows[point.epoch][point.name] = point.value
            rows[point.epoch]["seconds"] = point.seconds
    return tuple(rows[epoch] for epoch in range(epochs))


def _phases(events: Sequence[Mapping[str, Any]]) -> tuple[PhaseStory, ...]:
    """Each phase as it first began: a run that goes on announces its phase again."""
    began: dict[int, PhaseStory] = {}
    for event in events:
        if event["event"] == "PhaseBegan":
            phase = PhaseStory(event["epoch"], event["thawed"], event["trainable"])
            began.setdefault(event["phase"], phase)
    return tuple(began[number] for number in sorted(began))


def _environment(path: Path) -> Mapping[str, Any]:
    try:
        fields = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}
