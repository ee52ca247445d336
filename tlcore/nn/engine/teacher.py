"""A teacher: a pre-trained backbone whose view of each training picture a student imitates.

What is imitated are the main directions of the teacher's features, the widest counting most. The
student's features are looked at through a fixed random projection, brought to the same scale,
and compared: a student is free to arrange its features as it likes, as long as the teacher's
can be read off them. Nothing here is learned, so a resumed run needs nothing from before.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tlcore.data.pictures import Pictures
from tlcore.nn.backbones import build
from tlcore.nn.chance import generator_for
from tlcore.nn.device import computing_in
from tlcore.nn.engine.batches import Resident
from tlcore.nn.engine.frozen import batch_for
from tlcore.nn.network import Network
from tlcore.nn.prepare import preparation_for
from tlcore.recipe import Distillation, Input, Model, Recipe

SMALLEST_SPREAD = 1e-4


@dataclass(frozen=True)
class Teacher:
    """What a teacher makes of every training picture.

    Attributes:
        targets: Pictures x components.
        importance: Of each component; all add up to 1.
        view: Student's features x components, the fixed projection.
    """

    targets: Tensor
    importance: Tensor
    view: Tensor

    def distance(self, features: Tensor, rows: Tensor) -> Tensor:
        """How far a student's features of these pictures are from the teacher's: 0 where they
        rise and fall together, 1 where they have nothing to do with each other."""
        seen = _standardised(features @ self.view)
        wanted = _standardised(self.targets[rows.to(self.targets.device)])
        return ((seen - wanted).square().mean(dim=0) / 2) @ self.importance


def hire(recipe: Recipe, student: Network, pictures: Pictures, precision: torch.dtype) -> Teacher:
    """Show the teacher all training pictures and keep what it makes of them."""
    device = next(student.parameters()).device
    features = _features(recipe, pictures, device, precision)
    targets, importance = main_directions(features, recipe.distillation.components)
    width = next(
        layer.in_features for layer in student.head.modules() if isinstance(layer, nn.Linear)
    )
    view = torch.randn(width, targets.shape[1], generator=generator_for(recipe.seed, "view"))
    return Teacher(targets.to(device), importance.to(device), view.to(device) / width**0.5)


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
    resident, blocks = Resident(pictures, device), len(teacher.stages)
    with torch.no_grad(), computing_in(precision, device):
        return torch.cat(
            [
                teacher.prefix(prepare(resident.pixels(rows)), blocks).cpu()
                for rows in torch.arange(len(resident)).split(batch_for(wanted.size, device))
            ]
        )


def _standardised(values: Tensor) -> Tensor:
    """Mean 0 and deviation 1 in each column; a column that never changes becomes 0."""
    spread = values.std(dim=0, correction=0)
    return (values - values.mean(dim=0)) / (spread + SMALLEST_SPREAD)
