"""The training loop: a recipe goes in, a stream of events comes out.

`train` reads top to bottom. It never draws, never stores and never asks who listens; closing
the generator stops the run between two steps. What holds at an epoch follows from the epoch
(`plan.at`), and chance from the seed and the place (`tlcore.nn.seeding`), so a resumed run and an
uninterrupted one are the same numbers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tlcore.analysis.predictions import SMALLEST, Predictions
from tlcore.analysis.scores import score
from tlcore.data import load
from tlcore.data.pictures import Pictures
from tlcore.errors import NotFinite, TrainingError
from tlcore.events import (
    Checkpoint,
    EpochDone,
    Event,
    Finished,
    Note,
    PhaseBegan,
    Started,
    StepDone,
    Tested,
)
from tlcore.nn.device import computing_in, is_out_of_memory
from tlcore.nn.engine.activations import Activations
from tlcore.nn.engine.batches import epoch_order
from tlcore.nn.engine.exact import solve_epoch, solve_with_validation, strengths
from tlcore.nn.engine.frozen import (
    Frozen,
    batch_for,
    later_boundaries,
    looked_at,
    may_skip,
)
from tlcore.nn.engine.progress import Progress, Sums, is_best, out_of_patience, paced
from tlcore.nn.engine.setup import Work, prepare_work
from tlcore.nn.engine.step import learn_from
from tlcore.nn.networks.network import Network, evaluating
from tlcore.recipe import Recipe
from tlcore.recipe.changes import changes_since
from tlcore.schedule.plan import Thaw


def apply(network: Network, thaw: Thaw) -> None:
    """Set what trains and how every module behaves, whatever held before.

    Wholly frozen blocks run as in evaluation: no dropout, no dropped branches, BatchNorm with the
    statistics it has. Blocks that train, if only in part, are live, except a BatchNorm whose own
    scale and shift are frozen. The policies `frozen` and `adapted` then overrule all BatchNorm of
    the backbone: none, or every one, uses and updates the statistics of its batch. The head
    always trains.
    """
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in thaw.trainable)
    network.train()
    for module, live in _with_liveness(network, thaw):
        module.train(live)
    for module in network.backbone.modules():
        if isinstance(module, _BatchNorm):
            module.train(_uses_batch_statistics(module, thaw))


def _with_liveness(network: Network, thaw: Thaw) -> Iterator[tuple[nn.Module, bool]]:
    """The backbone's modules from the outside in, and whether each is part of a thawed block.

    A module without parameters, such as a dropout, does as the module that it is a part of.
    """
    layers = network.outline.backbone
    block = {name: layer.block for layer in layers for name, _ in layer.parameters}
    thawed = {block[name] for name in thaw.trainable if name in block}
    live = {"": bool(thawed)}
    for path, module in network.named_modules():
        if not path.startswith("backbone"):
            continue
        blocks = {block.get(f"{path}.{name}") for name, _ in module.named_parameters()}
        live[path] = bool(blocks & thawed) if blocks else live[path.rpartition(".")[0]]
        yield module, live[path]


def _uses_batch_statistics(module: _BatchNorm, thaw: Thaw) -> bool:
    if thaw.batchnorm != "trained":
        return thaw.batchnorm == "adapted"
    own = list(module.parameters(recurse=False))
    return any(parameter.requires_grad for parameter in own) if own else module.training


MOST_CHANGED = 0.02
"""The share of answers that low precision may change before networks are judged in float32."""

_MOST_LOOKED_AT = 200 * 96 * 96


def changed_answers(network: Network, source: Activations, precision: torch.dtype) -> float:
    """The share of answers to a first batch of pictures that this precision changes."""
    most = max(32, min(200, _MOST_LOOKED_AT // source.size**2))
    rows = torch.arange(min(most, len(source)))
    exact, rounded = (_answers(network, source, rows, each) for each in (torch.float32, precision))
    return float((exact != rounded).float().mean())


@torch.no_grad()
def _answers(network: Network, source: Activations, rows: Tensor, precision: torch.dtype) -> Tensor:
    """As they are given where a run is judged, from the pictures on."""
    looking = Frozen(network, len(network.stages), source.size, precision)

    def look(some: Tensor) -> Tensor:
        features = looking(source.prepare(source.pictures.pixels(rows[some])))
        with computing_in(precision, source.device):
            said: Tensor = looking.network.head(features)
        return said.argmax(dim=1)

    seen = looked_at(len(rows), source.size, source.device, look)
    return torch.cat([found for _, found in seen])


@torch.inference_mode()
def predict(network: Network, source: Activations, precision: torch.dtype) -> NDArray[np.float32]:
    """The probability of each class for each picture, in the order of the pictures.

    If memory runs out, the pictures go through in smaller batches.
    """
    batch = batch_for(source.size, source.device)
    with evaluating(network):
        while True:
            try:
                return torch.cat(list(_probabilities(network, source, precision, batch))).numpy()
            except RuntimeError as error:
                if batch == 1 or not is_out_of_memory(error):
                    raise
                batch //= 2


def _probabilities(
    network: Network, source: Activations, precision: torch.dtype, batch: int
) -> Iterator[Tensor]:
    for rows in torch.arange(len(source)).split(batch):
        with computing_in(precision, source.device):
            logits = network.suffix(source.batch(rows), source.boundary)
        yield logits.float().softmax(dim=1).cpu()


def loss_and_accuracy(
    probabilities: NDArray[np.float32], pictures: Pictures
) -> tuple[float, float]:
    """Mean cross-entropy in nats, and the share that is right."""
    labels = pictures.labels
    of_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    loss = -np.log(np.maximum(of_truth, SMALLEST)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == labels).mean())


def never() -> bool:
    """The answer of whoever lets a run come to its end."""
    return False


def train(
    recipe: Recipe, *, resume: Path | None = None, enough: Callable[[], bool] = never
) -> Generator[Event, None, None]:
    """Train as the recipe says, test what came out, and tell every step of it.

    Args:
        recipe: All that the result depends on.
        resume: A state saved by an earlier `StepDone` or `Checkpoint` of the same recipe.
        enough: Asked after every step; once it says yes, training ends and the best network so
            far is tested.
    """
    began = time.perf_counter()
    work = prepare_work(recipe, load(recipe.data, recipe.input))
    progress = work.load(resume) if resume else Progress()
    progress.began = began
    save = partial(work.save, progress=progress)

    yield _started(work, progress)
    since = changes_since(progress.version, recipe) if resume else ()
    yield from (Note(text) for text in (*work.splits.notes, *work.notes, *since))

    reason = f"all {recipe.epochs} epochs are done"
    phase = None
    while progress.epoch < recipe.epochs:
        if enough():
            reason = f"stopped on request after epoch {progress.epoch}"
            break
        if out_of_patience(progress.history, recipe.early_stopping):
            reason = _gave_up(recipe)
            break
        thaw = work.plan.at(progress.epoch)
        apply(work.network, thaw)
        if thaw.phase != phase:
            phase = thaw.phase
            yield from _enter(work, progress, thaw)

        learn = solve_epoch if work.exact else _train_epoch
        yield from learn(work, progress, thaw, enough)
        if progress.step < work.steps:
            reason = f"stopped on request in epoch {progress.epoch + 1}"
            break

        yield from _settle_on_judging(work, progress, thaw)
        done = _close_epoch(work, progress, thaw)
        progress.history.append(done)
        if done.best and recipe.early_stopping.keep == "best" and work.validation:
            progress.remember_best(work.network)
        progress.epoch, progress.step, progress.sums = progress.epoch + 1, 0, Sums()
        yield done
        yield Checkpoint(done.epoch, work.steps, done.best, save)

    kept_epoch = max(0, progress.epoch - (progress.step == 0))
    if progress.best:
        work.network.load_state_dict(progress.best)
        kept_epoch = progress.best_epoch or 0
    yield from _settle_on_judging(work, progress, work.plan.thaws[-1])
    yield from _test(work, progress)
    yield Finished(reason, len(progress.history), kept_epoch, progress.seconds_now)


def _train_epoch(
    work: Work, progress: Progress, thaw: Thaw, enough: Callable[[], bool]
) -> Iterator[Event]:
    """The steps that are left of an epoch, or as many as are wanted."""
    recipe, epoch = work.recipe, progress.epoch
    evenly = (thaw.balance or recipe.balance) in ("sampling", "robust")
    order = epoch_order(work.parts.numbers, recipe.seed, epoch, balanced=evenly)
    batches = order.split(recipe.batch)[: work.steps]
    for step in range(progress.step, work.steps):
        start = time.perf_counter()
        rate = _rate(work, progress, thaw, step)
        loss, correct, notes = learn_from(work, progress, batches[step], step, rate, thaw)
        if not math.isfinite(loss):
            raise _not_finite(f"The loss became {loss}", progress, rate)
        elapsed = time.perf_counter() - start
        progress.sums.add(loss, correct, len(batches[step]), elapsed)
        progress.step = step + 1
        yield from notes
        yield StepDone(
            epoch,
            step,
            work.steps,
            loss,
            rate,
            progress.seconds_now,
            save=partial(work.save, progress=progress),
        )
        if enough() and step + 1 < work.steps:
            return


def _close_epoch(work: Work, progress: Progress, thaw: Thaw) -> EpochDone:
    """Look at the validation share and sum the epoch up."""
    sums, epoch = progress.sums, progress.epoch
    rate = _rate(work, progress, thaw, work.steps - 1)
    if not all(torch.isfinite(p).all() for p in work.network.parameters() if p.requires_grad):
        raise _not_finite("A weight became infinite or NaN", progress, rate)
    loss, accuracy = progress.judged or (None, None)
    if loss is None and work.validation is not None and work.splits.validation is not None:
        probabilities = _validated(work, work.validation, _judging(work, progress))
        loss, accuracy = loss_and_accuracy(probabilities, work.splits.validation)
    if loss is not None and not math.isfinite(loss):
        raise _not_finite(f"The validation loss became {loss}", progress, rate)
    done = EpochDone(
        epoch=epoch,
        phase=thaw.phase,
        train_loss=sums.loss / sums.pictures,
        train_accuracy=sums.correct / sums.pictures,
        validation_loss=loss,
        validation_accuracy=accuracy,
        rate=rate,
        seconds=progress.seconds_now,
        images_per_second=sums.pictures / max(sums.seconds, 1e-9),
        best=False,
    )
    best = is_best(progress.history, done, work.recipe.early_stopping)
    return EpochDone(**{**vars(done), "best": best})


def _settle_on_judging(work: Work, progress: Progress, thaw: Thaw) -> Iterator[Event]:
    """Once, after the first epoch: whether low precision changes so many answers that the network
    is better judged in float32. Then mistakes that are shown are the network's, not rounding's."""
    if progress.judged_in:
        return
    progress.judged_in = work.precision_name
    if work.precision == torch.float32:
        return
    share = changed_answers(work.network, work.validation or work.test, work.precision)
    if share <= MOST_CHANGED:
        return
    progress.judged_in = "float32"
    yield Note(
        f"{work.precision_name} changes {share:.0%} of this network's first answers, so it is "
        "validated and tested in float32; it still learns in the faster arithmetic."
    )
    if work.validation is not None and work.validation.frozen is not None:
        yield from paced(work.validation.enter(_frozen(work, thaw, torch.float32), keep=True))


def _judging(work: Work, progress: Progress) -> torch.dtype:
    """The precision in which the network is validated and tested."""
    return torch.float32 if progress.judged_in == "float32" else work.precision


def _validated(work: Work, source: Activations, precision: torch.dtype) -> NDArray[np.float32]:
    """What the network says of the validation share, by the arithmetic of the test: all of it
    counts as frozen for a moment."""
    network, blocks = work.network, len(work.network.stages)
    if source.boundary < blocks:
        network = Frozen(network, blocks, work.recipe.input.size, precision).network
    return predict(network, source, precision)


def _test(work: Work, progress: Progress) -> Iterator[Event]:
    """Show the kept network the validation share once more, which says how sure it should be; then
    the test set, the only time that it is looked at. In between, an exact head is solved anew.

    Nothing learns any more, so all of it counts as frozen. What a backbone that never thawed
    makes of the pictures is kept for the next run.
    """
    network, blocks, splits = work.network, len(work.network.stages), work.splits
    always_frozen = all(
        may_skip(thaw, network, work.recipe.augmentation) and thaw.boundary == blocks
        for thaw in work.plan.thaws
    )
    precision = _judging(work, progress)
    frozen = work.training.frozen if always_frozen and precision == work.precision else None
    frozen = frozen or Frozen(network, blocks, work.recipe.input.size, precision)
    validation: Predictions | None = None
    if work.validation is not None and splits.validation is not None:
        yield from paced(work.validation.enter(frozen, keep=always_frozen))
        validation = _said(work, work.validation, splits.validation, precision)
    if work.exact:
        yield from solve_with_validation(work, progress)
    yield from paced(work.test.enter(frozen, keep=always_frozen))
    predictions = _said(work, work.test, splits.test, precision)
    report, pixels = score(predictions), splits.test.pixels
    yield Tested(report, predictions, pixels, save=work.save_network, validation=validation)


def _said(
    work: Work, source: Activations, pictures: Pictures, precision: torch.dtype
) -> Predictions:
    """What the network says of all these pictures."""
    probabilities = predict(work.network, source, precision)
    classes = work.splits.classes
    return Predictions(pictures.ids, pictures.labels, probabilities, classes, pictures.groups)


def _frozen(work: Work, thaw: Thaw, precision: torch.dtype) -> Frozen | None:
    """The blocks that can be run apart from the others; None if they can't."""
    if not may_skip(thaw, work.network, work.recipe.augmentation):
        return None
    later = later_boundaries(work.plan, thaw)
    return Frozen(work.network, thaw.boundary, work.recipe.input.size, precision, later=later)


def _enter(work: Work, progress: Progress, thaw: Thaw) -> Iterator[Event]:
    """Run frozen blocks apart from now on; keep what they make of pictures that come again."""
    augmentation, judging = work.recipe.augmentation, _judging(work, progress)
    frozen = _frozen(work, thaw, work.precision)
    again = not augmentation.active or augmentation.views > 0
    yield from paced(work.training.enter(frozen, keep=again))
    if work.validation is not None:
        looking = frozen if judging == work.precision else _frozen(work, thaw, judging)
        yield from paced(work.validation.enter(looking, keep=True))
    count = work.plan.counts()[thaw.phase]
    kept = work.training.kept
    yield PhaseBegan(progress.epoch, thaw.phase, thaw.thawed, count.trainable, count.total, kept)


def _rate(work: Work, progress: Progress, thaw: Thaw, step: int) -> float:
    """The recipe's rate at this step, before each block's own share of it; of an exact head, which
    has none, the strength of its penalty."""
    if work.exact:
        return strengths(work.recipe.epochs)[progress.epoch]
    moment = progress.epoch - thaw.rate_start + step / work.steps
    losses = progress.validation_losses[thaw.rate_start :]
    factor = work.recipe.rate_schedule.factor(moment, thaw.rate_epochs, losses)
    return work.recipe.optimiser.rate * factor


def _started(work: Work, progress: Progress) -> Started:
    splits = work.splits
    return Started(
        recipe=work.recipe.id,
        device=str(work.device),
        precision=work.precision_name,
        classes=splits.classes,
        train_pictures=len(splits.train),
        validation_pictures=len(splits.validation or ()),
        test_pictures=len(splits.test),
        phases=work.plan.counts(),
        epochs=work.recipe.epochs,
        resumed_at=progress.epoch,
    )


def _gave_up(recipe: Recipe) -> str:
    rule = recipe.early_stopping
    return f"stopped early: validation {rule.monitor} had not improved for {rule.patience} epochs"


def _not_finite(what: str, progress: Progress, rate: float) -> TrainingError:
    last = f"epoch {progress.history[-1].epoch + 1}" if progress.history else "none yet"
    return NotFinite(
        f"{what} in epoch {progress.epoch + 1}, step {progress.step + 1}, "
        f"at learning rate {rate:g}. Last good checkpoint: {last}",
        where="training",
        remedy="Lower optimiser.rate, add a warm-up (rate_schedule.warmup), or set "
        "optimiser.clip: 1.0.",
    )
