"""Rates with their intervals, a line each, the lowest first: of classes, or of groups."""

from __future__ import annotations

from collections.abc import Sequence

from tlcore.analysis.intervals import Interval
from tlcore.analysis.wording import in_percent, rate
from tlcore.report.charts.drawing import WIDTH, Axis, drawing, line, name, ticks, words
from tlcore.report.markup import Markup, element, join

MOST = 30
_LEFT, _RIGHT, _TOP, _ROW = 110.0, WIDTH - 112, 14.0, 18.0


def draw_forest(rates: Sequence[tuple[str, Interval]], overall: float, *, label: str) -> Markup:
    """The lowest rates as points on their intervals; a line where all pictures together lie."""
    chosen = sorted(rates, key=lambda each: each[1].value)[:MOST]
    across = Axis(0, 1, _LEFT, _RIGHT)
    bottom = _TOP + _ROW * len(chosen)
    return drawing(
        bottom + 22,
        *(line(across(tick), _TOP - 6, across(tick), bottom, "grid") for tick in ticks(0, 1)),
        *(
            words(in_percent(tick), across(tick), bottom + 14, anchor="middle", class_="faint")
            for tick in ticks(0, 1)
        ),
        line(across(overall), _TOP - 6, across(overall), bottom, "diagonal"),
        *(_row(text, found, across, _TOP + _ROW * i) for i, (text, found) in enumerate(chosen)),
        label=label,
    )


def _row(text: str, found: Interval, across: Axis, y: float) -> Markup:
    middle = y + _ROW / 2
    return join(
        name(text, 16, _LEFT - 8, middle + 4, anchor="end"),
        line(across(found.low), middle, across(found.high), middle, "whisker"),
        element("circle", cx=across(found.value), cy=middle, r=3.5, class_="dot"),
        words(rate(found), _RIGHT + 8, middle + 4, class_="faint"),
    )
