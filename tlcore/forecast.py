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
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from tlcore import catalog, machine, paths
from tlcore.data.counts import Counts
from tlcore.forecast_cost import cost_of, pace_of
from tlcore.plan import Thaw
from tlcore.recipe import Recipe
from tlcore.runs.slots import threads_of_a_run

SHARE_OF_MEMORY, SHARE_OF_DISK, MOST_ON_DISK = 0.4, 0.1, 4e9
"""How much kept activations may take, as in `tlcore.nn.engine.keeping`."""


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
