"""The freeze schedule: what is trainable when, at which rate, with which BatchNorm policy.

A schedule is symbolic ("the last two blocks, a tenth of the rate"). Held against a network's
`Outline` it becomes a `Plan`, and everything a training loop or a page needs to know follows
from the epoch alone: `plan.at(epoch)`. Nothing here is remembered between epochs, so a resumed
run can't refreeze what had thawed.

>>> FreezeSchedule(preset="lp-ft", head_epochs=2).phases_for(epochs=5, blocks=4)[1].thaw
'all'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import Field, field_validator, model_validator

from tlcore.schedule.selection import parse_scope
from tlcore.strict import Part

Balance = Literal["none", "weights", "sampling", "robust"]
BatchNorm = Literal["frozen", "adapted", "trained"]
Preset = Literal[
    "head-only",
    "last-blocks",
    "first-blocks-frozen",
    "first-layers-frozen",
    "last-layers",
    "full",
    "lp-ft",
    "two-phase",
    "fine-tune",
    "gradual",
    "layer-decay",
    "surgical",
    "norm-bias",
    "custom",
]


class Phase(Part):
    """A stretch of epochs in which the same things are trainable.

    Attributes:
        thaw: What trains beside the head, in words (see `tlcore.schedule.selection`).
        epochs: How long; the last phase may leave it out and take what is left.
        rate: The learning rate as a multiple of the recipe's.
        decay: Each block further from the head learns at this multiple of the next one's rate.
        restart: The learning-rate schedule starts anew with this phase.
        balance: Overrules the recipe's, for this phase alone: a head that is trained anew on
            balanced pictures corrects much of what a cue has taught (deep feature reweighting).
    """

    thaw: str = "head"
    epochs: int | None = Field(default=None, ge=1)
    rate: float = Field(default=1.0, gt=0, le=100)
    decay: float = Field(default=1.0, gt=0, le=1)
    restart: bool = False
    balance: Balance | None = None

    @field_validator("thaw")
    @classmethod
    def _thaw_is_understood(cls, thaw: str) -> str:
        parse_scope(thaw)
        return thaw


class FreezeSchedule(Part):
    """Which preset, with its dials; or `custom` with phases of one's own.

    Attributes:
        preset: The name of the schedule.
        count: How many blocks or layers, where the preset counts them.
        head_epochs: For two-phase presets: how long the head trains alone.
        rate: For two-phase presets: the thawed phase's rate as a multiple of the first one's.
        decay: For `layer-decay` and `gradual`: rate of a block against the one above it.
        spread: For `fine-tune`: rate of the head against that of the first block.
        where: For `surgical`: which block trains.
        batchnorm: `trained` (default): BatchNorm follows its block, so frozen blocks keep their
            statistics and thawed ones learn. `frozen`: no statistics ever change. `adapted`:
            statistics follow the new pictures in every block, frozen ones too.
        phases: For `custom` alone.
    """

    preset: Preset = "head-only"
    count: int = Field(default=1, ge=1, le=10_000)
    head_epochs: int = Field(default=1, ge=1)
    rate: float = Field(default=0.1, gt=0, le=100)
    decay: float = Field(default=0.75, gt=0, le=1)
    spread: float = Field(default=100.0, ge=1)
    where: Literal["first", "middle", "last"] = "last"
    batchnorm: BatchNorm = "trained"
    phases: tuple[Phase, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _phases_belong_to_custom(self) -> FreezeSchedule:
        if self.preset == "custom" and not self.phases:
            raise ValueError("phases: must have at least one entry when preset is custom")
        if self.preset != "custom" and self.phases:
            raise ValueError("phases: must be left out unless preset is custom")
        if any(phase.epochs is None for phase in self.phases[:-1]):
            raise ValueError("phases: must all say their epochs, except for the last one")
        return self

    @property
    def begins_with_all(self) -> bool:
        """Whether nothing is frozen before it has learned anything."""
        return self.preset == "full" or (self.preset == "custom" and self.phases[0].thaw == "all")

    def misfits(self, epochs: int) -> list[str]:
        """Why the phases don't fill a run of `epochs` exactly, as lines of `field: rule`.

        >>> FreezeSchedule(preset="lp-ft", head_epochs=3).misfits(epochs=3)
        ["schedule.head_epochs: must be less than the run's epochs (3)"]
        """
        if self.preset in ("lp-ft", "two-phase", "fine-tune") and self.head_epochs >= epochs:
            return [f"schedule.head_epochs: must be less than the run's epochs ({epochs})"]
        if not self.phases:
            return []
        spoken_for = sum(phase.epochs or 0 for phase in self.phases)
        if self.phases[-1].epochs is None and spoken_for >= epochs:
            return [f"schedule.phases: must leave some of the run's epochs ({epochs}) to the last"]
        if self.phases[-1].epochs is not None and spoken_for != epochs:
            return [
                f"schedule.phases: must add up to the run's epochs ({epochs}), not {spoken_for}"
            ]
        return []

    def phases_for(self, epochs: int, blocks: int) -> tuple[Phase, ...]:
        """The phases of a run of `epochs` on a backbone of `blocks`, each with its length.

        >>> [p.thaw for p in FreezeSchedule(preset="gradual").phases_for(epochs=3, blocks=4)]
        ['last 2 blocks', 'last 3 blocks', 'all']
        """
        return _with_lengths(PRESETS[self.preset](self, epochs, blocks), epochs)


def _with_lengths(phases: tuple[Phase, ...], epochs: int) -> tuple[Phase, ...]:
    """Cut or stretch the phases to exactly `epochs`."""
    fitted = []
    left = epochs
    for phase in phases:
        length = left if phase is phases[-1] and phase.epochs is None else phase.epochs or left
        length = min(length, left)
        if length:
            fitted.append(phase.model_copy(update={"epochs": length}))
        left -= length
    if left:
        fitted[-1] = fitted[-1].model_copy(update={"epochs": (fitted[-1].epochs or 0) + left})
    return tuple(fitted)


def _once(thaw: str, decay: float = 1.0) -> tuple[Phase, ...]:
    return (Phase(thaw=thaw, decay=decay),)


def _head_first(s: FreezeSchedule, thaw: str, rate: float, decay: float = 1.0) -> tuple[Phase, ...]:
    head = Phase(thaw="head", epochs=s.head_epochs)
    return head, Phase(thaw=thaw, rate=rate, decay=decay, restart=True)


def _gradual(s: FreezeSchedule, epochs: int, blocks: int) -> tuple[Phase, ...]:
    """One more block each phase; with too few epochs, the first phases are skipped."""
    steps = min(epochs, blocks + 1)
    length = epochs // steps
    scopes = ["head", *(f"last {k} blocks" for k in range(1, blocks)), "all"][-steps:]
    lengths: list[int | None] = [length] * (steps - 1)
    return tuple(
        Phase(thaw=thaw, epochs=each, decay=s.decay)
        for thaw, each in zip(scopes, [*lengths, None], strict=True)
    )


def _fine_tune(s: FreezeSchedule, epochs: int, blocks: int) -> tuple[Phase, ...]:
    """After fastai's recipe: the head, then everything at half the rate, spread over the blocks.
    fastai also runs one cycle in each phase, which here is up to the rate schedule."""
    return _head_first(s, "all", rate=0.5, decay=s.spread ** (-1 / max(1, blocks)))


PRESETS: dict[str, Callable[[FreezeSchedule, int, int], tuple[Phase, ...]]] = {
    "head-only": lambda s, epochs, blocks: _once("head"),
    "last-blocks": lambda s, epochs, blocks: _once(f"last {s.count} blocks"),
    "first-blocks-frozen": lambda s, epochs, blocks: _once(f"all but first {s.count} blocks"),
    "first-layers-frozen": lambda s, epochs, blocks: _once(f"all but first {s.count} layers"),
    "last-layers": lambda s, epochs, blocks: _once(f"last {s.count} layers"),
    "full": lambda s, epochs, blocks: _once("all"),
    "lp-ft": lambda s, epochs, blocks: _head_first(s, "all", rate=s.rate),
    "two-phase": lambda s, epochs, blocks: _head_first(s, f"last {s.count} layers", rate=s.rate),
    "fine-tune": _fine_tune,
    "gradual": _gradual,
    "layer-decay": lambda s, epochs, blocks: _once("all", decay=s.decay),
    "surgical": lambda s, epochs, blocks: _once(f"{s.where} block only"),
    "norm-bias": lambda s, epochs, blocks: _once("norm and bias"),
    "custom": lambda s, epochs, blocks: s.phases,
}
