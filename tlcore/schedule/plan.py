"""A freeze schedule held against a network: the state of every parameter at every epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tlcore.schedule.outline import HEAD, Outline
from tlcore.schedule.phases import Balance, BatchNorm, FreezeSchedule, Phase
from tlcore.schedule.selection import parse_scope


@dataclass(frozen=True)
class Thaw:
    """What holds during one phase.

    Attributes:
        phase: The phase's number, from 0.
        thawed: What trains, in the schedule's words.
        start: The phase's first epoch.
        epochs: How many it lasts.
        trainable: Names of the parameters that train.
        rates: Each block's learning rate as a multiple of the recipe's.
        boundary: How many leading blocks are wholly frozen.
        batchnorm: The policy on statistics.
        rate_start: The epoch at which the learning-rate schedule (re)started.
        rate_epochs: How many epochs that learning-rate schedule spans.
        balance: How parts of unequal size are balanced; None if as in the recipe.
    """

    phase: int
    thawed: str
    start: int
    epochs: int
    trainable: frozenset[str]
    rates: Mapping[str, float]
    boundary: int
    batchnorm: BatchNorm
    rate_start: int
    rate_epochs: int
    balance: Balance | None = None


@dataclass(frozen=True)
class PhaseCount:
    """How much a phase trains."""

    phase: int
    thawed: str
    epochs: int
    trainable: int
    total: int


@dataclass(frozen=True)
class Plan:
    """`at(epoch)` is the whole truth about freezing at that epoch."""

    schedule: FreezeSchedule
    outline: Outline
    epochs: int

    @cached_property
    def thaws(self) -> tuple[Thaw, ...]:
        """One entry a phase, in order."""
        phases = self.schedule.phases_for(self.epochs, len(self.outline.blocks))
        starts = [sum(p.epochs or 0 for p in phases[:i]) for i in range(len(phases))]
        return tuple(self._thaw(i, phases, starts) for i in range(len(phases)))

    def at(self, epoch: int) -> Thaw:
        """The state at an epoch, counted from 0."""
        return next(thaw for thaw in reversed(self.thaws) if thaw.start <= epoch)

    def counts(self) -> tuple[PhaseCount, ...]:
        """Parameters that train in each phase, before anything runs."""
        sizes = {name: n for layer in self.outline.layers for name, n in layer.parameters}
        return tuple(
            PhaseCount(
                thaw.phase,
                thaw.thawed,
                thaw.epochs,
                sum(sizes[name] for name in thaw.trainable),
                self.outline.size,
            )
            for thaw in self.thaws
        )

    def _thaw(self, index: int, phases: tuple[Phase, ...], starts: list[int]) -> Thaw:
        phase = phases[index]
        trainable = parse_scope(phase.thaw)(self.outline) | self._head_names
        rate_start, rate_epochs = self._rate_span(index, phases, starts)
        return Thaw(
            phase=index,
            thawed=phase.thaw,
            start=starts[index],
            epochs=phase.epochs or 0,
            trainable=trainable,
            rates=self._rates(phase),
            boundary=self._boundary(trainable),
            batchnorm=self.schedule.batchnorm,
            rate_start=rate_start,
            rate_epochs=rate_epochs,
            balance=phase.balance,
        )

    @cached_property
    def _head_names(self) -> frozenset[str]:
        return frozenset(name for layer in self.outline.head for name, _ in layer.parameters)

    def _rates(self, phase: Phase) -> dict[str, float]:
        """The head learns at the phase's rate, each block below it at `decay` times the next."""
        from_the_top = (HEAD, *reversed(self.outline.blocks))
        return {b: phase.rate * phase.decay**depth for depth, b in enumerate(from_the_top)}

    def _boundary(self, trainable: frozenset[str]) -> int:
        thawed = {
            layer.block
            for layer in self.outline.backbone
            if any(name in trainable for name, _ in layer.parameters)
        }
        first = (i for i, block in enumerate(self.outline.blocks) if block in thawed)
        return next(first, len(self.outline.blocks))

    def _rate_span(
        self, index: int, phases: tuple[Phase, ...], starts: list[int]
    ) -> tuple[int, int]:
        """Where the learning-rate schedule that governs this phase starts, and how long it is."""
        restarts = [i for i, p in enumerate(phases) if i == 0 or p.restart]
        first = max(i for i in restarts if i <= index)
        after = next((starts[i] for i in restarts if i > index), self.epochs)
        return starts[first], after - starts[first]
