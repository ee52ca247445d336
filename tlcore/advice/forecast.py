"""What a run will take, before it runs: time and memory of each phase, always as a range.

Two things make the cost of a picture: the multiply-adds of the blocks that it goes through, and
the numbers that they hold for the way back. Both were counted on the real networks. How long they
take was measured once, on another machine; what earlier runs took on this one corrects it.

A frozen block costs only the way through. What the frozen blocks before the first thawed one make
of a picture is computed once and kept, unless every augmented view is another, BatchNorm adapts
(frozen blocks change, too), or there is no room for it. One pass serves all phases to come.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import add
from pathlib import Path
from typing import Any

from tlcore import catalog, machine, paths
from tlcore.catalog.outlines import BlockCost, block_costs
from tlcore.data.counts import Counts
from tlcore.machine import threads_of_a_run
from tlcore.recipe import Recipe
from tlcore.recipe.model import FOLDED_UP_TO
from tlcore.schedule.plan import PhaseCount, Plan, Thaw
from tlcore.schedule.strip import shares

BASE = 750e6
"""Bytes of a process that has loaded torch and does nothing."""

FLOAT = 4
"""Bytes of a number."""

TRIES = 60
"""Of the solver of an exact head, for one strength."""

FOLDS_COST = 3
"""Times as long as solving for all: as many pictures five times over, less closely."""

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
        tries = TRIES * (1 + FOLDS_COST * self._is_folded())
        return tries * (layer + self.pace.step / max(1, self.counts.train))

    def _is_folded(self) -> bool:
        labelled = self.counts.train + self.counts.validation
        return self.recipe.data.labels_per_class is None and labelled <= FOLDED_UP_TO

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


SHARE_OF_MEMORY, SHARE_OF_DISK, MOST_ON_DISK = 0.4, 0.1, 4e9
"""How much kept activations may take, as in `tlcore.nn.engine.activation_store`."""


@dataclass(frozen=True)
class Range:
    """A guess with its bounds."""

    low: float
    value: float
    high: float

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.value + other.value, self.high + other.high)


@dataclass(frozen=True)
class PhaseForecast:
    """What a phase takes.

    Attributes:
        seconds: In all its epochs, the keeping included.
        bytes: Of memory.
        kept: Whether the frozen blocks are computed once.
        why_not: If not, why not, in words; empty where nothing could be kept.
    """

    seconds: Range
    bytes: Range
    kept: bool
    why_not: str


@dataclass(frozen=True)
class Forecast:
    """What a run takes.

    Attributes:
        phases: One after another.
        seconds: From its start to its result.
        bytes: Of memory, at most.
        basis: Where the numbers come from, in words.
    """

    phases: tuple[PhaseForecast, ...]
    seconds: Range
    bytes: Range
    basis: str


@dataclass(frozen=True)
class Sample:
    """An epoch of an earlier run, held against what would have been forecast of it.

    Attributes:
        backbone: Its name.
        size: Of the pictures.
        boundary: How many leading blocks were frozen.
        kept: Whether these were computed once.
        device: Where it ran.
        slower: The factor by which it took longer than the uncorrected forecast.
        usual: Seconds of that forecast for a picture: the heavier, the more a sample counts.
    """

    backbone: str
    size: int
    boundary: int
    kept: bool
    device: str
    slower: float
    usual: float = 1.0


def forecast(
    recipe: Recipe,
    counts: Counts,
    *,
    device: str = "cpu",
    samples: Iterable[Sample] = (),
    memory: float | None = None,
    disk: float | None = None,
    load: float | None = None,
) -> Forecast | None:
    """What the run of a recipe will take; None for a backbone outside the catalogue.

    Args:
        recipe: What would run.
        counts: Of its pictures.
        device: Where it would run.
        samples: Of earlier runs on this machine; see `samples_of`.
        memory: Bytes that are free there; unset, those of this machine.
        disk: The same of the disk where runs are kept.
        load: Processes that want to compute already; unset, those of the last minute.

    >>> found = forecast(Recipe(), Counts(10, 1600, 400, 1000), memory=4e9, disk=4e9)
    >>> found.phases[0].kept, found.seconds.low < found.seconds.value < found.seconds.high
    (True, True)
    """
    pace = pace_of(device, recipe.precision)
    if (cost := cost_of(recipe, counts, pace)) is None:
        return None
    near = [sample for sample in samples if sample.device == device]
    room = _room(device, memory, disk)
    unknown = _Correction(_slowed(device, load), pace.spread, pace.basis)
    phases, corrections, passed = [], [], 0
    for thaw in cost.plan.thaws:
        kept, why_not = cost.may_keep(thaw, room)
        correction = _correction(recipe, thaw, kept, near) or unknown
        keeping = cost.keeping_seconds(thaw) if kept and thaw.boundary > passed else 0.0
        passed = max(passed, thaw.boundary if kept else 0)
        seconds = _ranged(cost.phase_seconds(thaw, kept) + keeping, correction)
        bytes_ = _ranged(cost.memory(thaw, kept), _ABOUT)
        phases.append(PhaseForecast(seconds, bytes_, kept, why_not))
        corrections.append(correction)
    weakest = max(corrections, key=lambda each: each.spread)
    start = _ranged(pace.start, _START)
    rest = _ranged(cost.other_seconds(), weakest) + start
    return Forecast(
        phases=tuple(phases),
        seconds=reduce(add, (phase.seconds for phase in phases), rest),
        bytes=max((phase.bytes for phase in phases), key=lambda each: each.value),
        basis=weakest.basis,
    )


def samples_of(recipe: Recipe, events: Iterable[Mapping[str, Any]]) -> Iterator[Sample]:
    """What a run says of this machine's speed: a sample of each epoch.

    Args:
        recipe: What ran.
        events: As the store gives them.
    """
    name, size = _name(recipe), recipe.input.size
    cost, device, kept = None, "", {}
    for event in events:
        if event["event"] == "Started":
            device = event["device"]
            sides = (event[f"{side}_pictures"] for side in ("train", "validation", "test"))
            counts = Counts(len(event["classes"]), *sides)
            cost = cost_of(recipe, counts, pace_of(device, event["precision"]))
        elif event["event"] == "PhaseBegan":
            kept[event["phase"]] = bool(event["cached"])
        elif event["event"] == "EpochDone" and cost and event["images_per_second"] > 0:
            thaw, cached = cost.plan.at(event["epoch"]), kept.get(event["phase"], False)
            took, usual = 1 / event["images_per_second"], cost.picture_seconds(thaw, cached)
            yield Sample(name, size, thaw.boundary, cached, device, took / usual, usual)


@dataclass(frozen=True)
class _Correction:
    """By which factor this machine is slower than another was, and how sure that is."""

    factor: float
    spread: float
    basis: str = ""


_ABOUT = _Correction(1.0, 1.4)
_START = _Correction(1.0, 2.5)


def _ranged(value: float, by: _Correction) -> Range:
    corrected = value * by.factor
    return Range(corrected / by.spread, corrected, corrected * by.spread)


def _room(device: str, memory: float | None, disk: float | None) -> float:
    """Bytes that kept activations may take: on a CPU they may lie on the disk."""
    free = machine.available_memory() if memory is None else memory
    if device != "cpu":
        return SHARE_OF_MEMORY * free
    home = paths.home() if paths.home().exists() else paths.PROJECT
    free_disk = shutil.disk_usage(home).free if disk is None else disk
    return max(SHARE_OF_MEMORY * free, min(MOST_ON_DISK, SHARE_OF_DISK * free_disk))


def _slowed(device: str, load: float | None) -> float:
    """How much others slow a run down that has to share the cores with them."""
    if device != "cpu":
        return 1.0
    others = os.getloadavg()[0] if load is None else load
    wanted = (others + threads_of_a_run()) / machine.cores()
    return max(1.0, round(2 * wanted) / 2)


def _correction(
    recipe: Recipe, thaw: Thaw, kept: bool, samples: Sequence[Sample]
) -> _Correction | None:
    """What those epochs say that are most like the ones of a phase; None if there are none.

    All phases of a network at a size share one factor, whatever they freeze: with a factor for each
    of them, freezing more could be forecast to take longer.
    """
    name = _name(recipe)
    same = [each for each in samples if (each.backbone, each.size) == (name, recipe.input.size)]
    alike = [each for each in same if (each.boundary, each.kept) == (thaw.boundary, kept)]
    for told, counted, spread, words in (
        (alike, same, 1.6, "epochs like these, measured on this machine"),
        (same, same, 2.0, "epochs of this backbone at this size, measured on this machine"),
        (samples, samples, 2.5, "epochs of other networks, measured on this machine"),
    ):
        if told:
            return _Correction(_factor(counted), spread, f"from {len(told)} {words}")
    return None


def _factor(samples: Sequence[Sample]) -> float:
    """The median, each sample counting by what it costs: of light epochs, little is known."""
    ranked = sorted(samples, key=lambda each: each.slower)
    half, passed = sum(each.usual for each in ranked) / 2, 0.0
    for number, each in enumerate(ranked):
        passed += each.usual
        if passed == half:  # between two, as of an even number of equal ones
            return (each.slower + ranked[number + 1].slower) / 2
        if passed > half:
            return each.slower
    return ranked[-1].slower


def _name(recipe: Recipe) -> str:
    """The network, whatever weights it starts from."""
    card = catalog.lookup(recipe.model.backbone)
    return card.name if card else recipe.model.backbone
