"""The freeze strip: blocks by epochs, ice where frozen, ember where thawed."""

from __future__ import annotations

import math

from tlcore.formatting import EMBER, ICE
from tlcore.report.document.blocks import Markup, join
from tlcore.report.document.charts.drawing import (
    WIDTH,
    Axis,
    box,
    drawing,
    line,
    name,
    whole_ticks,
    words,
)
from tlcore.schedule.outline import HEAD, Outline
from tlcore.schedule.plan import Plan, Thaw

_LEFT, _RIGHT, _TOP, _ROW = 96.0, WIDTH - 6, 8.0, 18.0
_PALEST, _DECADES = 0.4, 2.0
"""A hundredth of the recipe's rate, and less, is as pale as it gets."""


def draw_strip(plan: Plan, done: int) -> Markup:
    """The schedule as it was planned, the head first; a line where the run ended before."""
    blocks = (HEAD, *reversed(plan.outline.blocks))
    across = Axis(0, plan.epochs, _LEFT, _RIGHT)
    bottom = _TOP + _ROW * len(blocks)
    cells = [
        _cell(thaw, block, plan.outline, across, _TOP + _ROW * row)
        for row, block in enumerate(blocks)
        for thaw in plan.thaws
    ]
    names = [
        name(block, 14, _LEFT - 6, _TOP + _ROW * (row + 0.7), anchor="end")
        for row, block in enumerate(blocks)
    ]
    numbers = [
        words(str(epoch), across(epoch - 0.5), bottom + 14, anchor="middle", class_="faint")
        for epoch in whole_ticks(plan.epochs)
    ]
    ended = [line(across(done), _TOP - 4, across(done), bottom + 4, "ended")]
    label = f"What is frozen and what is thawed: {len(blocks)} blocks by {plan.epochs} epochs"
    return drawing(
        bottom + 36,
        *cells,
        *names,
        *numbers,
        *(ended if done < plan.epochs else ()),
        _legend(bottom + 30),
        label=label,
    )


def _cell(thaw: Thaw, block: str, outline: Outline, across: Axis, y: float) -> Markup:
    """A block during a phase: ember from the bottom up, as far as it trains."""
    left, right = across(thaw.start), across(thaw.start + thaw.epochs)
    width, height = max(0.0, right - left - 1), _ROW - 2
    share = _share(thaw, block, outline)
    trained = height * share
    frozen = box(left, y, width, height - trained, fill=ICE) if share < 1 else Markup("")
    if not share:
        return frozen
    depth = _depth(thaw.rates.get(block, 1.0))
    below = y + height - trained
    return join(frozen, box(left, below, width, trained, fill=EMBER, fill_opacity=depth))


def _share(thaw: Thaw, block: str, outline: Outline) -> float:
    sizes = [pair for layer in outline.layers if layer.block == block for pair in layer.parameters]
    whole = sum(size for _, size in sizes)
    trained = sum(size for name, size in sizes if name in thaw.trainable)
    share = trained / whole if whole else 0.0
    return max(share, 0.15) if trained else 0.0  # a norm layer alone must still be seen


def _depth(rate: float) -> float:
    below = min(_DECADES, max(0.0, -math.log10(rate)))
    return 1 - (1 - _PALEST) * below / _DECADES


def _legend(y: float) -> Markup:
    return join(
        box(_LEFT, y - 9, 10, 10, fill=ICE),
        words("frozen", _LEFT + 14, y),
        box(_LEFT + 66, y - 9, 10, 10, fill=EMBER),
        words("thawed; the fainter, the lower the learning rate", _LEFT + 80, y),
    )
