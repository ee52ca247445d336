"""A teacher: a network whose view of each training picture a student imitates.

Of a pre-trained backbone the main directions of its features are imitated, the widest counting
most. The student's features are looked at through a fixed random projection, brought to the same
scale, and compared: a student is free to arrange its features as it likes, as long as the
teacher's can be read off them. Of a network that a run has trained, the answers are imitated,
softened (Hinton, Vinyals, Dean, 2015): which wrong classes it finds likely says more of a picture
than its label. Nothing here is learned, so a resumed run needs nothing from before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tlcore.data.pictures import Pictures, Splits
from tlcore.errors import CheckpointError, WeightsError, WeightsMissing
from tlcore.nn.device import computing_in
from tlcore.nn.engine.batches import Resident
from tlcore.nn.engine.frozen import looked_at
from tlcore.nn.engine.saved_network import Keepsake, load_network
from tlcore.nn.networks.build import build
from tlcore.nn.networks.network import Network
from tlcore.nn.preprocessing import preparation_for
from tlcore.nn.seeding import generator_for
from tlcore.recipe import Distillation, Input, Model, Recipe

SMALLEST_SPREAD = 1e-4


class Teacher(Protocol):
    """Whoever can say how far a student is from them."""

    @property
    def compares_pictures(self) -> bool:
        """Whether the distance depends on which pictures are looked at together."""

    def lesson(self, features: Tensor, logits: Tensor, rows: Tensor) -> Tensor:
        """The distance, to be lowered, of what a student makes of these training pictures."""


@dataclass(frozen=True)
class FeatureTeacher:
    """What a backbone makes of every training picture.

    Attributes:
        targets: Pictures x components.
        importance: Of each component; all add up to 1.
        view: Student's features x components, the fixed projection.
    """

    targets: Tensor
    importance: Tensor
    view: Tensor
    compares_pictures: ClassVar[bool] = True

    def lesson(self, features: Tensor, logits: Tensor, rows: Tensor) -> Tensor:
        """How far a student's features of these pictures are from the teacher's: 0 where they
        rise and fall together, 1 where they have nothing to do with each other."""
        seen = _standardised(features @ self.view)
        wanted = _standardised(self.targets[rows.to(self.targets.device)])
        return ((seen - wanted).square().mean(dim=0) / 2) @ self.importance


@dataclass(frozen=True)
class AnswerTeacher:
    """What a trained network answers to every training picture.

    Attributes:
        logits: Pictures x classes, in the order of the student's classes.
        temperature: By which both answers are softened.
    """

    logits: Tensor
    temperature: float
    compares_pictures: ClassVar[bool] = False

    def lesson(self, features: Tensor, logits: Tensor, rows: Tensor) -> Tensor:
        """How far a student's softened answers are from the teacher's (Kullback-Leibler, in nats).

        Times the temperature squared, because softening makes gradients smaller by that much: so
        the weight means the same at every temperature.
        """
        wanted = self.logits[rows.to(self.logits.device)] / self.temperature
        said = F.log_softmax(logits / self.temperature, dim=1)
        distance = F.kl_div(said, wanted.log_softmax(dim=1), reduction="batchmean", log_target=True)
        return distance * self.temperature**2


def hire(recipe: Recipe, student: Network, splits: Splits, precision: torch.dtype) -> Teacher:
    """Show the teacher all training pictures and keep what it makes of them.

    Raises:
        WeightsError: The teacher is missing, damaged, or knows other classes.
    """
    wanted, device = recipe.distillation, next(student.parameters()).device
    if wanted.of_answers:
        return _of_answers(wanted, splits, device, precision)
    features = _features(recipe, splits.train, device, precision)
    targets, importance = main_directions(features, wanted.components)
    width = next(
        layer.in_features for layer in student.head.modules() if isinstance(layer, nn.Linear)
    )
    view = torch.randn(width, targets.shape[1], generator=generator_for(recipe.seed, "view"))
    return FeatureTeacher(targets.to(device), importance.to(device), view.to(device) / width**0.5)


def main_directions(features: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Features as coordinates along their main directions, and how much each direction counts:
    as much as the features spread along it."""
    standard = _standardised(features.float())
    spreads, directions = torch.linalg.eigh(standard.T @ standard / len(standard))
    kept = spreads[-most:].clamp(min=0).sqrt()
    return standard @ directions[:, -most:], kept / kept.sum()


def _features(
    recipe: Recipe, pictures: Pictures, device: torch.device, precision: torch.dtype
) -> Tensor:
    wanted: Distillation = recipe.distillation
    teacher = build(Model(backbone=wanted.teacher), 2, wanted.size, seed=recipe.seed).eval()
    teacher.to(device).to(memory_format=torch.channels_last)
    prepare = preparation_for(Input(size=wanted.size), teacher.trained_with, pictures)

    def look(pixels: Tensor) -> Tensor:
        return teacher.prefix(prepare(pixels), len(teacher.stages))

    return _shown(pictures, look, wanted.size, device, precision)


def _of_answers(
    wanted: Distillation, splits: Splits, device: torch.device, precision: torch.dtype
) -> AnswerTeacher:
    kept = _load(Path(wanted.teacher).expanduser())
    order = torch.tensor(_places(kept.classes, splits.classes, wanted.teacher))
    teacher = kept.network.to(device).to(memory_format=torch.channels_last)

    def look(pixels: Tensor) -> Tensor:
        said: Tensor = teacher(kept.prepare(pixels))
        return said.float()[:, order.to(device)]

    logits = _shown(splits.train, look, kept.prepare.size, device, precision)
    return AnswerTeacher(logits.to(device), wanted.temperature)


def _shown(
    pictures: Pictures,
    look: Callable[[Tensor], Tensor],
    size: int,
    device: torch.device,
    precision: torch.dtype,
) -> Tensor:
    """What a teacher makes of all pictures, some at a time."""
    resident = Resident(pictures, device)
    with torch.no_grad(), computing_in(precision, device):
        seen = looked_at(len(resident), size, device, lambda rows: look(resident.pixels(rows)))
        return torch.cat([found.cpu() for _, found in seen])


def _load(path: Path) -> Keepsake:
    if not path.is_file():
        raise WeightsMissing(
            f"The teacher's file {path.name} is not there",
            where="distillation.teacher",
            remedy="Name the best network of a finished run, or a backbone.",
        )
    try:
        return load_network(path)
    except CheckpointError as error:
        raise WeightsError(
            f"{error.what}, so it can't teach",
            where=str(path),
            remedy="Name the best network of a finished run, or a backbone.",
        ) from None


def _places(theirs: tuple[str, ...], ours: tuple[str, ...], teacher: str) -> list[int]:
    """Where the teacher has each of the student's classes."""
    if sorted(theirs) != sorted(ours):
        unknown = [name for name in ours if name not in theirs] or [
            name for name in theirs if name not in ours
        ]
        raise WeightsError(
            f"The teacher knows {len(theirs)} classes and this run has {len(ours)}: "
            f"{unknown[0][:60]!r} is not among both",
            where=f"distillation.teacher: {teacher}",
            remedy="Choose a teacher that was trained for the same classes, or its data.",
        )
    return [theirs.index(name) for name in ours]


def _standardised(values: Tensor) -> Tensor:
    """Mean 0 and deviation 1 in each column; a column that never changes becomes 0."""
    spread = values.std(dim=0, correction=0)
    return (values - values.mean(dim=0)) / (spread + SMALLEST_SPREAD)
