"""Everything about a run that changes while it runs, and the rules on what it means."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from tlcore.events import EpochDone, Keeping
from tlcore.recipe import VERSION, EarlyStopping

SECONDS_BETWEEN = 0.5


@dataclass
class Sums:
    """What an epoch has added up so far."""

    loss: float = 0.0
    correct: int = 0
    pictures: int = 0
    seconds: float = 0.0

    def add(self, loss: float, correct: int, pictures: int, seconds: float) -> None:
        """Count one step in."""
        self.loss += loss * pictures
        self.correct += correct
        self.pictures += pictures
        self.seconds += seconds


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        epoch: The epoch to go on with.
        step: The step in it to go on with.
        sums: What the epoch has added up before that step.
        history: The epochs done.
        parts: In how many parts a batch goes through the network, for want of memory.
        seconds_before: Time spent by processes before this one.
        began: When this process took over.
        best: The weights of the best epoch, where the best is to be kept.
        stakes: How much each part of the pictures counts, where the worst shall count more.
        kept: What an exact head would else make ready again for each strength; never saved.
        judged: Loss and accuracy by folds, where these and not the validation share choose the
            strength of an exact head; never saved.
        judged_in: The precision in which the network is validated and tested; empty until the
            first epoch has shown whether the run's own would change too many answers.
        version: In which version of recipes the run was begun.
    """

    epoch: int = 0
    step: int = 0
    sums: Sums = field(default_factory=Sums)
    history: list[EpochDone] = field(default_factory=list)
    parts: int = 1
    seconds_before: float = 0.0
    began: float = field(default_factory=time.perf_counter)
    best: dict[str, Tensor] = field(default_factory=dict)
    stakes: list[float] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    judged: tuple[float, float] | None = None
    judged_in: str = ""
    version: int = VERSION

    @property
    def seconds_now(self) -> float:
        """Time spent on the run so far, by all processes that had a part in it."""
        return self.seconds_before + time.perf_counter() - self.began

    @property
    def validation_losses(self) -> list[float]:
        return [e.validation_loss for e in self.history if e.validation_loss is not None]

    @property
    def best_epoch(self) -> int | None:
        """The last epoch that was better than all before it."""
        return max((e.epoch for e in self.history if e.best), default=None)

    def remember_best(self, network: torch.nn.Module) -> None:
        """Copy the weights as they are now."""
        self.best = {
            name: tensor.detach().to("cpu", copy=True)
            for name, tensor in network.state_dict().items()
        }


def paced(events: Iterable[Keeping]) -> Iterator[Keeping]:
    """No more of them than a person can follow, but always the last."""
    told = time.perf_counter()
    for event in events:
        now = time.perf_counter()
        if event.done == event.total or now - told >= SECONDS_BETWEEN:
            told = now
            yield event


def is_best(history: Sequence[EpochDone], epoch: EpochDone, rule: EarlyStopping) -> bool:
    """Whether an epoch beats all before it by at least the least change that counts."""
    scores = [_score(e, rule) for e in history if e.best]
    return not scores or _score(epoch, rule) > max(scores) + rule.min_delta


def out_of_patience(history: Sequence[EpochDone], rule: EarlyStopping) -> bool:
    """Whether the last best epoch is too long ago."""
    if rule.patience is None:
        return False
    best = max((place for place, e in enumerate(history) if e.best), default=-1)
    return len(history) - 1 - best >= rule.patience


def _score(epoch: EpochDone, rule: EarlyStopping) -> float:
    """Higher is better. Without a validation share every epoch is better than the last."""
    if epoch.validation_loss is None or epoch.validation_accuracy is None:
        return float(epoch.epoch)
    return -epoch.validation_loss if rule.monitor == "loss" else epoch.validation_accuracy
