"""One optimiser step, in as many parts as memory makes necessary."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from tlcore.errors import OutOfMemory, TrainingError
from tlcore.events import Note
from tlcore.nn.augment import Mixture, mix
from tlcore.nn.device import computing_in, give_memory_back, is_out_of_memory
from tlcore.nn.engine.batches import raised, shares_of
from tlcore.nn.engine.optimise import set_rates, shape_gradients
from tlcore.nn.engine.progress import Progress
from tlcore.nn.engine.setup import Work
from tlcore.nn.seeding import generator_for, seed_dropout
from tlcore.schedule.plan import Thaw

_CONVOLVE: Callable[..., Any] = torch.conv2d


@contextmanager
def learning_in(precision: torch.dtype, device: torch.device) -> Iterator[None]:
    """Automatic mixed precision for training; see `computing_in`, which is for looking.

    On CPUs the way back through a convolution of separate channels that takes strides is ten to
    three hundred times slower in bfloat16 than in float32 (docs/LOG.md), so these few are
    computed in float32.
    """
    with computing_in(precision, device):
        if device.type == "cpu" and precision == torch.bfloat16:
            with _StridesInFloat32():
                yield
        else:
            yield


class _StridesInFloat32(TorchFunctionMode):
    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: Sequence[Any] = (),
        named: Mapping[str, Any] | None = None,
    ) -> Any:
        if function is _CONVOLVE and _is_slow(*arguments, **(named or {})):
            with torch.autocast("cpu", enabled=False):
                exact = (part.float() if isinstance(part, Tensor) else part for part in arguments)
                return function(*exact, **(named or {})).to(torch.bfloat16)
        return function(*arguments, **(named or {}))


def _is_slow(
    pictures: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> bool:
    """Whether a convolution keeps channels apart and leaves out pixels."""
    strides = (stride,) if isinstance(stride, int) else stride
    return groups > 1 and max(strides) > 1


def learn_from(
    work: Work, progress: Progress, rows: Tensor, step: int, rate: float, thaw: Thaw
) -> tuple[float, int, list[Note]]:
    """Take one step; give the loss, how many were right, and what there is to say.

    If memory runs out, the batch goes through in twice as many parts, whose gradients add up to
    the same step; but BatchNorm sees smaller batches, and where there is more than one dropout,
    they draw in another order. The network is only changed when the loss is a number.
    """
    notes: list[Note] = []
    progress.stakes = progress.stakes or [1 / work.parts.count] * work.parts.count
    while (found := _tried(work, rows, progress, step, thaw)) is None:
        notes.append(_smaller_parts(work, progress, len(rows)))
    loss, correct, losses = found
    if math.isfinite(loss):
        set_rates(work.optimiser, rate, thaw)
        work.scaler.unscale_(work.optimiser)
        shape_gradients(work.optimiser, work.recipe.optimiser)
        work.scaler.step(work.optimiser)
        work.scaler.update()
    if (thaw.balance or work.recipe.balance) == "robust":
        numbers = work.parts.numbers[rows.numpy()]
        progress.stakes = raised(progress.stakes, numbers, losses.cpu().numpy())
    return loss, correct, notes


def _tried(
    work: Work, rows: Tensor, progress: Progress, step: int, thaw: Thaw
) -> tuple[float, int, Tensor] | None:
    """The gradients of a batch; None if memory ran out. What is done about that waits until this
    function has returned, because as long as the error is held it holds all that was computed."""
    try:
        return _gradients(work, rows, progress, step, thaw)
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return None
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise TrainingError(
            f"BatchNorm can't learn from a batch of {len(rows)}: it compares pictures",
            where="batch",
            remedy="Choose a batch of 2 or more and more pictures, or a head without batchnorm.",
        ) from None


def _gradients(
    work: Work, rows: Tensor, progress: Progress, step: int, thaw: Thaw
) -> tuple[float, int, Tensor]:
    """Forward and backward over the whole batch, part by part; the loss, how many were right and
    the loss of each picture."""
    recipe, place = work.recipe, (progress.epoch, step)
    work.optimiser.zero_grad(set_to_none=True)
    seed_dropout(work.device, recipe.seed, "step", *place)
    chance = generator_for(recipe.seed, "augment", *place)
    inputs = work.training.batch(rows, recipe.augmentation, chance, epoch=progress.epoch)
    labels = work.training.pictures.labels[rows.to(work.device)]
    numbers = work.parts.numbers[rows.numpy()]
    counts = shares_of(thaw.balance or recipe.balance, numbers, work.parts, progress.stakes)
    mixture = mix(inputs, recipe.augmentation, chance)
    if mixture is not None:
        inputs = mixture.pictures
    pieces = [p.to(work.device) for p in _pieces(len(rows), progress.parts, _fewest(work))]

    total, correct = 0.0, 0
    each: list[Tensor] = []
    pull: Tensor | None = None
    if len(pieces) > 1 and work.teacher is not None and work.teacher.compares_pictures:
        far, pull = _pull(work, inputs, pieces, rows)
        total = recipe.distillation.weight * far
        seed_dropout(work.device, recipe.seed, "step", *place)
    for part in pieces:
        with learning_in(work.precision, work.device):
            features = work.network.features(inputs[part], work.training.boundary)
            logits = work.network.head(features)
        losses = _losses(work, logits.float(), labels, part, mixture)
        share = len(part) / len(rows)
        if counts is None:
            loss = losses.mean()
        else:  # what each counts in the whole batch
            loss = (losses * counts.to(work.device)[part]).sum() / share
        if work.teacher is not None and pull is None:
            distance = work.teacher.lesson(features.float(), logits.float(), rows[part.cpu()])
            loss = loss + recipe.distillation.weight * distance
        loss = loss * share
        total += loss.item()
        if pull is not None:
            loss = loss + recipe.distillation.weight * (features.float() * pull[part]).sum()
        work.scaler.scale(loss).backward()
        each.append(losses.detach())
        correct += int((logits.argmax(dim=1) == labels[part]).sum())
    return total, correct, torch.cat(each)


def _losses(
    work: Work, logits: Tensor, labels: Tensor, part: Tensor, mixture: Mixture | None
) -> Tensor:
    """Of each picture; a blend has a loss by either label."""

    def by(targets: Tensor) -> Tensor:
        smoothing = work.recipe.label_smoothing
        return F.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)

    if mixture is None:
        return by(labels[part])
    partner = labels[mixture.partner[part]]
    return mixture.share * by(labels[part]) + (1 - mixture.share) * by(partner)


def _pull(
    work: Work, inputs: Tensor, pieces: Sequence[Tensor], rows: Tensor
) -> tuple[float, Tensor]:
    """How far the whole batch is from its teacher, and what each feature does to that.

    Such a teacher compares the pictures of a batch with each other, so its parts have to be
    looked at once before any of them can learn. Nothing is changed by that look.
    """
    assert work.teacher is not None
    before = [(buffer, buffer.clone()) for buffer in work.network.buffers()]
    found = []
    with torch.no_grad(), learning_in(work.precision, work.device):
        for part in pieces:
            found.append(work.network.features(inputs[part], work.training.boundary))
            work.network.head(found[-1])  # its dropout draws from the same dice
    for buffer, was in before:
        buffer.copy_(was)
    features = torch.cat(found).float().requires_grad_()
    distance = work.teacher.lesson(features, features, rows)
    (pull,) = torch.autograd.grad(distance, features)
    return distance.item(), pull


def _fewest(work: Work) -> int:
    """The fewest pictures that can go through: where BatchNorm learns, it needs two to compare."""
    norms = (module for module in work.network.modules() if isinstance(module, _BatchNorm))
    return 2 if any(norm.training for norm in norms) else 1


def _pieces(batch: int, parts: int, fewest: int) -> list[Tensor]:
    """The places of a batch in so many parts; a last part that is too small goes with another.

    >>> [piece.tolist() for piece in _pieces(5, 4, fewest=2)]
    [[0, 1], [2, 3, 4]]
    """
    pieces = list(torch.arange(batch).split(max(fewest, -(-batch // parts))))
    if len(pieces) > 1 and len(pieces[-1]) < fewest:
        pieces[-2:] = [torch.cat(pieces[-2:])]
    return pieces


def _smaller_parts(work: Work, progress: Progress, batch: int) -> Note:
    """Double the parts, or give up when a part can't become smaller."""
    work.optimiser.zero_grad(set_to_none=True)
    give_memory_back(work.device)
    fewest = _fewest(work)
    if -(-batch // progress.parts) <= fewest:
        raise OutOfMemory(
            f"Not even {'one picture' if fewest == 1 else 'two pictures'} at a time fit into "
            "memory",
            where=str(work.device),
            remedy="Choose a smaller input.size or a smaller backbone, or free some memory.",
        )
    progress.parts *= 2
    size = max(fewest, -(-batch // progress.parts))
    but = ", but BatchNorm sees the smaller part" if fewest == 2 else ""
    return Note(
        f"Memory ran out, so each batch now goes through in parts of {size}; the step is still "
        f"over {batch} pictures{but}."
    )
