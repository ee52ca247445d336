"""All that a training loop works with, made ready once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch.optim import Optimizer

from tlcore.data.pictures import Pictures, Splits
from tlcore.nn.device import choose_device, choose_precision, keep_promises, precision_name
from tlcore.nn.engine import checkpoint
from tlcore.nn.engine.activations import PLAIN, Activations, Views
from tlcore.nn.engine.batches import Parts, Resident, parts_of, steps_in_epoch
from tlcore.nn.engine.optimise import build_optimiser
from tlcore.nn.engine.progress import Progress
from tlcore.nn.engine.saved_network import save_network
from tlcore.nn.engine.teacher import Teacher, hire
from tlcore.nn.networks.build import build
from tlcore.nn.networks.network import Network
from tlcore.nn.preprocessing import Preparation, preparation_for
from tlcore.recipe import Recipe
from tlcore.schedule.plan import Plan


@dataclass(frozen=True)
class Work:
    """The fixed parts of a run; what changes is in `Progress` and in the weights.

    Attributes:
        training: What enters the thawed part of the network, for the training pictures.
        validation: The same for the validation share, where there is one.
        test: The same for the test set.
        steps: Steps in an epoch.
        parts: Of the training pictures, which may be balanced.
        teacher: Who is imitated, where the recipe names somebody.
    """

    recipe: Recipe
    device: torch.device
    precision: torch.dtype
    splits: Splits
    network: Network
    prepare: Preparation
    plan: Plan
    optimiser: Optimizer
    scaler: torch.amp.GradScaler
    training: Activations
    validation: Activations | None
    test: Activations
    steps: int
    parts: Parts
    teacher: Teacher | None

    @property
    def precision_name(self) -> str:
        return precision_name(self.precision)

    @property
    def exact(self) -> bool:
        """Whether the head is solved, and not stepped towards."""
        return self.recipe.optimiser.name == "exact"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about this combination."""
        told = []
        if self.validation is None:
            told.append("There is no validation share, so the last epoch is kept, whatever it is.")
        if self.recipe.input.normalise == "auto" and self.network.note:
            told.append(self.network.note)
        return tuple(told)

    def save(self, path: Path, *, progress: Progress) -> None:
        """Write the whole state of the run."""
        checkpoint.save_state(
            path,
            self.recipe,
            self.splits.fingerprint,
            self.network,
            self.optimiser,
            self.scaler,
            progress,
        )

    def load(self, path: Path) -> Progress:
        """Read it back."""
        return checkpoint.load_state(
            path, self.recipe, self.splits.fingerprint, self.network, self.optimiser, self.scaler
        )

    def save_network(self, path: Path) -> None:
        """Write the network alone, with all that predicting needs."""
        save_network(path, self.recipe, self.splits.classes, self.prepare, self.network)


def prepare_work(recipe: Recipe, splits: Splits) -> Work:
    """Choose the device, build the network and bring the pictures to it."""
    device = choose_device()
    precision = choose_precision(recipe.precision, device)
    keep_promises(precision, device)
    network = build(recipe.model, len(splits.classes), recipe.input.size, seed=recipe.seed)
    network.to(device).to(memory_format=torch.channels_last)
    prepare = preparation_for(recipe.input, network.trained_with, splits.train)

    def source(pictures: Pictures, views: Views = PLAIN) -> Activations:
        return Activations(Resident(pictures, device), prepare, views, of=splits.fingerprint)

    exact = recipe.optimiser.name == "exact"
    imitates = bool(recipe.distillation.teacher)
    return Work(
        recipe=recipe,
        device=device,
        precision=precision,
        splits=splits,
        network=network,
        prepare=prepare,
        plan=Plan(recipe.schedule, network.outline, recipe.epochs),
        optimiser=build_optimiser(network, recipe.optimiser),
        scaler=torch.amp.GradScaler(device.type, enabled=precision == torch.float16),
        training=source(splits.train, _views(recipe)),
        validation=source(splits.validation) if splits.validation else None,
        test=source(splits.test),
        steps=1 if exact else steps_in_epoch(len(splits.train), recipe.batch),
        parts=parts_of(splits.train, recipe.balance_by, device),
        teacher=hire(recipe, network, splits, precision) if imitates else None,
    )


def _views(recipe: Recipe) -> Views:
    """The changed views of training pictures that may be kept."""
    count = recipe.augmentation.views
    return Views(recipe.augmentation, count, recipe.seed) if count else PLAIN
