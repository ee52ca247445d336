"""One optimiser step, in as many parts as memory makes necessary."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tlcore.errors import OutOfMemory
from tlcore.events import Note
from tlcore.nn.augment import Mixture, mix
from tlcore.nn.chance import generator_for, seed_dropout
from tlcore.nn.device import is_out_of_memory
from tlcore.nn.engine.balance import balanced_loss
from tlcore.nn.engine.optimise import set_rates, shape_gradients
from tlcore.nn.engine.progress import Progress
from tlcore.nn.engine.work import Work
from tlcore.nn.learning import learning_in
from tlcore.plan import Thaw


def learn_from(
    work: Work, progress: Progress, rows: Tensor, step: int, rate: float, thaw: Thaw
) -> tuple[float, int, list[Note]]:
    """Take one step; give the loss, how many were right, and what there is to say.

    If memory runs out, the batch goes through in twice as many parts, whose gradients add up to
    the same step (BatchNorm alone sees smaller batches). The network is only changed when the
    loss is a number.
    """
    notes: list[Note] = []
    progress.stakes = progress.stakes or [1 / work.parts.count] * work.parts.count
    while True:
        try:
            loss, correct = _gradients(work, rows, progress, step, thaw)
            break
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            notes.append(_smaller_parts(work, progress, len(rows)))
    if math.isfinite(loss):
        set_rates(work.optimiser, rate, thaw)
        work.scaler.unscale_(work.optimiser)
        shape_gradients(work.optimiser, work.recipe.optimiser)
        work.scaler.step(work.optimiser)
        work.scaler.update()
    return loss, correct, notes


def _gradients(
    work: Work, rows: Tensor, progress: Progress, step: int, thaw: Thaw
) -> tuple[float, int]:
    """Forward and backward over the whole batch, part by part."""
    recipe, place = work.recipe, (progress.epoch, step)
    work.optimiser.zero_grad(set_to_none=True)
    seed_dropout(work.device, recipe.seed, "step", *place)
    chance = generator_for(recipe.seed, "augment", *place)
    inputs = work.training.batch(rows, recipe.augmentation, chance, epoch=progress.epoch)
    labels = work.training.pictures.labels[rows.to(work.device)]
    parts = torch.from_numpy(work.parts.numbers[rows.numpy()]).to(work.device)
    mixture = mix(inputs, recipe.augmentation, chance)
    if mixture is not None:
        inputs = mixture.pictures

    total, correct = 0.0, 0
    size = -(-len(rows) // progress.parts)
    for part in torch.arange(len(rows), device=work.device).split(size):
        with learning_in(work.precision, work.device):
            features = work.network.features(inputs[part], work.training.boundary)
            logits = work.network.head(features)
        loss = _loss(work, progress, thaw, logits.float(), labels, parts, part, mixture)
        if work.teacher is not None:
            distance = work.teacher.lesson(features.float(), logits.float(), rows[part.cpu()])
            loss = loss + recipe.distillation.weight * distance
        loss = loss * (len(part) / len(rows))
        work.scaler.scale(loss).backward()
        total += loss.item()
        correct += int((logits.argmax(dim=1) == labels[part]).sum())
    return total, correct


def _loss(
    work: Work,
    progress: Progress,
    thaw: Thaw,
    logits: Tensor,
    labels: Tensor,
    parts: Tensor,
    part: Tensor,
    mixture: Mixture | None,
) -> Tensor:
    def to(targets: Tensor) -> Tensor:
        return balanced_loss(
            logits,
            targets,
            parts[part],
            work.parts.weights,
            balance=thaw.balance or work.recipe.balance,
            stakes=progress.stakes,
            smoothing=work.recipe.label_smoothing,
        )

    if mixture is None:
        return to(labels[part])
    partner = labels[mixture.partner[part]]
    return mixture.share * to(labels[part]) + (1 - mixture.share) * to(partner)


def _smaller_parts(work: Work, progress: Progress, batch: int) -> Note:
    """Double the parts, or give up when a part is a single picture already."""
    work.optimiser.zero_grad(set_to_none=True)
    if work.device.type == "cuda":
        torch.cuda.empty_cache()
    size = -(-batch // (progress.parts * 2))
    if progress.parts >= batch:
        raise OutOfMemory(
            "Not even one picture at a time fits into memory",
            where=str(work.device),
            remedy="Choose a smaller input.size or a smaller backbone, or free some memory.",
        )
    progress.parts *= 2
    return Note(
        f"Memory ran out, so each batch now goes through in parts of {size}; the step is still "
        f"over {batch} pictures, but BatchNorm sees the smaller part."
    )
