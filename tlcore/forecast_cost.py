"""What a recipe costs: seconds and bytes, counted from its network's blocks and its pictures.

The numbers here are plain products of counts and of a `Pace`, which was measured once. How they
are corrected by what this machine did before, and how sure they are, is in `tlcore.forecast`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tlcore import catalog
from tlcore.data.counts import Counts
from tlcore.outlines import BlockCost, block_costs
from tlcore.plan import PhaseCount, Plan, Thaw
from tlcore.recipe import Recipe
from tlcore.runs.slots import threads_of_a_run
from tlcore.strip import shares

BASE = 750e6
"""Bytes of a process that has loaded torch and does nothing."""

FLOAT = 4
"""Bytes of a number."""

TRIES = 60
"""Of the solver of an exact head, for one strength."""

_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Pace:
    """Seconds that things take.

    Attributes:
        multiply_add: Of a block that a picture only passes through.
        held: The same for each number that the block would hold for the way back.
        trained_multiply_add: Of a block that trains, there and back.
        trained_held: The same for each number that it holds.
        prepared: For each number of a picture, until it can enter the network.
        layer: Of each layer in a training step, whatever the batch.
        parameter: Of each parameter that a step moves.
        step: Of a step, whatever the network.
        start: Until a run has its data and its network, where both are here.
        spread: The factor by which all this may be wrong.
        basis: Where these numbers come from.
    """

    multiply_add: float
    held: float
    trained_multiply_add: float
    trained_held: float
    prepared: float
    layer: float
    parameter: float
    step: float
    start: float
    spread: float
    basis: str


_ONE_CORE = "from one core of another machine, for nothing has been trained on this one yet"
_A_GPU = "from a rule of thumb for GPUs, for nothing has been trained on this one yet"
_BFLOAT16 = Pace(
    10.7e-12, 0.23e-9, 23.2e-12, 1.86e-9, 3.5e-9, 0.99e-3, 4.7e-9, 2e-3, 3.0, 3.0, _ONE_CORE
)
_FLOAT32 = Pace(
    20.5e-12, 0.38e-9, 54.0e-12, 1.69e-9, 3.5e-9, 0.28e-3, 7.4e-9, 2e-3, 3.0, 3.0, _ONE_CORE
)
_GPU = Pace(0.05e-12, 0.01e-9, 0.15e-12, 0.03e-9, 0.1e-9, 0.1e-3, 0.02e-9, 2e-3, 5.0, 6.0, _A_GPU)
"""The first two fit 28 pairs of network and size with a mean error of 30 % (docs/LOG.md)."""


def pace_of(device: str, precision: str) -> Pace:
    """The pace of a device, as recipes name precisions."""
    if device != "cpu":
        return _GPU
    low = precision == "bfloat16" or (precision == "auto" and _cpu_has_bfloat16())
    pace, faster = _BFLOAT16 if low else _FLOAT32, threads_of_a_run() ** 0.8
    counted = {
        name: value / faster
        for name, value in vars(pace).items()
        if name not in ("start", "spread", "basis")
    }
    return replace(pace, **counted)


def _cpu_has_bfloat16() -> bool:
    try:
        flags = _CPUINFO.read_text(errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


@dataclass(frozen=True)
class Cost:
    """A recipe with all that its cost depends on.

    Attributes:
        recipe: What would run.
        counts: Of its pictures.
        pace: Of the device.
        blocks: What a picture costs in each block of the backbone, at the recipe's size.
        plan: What trains when.
    """

    recipe: Recipe
    counts: Counts
    pace: Pace
    blocks: tuple[BlockCost, ...]
    plan: Plan

    def phase_seconds(self, thaw: Thaw, kept: bool) -> float:
        """All epochs of a phase: learning, and looking at the validation share."""
        start = thaw.boundary if kept else 0
        learning = self.counts.train * self.picture_seconds(thaw, kept)
        looking = self.counts.validation * self._through(start, None)
        return thaw.epochs * (learning + looking)

    def keeping_seconds(self, thaw: Thaw) -> float:
        """All pictures once through the frozen blocks; this pass serves later phases, too."""
        return self._kept_pictures * self._through(0, thaw.boundary)

    def other_seconds(self) -> float:
        """The test, the validation share once more, and what a teacher makes of pictures."""
        teacher = catalog.lookup(self.recipe.distillation.teacher)
        taught = teacher.multiply_adds(self.recipe.distillation.size) if teacher else 0
        tested = (self.counts.test + self.counts.validation) * self._through(0, None)
        return tested + self.counts.train * self.pace.multiply_add * taught

    def picture_seconds(self, thaw: Thaw, kept: bool) -> float:
        """A training picture, there and back, with its part of the step."""
        if self.recipe.optimiser.name == "exact":
            return self._solved_seconds()
        pace, first = self.pace, thaw.boundary
        share = shares(thaw.thawed, self.plan.outline)
        back = sum(
            pace.trained_multiply_add * block.multiply_adds * (2 + share[number]) / 3
            + pace.trained_held * block.held
            for number, block in enumerate(self.blocks)
            if number >= first
        )
        step = pace.step + pace.layer * self._layers_from(first)
        step += pace.parameter * self._phase_counts[thaw.phase].trainable
        return (0 if kept else self._through(0, first)) + back + step / self._batch

    def _solved_seconds(self) -> float:
        """A picture's part of solving an exact head for one strength: each try is there and back
        through one layer, for all pictures at once."""
        layer = self.pace.multiply_add * 3 * self.blocks[-1].out * self.counts.classes
        return TRIES * (layer + self.pace.step / max(1, self.counts.train))

    def may_keep(self, thaw: Thaw, room: float) -> tuple[bool, str]:
        """Whether the frozen blocks are computed once; if not, why not.

        Args:
            thaw: The phase.
            room: Bytes that what is kept may take.
        """
        changes = self.recipe.augmentation
        if thaw.boundary == 0:
            return False, ""
        if thaw.batchnorm == "adapted":
            return False, "frozen blocks adapt their BatchNorm"
        if changes.mixup or changes.cutmix:
            return False, "pictures are blended before the first block"
        if changes.active and not changes.views:
            return False, "every augmented view is another (see Views in Augmentation)"
        if self._kept_bytes(thaw) > room:
            return False, "there is no room to keep that"
        return True, ""

    def memory(self, thaw: Thaw, kept: bool) -> float:
        """The network with what its optimiser remembers, activations, and torch itself."""
        count = self._phase_counts[thaw.phase]
        remembered = 1 if self.recipe.optimiser.name == "sgd" else 2
        network = FLOAT * (count.total + (1 + remembered) * count.trainable)
        learning = self._batch * sum(block.held for block in self.blocks[thaw.boundary :])
        looking = _batch_to_look(self.recipe.input.size) * max(block.out for block in self.blocks)
        activations = FLOAT * max(learning, 4 * looking)
        return BASE + network + activations + (self._kept_bytes(thaw) if kept else 0)

    @property
    def _batch(self) -> int:
        return max(1, min(self.recipe.batch, self.counts.train))

    @cached_property
    def _phase_counts(self) -> tuple[PhaseCount, ...]:
        return self.plan.counts()

    def _through(self, first: int, last: int | None) -> float:
        """A picture on its way through some blocks; those at the beginning need it prepared."""
        prepared = 0.0 if first else self.pace.prepared * 3 * self.recipe.input.size**2
        return prepared + sum(
            self.pace.multiply_add * block.multiply_adds + self.pace.held * block.held
            for block in self.blocks[first:last]
        )

    def _layers_from(self, first: int) -> int:
        names = self.plan.outline.blocks[first:]
        return sum(layer.block in names for layer in self.plan.outline.backbone)

    def _kept_bytes(self, thaw: Thaw) -> float:
        return float(FLOAT * self._kept_pictures * self.blocks[thaw.boundary - 1].out)

    @property
    def _kept_pictures(self) -> int:
        views = max(1, self.recipe.augmentation.views) if self.recipe.augmentation.active else 1
        return views * self.counts.train + self.counts.validation


def cost_of(recipe: Recipe, counts: Counts, pace: Pace) -> Cost | None:
    """What a recipe costs; None for a backbone outside the catalogue."""
    card = catalog.lookup(recipe.model.backbone)
    outline = catalog.outline_for(recipe.model, counts.classes, recipe.input.size)
    if card is None or outline is None:
        return None
    area = (recipe.input.size / card.usual) ** 2
    blocks = tuple(
        BlockCost(*(round(count * area) for count in vars(cost).values()))
        for cost in block_costs()[card.name].values()
    )
    return Cost(recipe, counts, pace, blocks, Plan(recipe.schedule, outline, recipe.epochs))


def _batch_to_look(size: int) -> int:
    """How many pictures go through at once where nothing is learned from them."""
    return max(1, min(256, 64 * 224 * 224 // size**2))
