"""A freeze schedule as a strip of blocks and epochs: drawn from one, painted on, and read back.

A strip has a column for each epoch. Painting makes a schedule of one's own of any preset:
consecutive epochs in which the same trains at the same rate are one phase of it.

>>> from tlcore.catalog import outline_for
>>> from tlcore.recipe import Model
>>> outline = outline_for(Model(), classes=10)
>>> strip = strip_of(FreezeSchedule(preset="head-only"), outline, epochs=4)
>>> strip = painted(strip, outline, blocks=range(2, 4), epochs=range(2, 4), thaw=True)
>>> [(phase.thaw, phase.epochs) for phase in schedule_of(strip, outline).phases]
[('head', 2), ('last 2 blocks', None)]
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from tlcore.schedule.outline import Outline
from tlcore.schedule.phases import Balance, BatchNorm, FreezeSchedule, Phase
from tlcore.schedule.selection import parse_scope


@dataclass(frozen=True)
class Column:
    """What holds in one epoch.

    Attributes:
        thaw: What trains beside the head, in the words of `tlcore.schedule.selection`.
        rate: As in `Phase`.
        decay: As in `Phase`.
        restart: The learning-rate schedule starts anew with this epoch.
        balance: As in `Phase`.
    """

    thaw: str
    rate: float = 1.0
    decay: float = 1.0
    restart: bool = False
    balance: Balance | None = None


Strip: TypeAlias = tuple[Column, ...]


def strip_of(schedule: FreezeSchedule, outline: Outline, epochs: int) -> Strip:
    """The schedule of a run of `epochs` on a backbone, epoch by epoch."""
    phases = schedule.phases_for(epochs, len(outline.blocks))
    return tuple(column for phase in phases for column in _columns(phase))


def schedule_of(strip: Strip, outline: Outline, batchnorm: BatchNorm = "trained") -> FreezeSchedule:
    """The schedule of one's own that a strip shows. Its last phase takes what epochs are left."""
    starts = [0, *_changes(strip, outline), len(strip)]
    phases = [Phase(**vars(strip[start]), epochs=end - start) for start, end in pairwise(starts)]
    phases[-1] = phases[-1].model_copy(update={"epochs": None})
    return FreezeSchedule(preset="custom", phases=tuple(phases), batchnorm=batchnorm)


def painted(strip: Strip, outline: Outline, *, blocks: range, epochs: range, thaw: bool) -> Strip:
    """The strip with some blocks thawed, or frozen, in some epochs.

    What trains in part counts, in these epochs, as what most of it does: words that say which
    part is meant would be true of a whole network only by chance.
    """
    chosen = {outline.blocks[block] for block in blocks}
    words = {}
    for before in {strip[epoch].thaw for epoch in epochs}:
        thawed = _thawed_blocks(before, outline)
        words[before] = words_for(thawed | chosen if thaw else thawed - chosen, outline)
    return tuple(
        replace(column, thaw=words[column.thaw]) if epoch in epochs else column
        for epoch, column in enumerate(strip)
    )


def shares(thaw: str, outline: Outline) -> tuple[float, ...]:
    """Which share of each block's parameters trains, from 0 to 1."""
    trains = parse_scope(thaw)(outline)
    return tuple(_share(block, trains, outline) for block in outline.blocks)


def words_for(blocks: Collection[str], outline: Outline) -> str:
    """The shortest words for these blocks.

    >>> from tlcore.catalog import outline_for
    >>> from tlcore.recipe import Model
    >>> outline = outline_for(Model(), classes=10)
    >>> words_for(["block2", "block3"], outline), words_for(["block1"], outline)
    ('last 2 blocks', 'block block1')
    """
    wanted = [block for block in outline.blocks if block in blocks]
    meant = frozenset(
        name for layer in outline.backbone if layer.block in wanted for name, _ in layer.parameters
    )
    fitting = (text for text in _wordings(wanted) if parse_scope(text)(outline) == meant)
    return min(fitting, key=len)


def _wordings(blocks: list[str]) -> Iterator[str]:
    """Words that may mean these blocks; of equally short ones, the first is the clearest."""
    if not blocks:
        yield "head"
        return
    yield "all"
    yield f"last {len(blocks)} block{'s' if len(blocks) > 1 else ''}"
    yield f"block{'s' if len(blocks) > 1 else ''} {', '.join(blocks)}"


def _columns(phase: Phase) -> tuple[Column, ...]:
    first = Column(phase.thaw, phase.rate, phase.decay, phase.restart, phase.balance)
    return (first, *[replace(first, restart=False)] * ((phase.epochs or 1) - 1))


def _changes(strip: Strip, outline: Outline) -> Iterator[int]:
    """The epochs with which a phase begins, but for the first."""
    trains = {thaw: parse_scope(thaw)(outline) for thaw in {column.thaw for column in strip}}
    matters = [(trains[each.thaw], each.rate, each.decay, each.balance) for each in strip]
    for epoch in range(1, len(strip)):
        if strip[epoch].restart or matters[epoch] != matters[epoch - 1]:
            yield epoch


def _thawed_blocks(thaw: str, outline: Outline) -> set[str]:
    return {
        block
        for block, share in zip(outline.blocks, shares(thaw, outline), strict=True)
        if share >= 0.5
    }


def _share(block: str, trains: frozenset[str], outline: Outline) -> float:
    parameters = [pair for x in outline.backbone if x.block == block for pair in x.parameters]
    whole = sum(size for _, size in parameters)
    return sum(size for name, size in parameters if name in trains) / whole
