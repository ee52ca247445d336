"""The reliability diagram: accuracy over confidence, and how many pictures each bar stands on."""

from __future__ import annotations

from collections.abc import Sequence

from tlcore.analysis.calibration import Bin
from tlcore.analysis.wording import in_percent
from tlcore.report.charts.drawing import WIDTH, Axis, box, drawing, grid, line, ticks, words
from tlcore.report.markup import Markup, join

_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, WIDTH - 10, 24.0, 230.0
_COUNTS, _HEIGHT = 40.0, 312.0


def draw_reliability(bins: Sequence[Bin]) -> Markup:
    """A bar below the diagonal belongs to a network that is surer than it is right."""
    across, up = Axis(0, 1, _LEFT, _RIGHT), Axis(0, 1, _BOTTOM, _TOP)
    most = max(each.n for each in bins) or 1
    tall = Axis(0, most, _BOTTOM + _COUNTS + 8, _BOTTOM + 8)
    return drawing(
        _HEIGHT,
        words("share called rightly", 0, 12, class_="heading"),
        grid(ticks(0, 1), up, _LEFT, _RIGHT, in_percent),
        *(_bar(each, across, up, tall) for each in bins if each.n),
        line(across(0), up(0), across(1), up(1), "diagonal"),
        *(
            words(in_percent(tick), across(tick), _HEIGHT - 20, anchor="middle", class_="faint")
            for tick in ticks(0, 1)
        ),
        words("confidence", _LEFT, _HEIGHT - 4, class_="heading"),
        words(
            f"thin bars: pictures, {most:,} at most", _RIGHT, _HEIGHT - 4, anchor="end",
            class_="faint",
        ),
        label="Accuracy over confidence, in bins of equal width",
    )  # fmt: skip


def _bar(each: Bin, across: Axis, up: Axis, tall: Axis) -> Markup:
    if each.accuracy is None:
        return Markup("")
    left, width = across(each.low) + 1, across(each.high) - across(each.low) - 2
    middle, top = left + width / 2, up(each.accuracy.value)
    return join(
        box(left, top, width, up(0) - top, class_="right", fill_opacity=0.55),
        line(middle, up(each.accuracy.low), middle, up(each.accuracy.high), "whisker"),
        box(left, tall(each.n), width, tall(0) - tall(each.n), class_="count"),
    )
