"""A recipe's parts in words."""

from __future__ import annotations

from collections.abc import Iterator

from tlcore.catalog import lookup
from tlcore.recipe import Augmentation, Head, Optimiser, Recipe
from tlcore.schedule import Phase
from tlcore.schedule.rates import RateSchedule

_BATCHNORM = {
    "trained": "its statistics follow their block: kept where frozen, learned where thawed",
    "frozen": "no statistics change",
    "adapted": "statistics follow the new pictures everywhere",
}


def duration(seconds: float) -> str:
    """A stretch of time.

    >>> duration(8.25), duration(75), duration(7260)
    ('8.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def method_facts(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """How it was trained, each part with a term before it."""
    yield "backbone", _backbone(recipe)
    yield "head", _head(recipe.model.head)
    yield "pictures", f"{recipe.input.size} px, {recipe.input.interpolation}, {recipe.input.fit}"
    yield "optimiser", _optimiser(recipe.optimiser)
    if recipe.optimiser.name != "exact":
        yield "learning rate", _rates(recipe.rate_schedule, recipe.optimiser.rate)
    yield "batch", f"{recipe.batch} pictures"
    yield "augmentation", _augmentation(recipe.augmentation)
    yield "batch norm", _BATCHNORM[recipe.schedule.batchnorm]
    yield "epochs", _epochs(recipe)
    if recipe.label_smoothing:
        yield "label smoothing", f"{recipe.label_smoothing:g}"
    if recipe.balance != "none":
        yield "balance", f"by {recipe.balance}"


def phase_words(phase: Phase, start: int, epochs: int) -> str:
    """What a phase thaws, when, and at which rate.

    >>> phase_words(Phase(thaw="all", rate=0.1), start=2, epochs=3)
    'epochs 3 to 5: all, at 0.1 times the rate'
    """
    when = f"epoch {start + 1}" if epochs == 1 else f"epochs {start + 1} to {start + epochs}"
    thawed = "the head alone" if phase.thaw == "head" else phase.thaw
    text = f"{when}: {thawed}"
    if phase.rate != 1:
        text += f", at {phase.rate:g} times the rate"
    if phase.decay != 1:
        text += f", each block below at {phase.decay:.2g} times the one above"
    return text


def _backbone(recipe: Recipe) -> str:
    card, weights = lookup(recipe.model.backbone), recipe.model.weights
    title = card.title if card else recipe.model.backbone
    if weights == "none":
        return f"{title}, from random weights"
    if weights != "pretrained":
        return f"{title}, weights from a file ({weights})"
    source = f"; weights: {card.source} ({card.licence})" if card else ""
    return f"{title}, pre-trained{source}"


def _head(head: Head) -> str:
    layers = [f"dense {width}" for width in head.hidden]
    text = ", ".join([*layers, "classes"]) if layers else "one linear layer"
    if head.dropout or head.final_dropout:
        text += f"; dropout {head.dropout:g}"
    if head.final_dropout is not None:
        text += f", {head.final_dropout:g} before the last"
    return f"{text}; batch norm" if head.batchnorm else text


def _optimiser(optimiser: Optimiser) -> str:
    if optimiser.name == "exact":
        return "none: the head is solved (L-BFGS), its L2 strength chosen by pictures set aside"
    name = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}[optimiser.name]
    parts = [name]
    if optimiser.name == "sgd" and optimiser.momentum:
        parts.append(f"momentum {optimiser.momentum:g}{', Nesterov' * optimiser.nesterov}")
    if optimiser.weight_decay:
        parts.append(f"weight decay {optimiser.weight_decay:g}")
    if optimiser.l1:
        parts.append(f"L1 {optimiser.l1:g}")
    if optimiser.clip:
        parts.append(f"gradients no longer than {optimiser.clip:g}")
    return ", ".join(parts)


def _rates(schedule: RateSchedule, rate: float) -> str:
    text = f"{rate:g}, {schedule.name}"
    return f"{text}, {schedule.warmup:g} epochs of warm-up" if schedule.warmup else text


def _augmentation(augmentation: Augmentation) -> str:
    given = [
        name if value is True else f"{name} {value:g}"
        for name, value in augmentation.model_dump().items()
        if value
    ]
    return ", ".join(given) or "none"


def _epochs(recipe: Recipe) -> str:
    stopping = recipe.early_stopping
    text = f"{recipe.epochs}"
    if stopping.patience:
        text += f" at most; it stops after {stopping.patience} without a better {stopping.monitor}"
    if recipe.data.validation and stopping.keep == "best":
        return f"{text}; the epoch with the best validation {stopping.monitor} is kept"
    return f"{text}; the last is kept"
