"""The reliability diagram: accuracy over confidence, and how many pictures each bar stands on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.calibration import Bin
from tlcore.analysis.intervals import Interval
from tlcore.formatting import in_percent, rate
from tlcore.report.document.blocks import Markup, element, join
from tlcore.report.document.charts.drawing import (
    WIDTH,
    Axis,
    box,
    drawing,
    grid,
    line,
    name,
    ticks,
    words,
)
from tlcore.report.document.charts.drawing import name as name_at

_MATRIX_LEFT, _MATRIX_TOP, _BELOW = 92.0, 78.0, 20.0
_MOST_NAMES, _MOST_NUMBERS = 40, 12
_SHADES = 10
_DARK = 0.7
"""From this share on, numbers are written in the colour of the paper. Shades leave a gap there, so
that either kind can be read."""


def draw_matrix(confusion: NDArray[np.int64], classes: Sequence[str]) -> Markup:
    """Blue where the network is right, purple where it is wrong, the darker the more often."""
    k = len(classes)
    side = (WIDTH - _MATRIX_LEFT - 24) / k
    height = _MATRIX_TOP + k * side + _BELOW
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    return drawing(
        height,
        element(
            "rect", x=_MATRIX_LEFT, y=_MATRIX_TOP, width=k * side, height=k * side, class_="empty"
        ),
        *_cells(shares, side),
        *(_names(classes, side) if k <= _MOST_NAMES else ()),
        *(_numbers(confusion, shares, side) if k <= _MOST_NUMBERS else ()),
        words("true class", 0, _MATRIX_TOP - 8, class_="heading"),
        words("called", _MATRIX_LEFT, 12, class_="heading"),
        label=f"Confusion matrix of {k} classes",
    )


def _cells(shares: NDArray[np.float64], side: float) -> list[Markup]:
    """One path for each shade, so that 100 classes don't take 10,000 elements."""
    paths: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    edge = side - min(1.0, side / 8)
    for row, column in np.argwhere(shares > 0):
        shade = max(1, int(float(shares[row, column]) * _SHADES + 1e-9))
        x, y = _MATRIX_LEFT + column * side, _MATRIX_TOP + row * side
        kind = "right" if row == column else "wrong"
        paths[kind, shade].append(f"M{x:.1f} {y:.1f}h{edge:.1f}v{edge:.1f}h-{edge:.1f}z")
    return [
        element("path", d="".join(places), class_=kind, fill_opacity=_depth(shade / _SHADES))
        for (kind, shade), places in sorted(paths.items())
    ]


def _depth(share: float) -> float:
    return 0.75 * share if share < _DARK else 0.9 + (share - _DARK) / 3


def _names(classes: Sequence[str], side: float) -> list[Markup]:
    return [
        join(
            name_at(
                text, 13, _MATRIX_LEFT - 6, _MATRIX_TOP + (place + 0.5) * side + 4, anchor="end"
            ),
            element(
                "g",
                name_at(text, 10, 0, 0),
                transform=f"translate({_MATRIX_LEFT + (place + 0.5) * side + 3:.1f} "
                f"{_MATRIX_TOP - 6}) rotate(-60)",
            ),
        )
        for place, text in enumerate(classes)
    ]


def _numbers(
    confusion: NDArray[np.int64], shares: NDArray[np.float64], side: float
) -> list[Markup]:
    return [
        words(
            str(confusion[row, column]),
            _MATRIX_LEFT + (column + 0.5) * side,
            _MATRIX_TOP + (row + 0.5) * side + 4,
            anchor="middle",
            class_="on-dark" if shares[row, column] >= _DARK else "on-light",
        )
        for row, column in np.argwhere(confusion > 0)
    ]


MOST = 30
_FOREST_LEFT, _FOREST_RIGHT, _FOREST_TOP, _ROW = 110.0, WIDTH - 112, 14.0, 18.0


def draw_forest(rates: Sequence[tuple[str, Interval]], overall: float, *, label: str) -> Markup:
    """The lowest rates as points on their intervals; a line where all pictures together lie."""
    chosen = sorted(rates, key=lambda each: each[1].value)[:MOST]
    across = Axis(0, 1, _FOREST_LEFT, _FOREST_RIGHT)
    bottom = _FOREST_TOP + _ROW * len(chosen)
    return drawing(
        bottom + 22,
        *(
            line(across(tick), _FOREST_TOP - 6, across(tick), bottom, "grid")
            for tick in ticks(0, 1)
        ),
        *(
            words(in_percent(tick), across(tick), bottom + 14, anchor="middle", class_="faint")
            for tick in ticks(0, 1)
        ),
        line(across(overall), _FOREST_TOP - 6, across(overall), bottom, "diagonal"),
        *(
            _row(text, found, across, _FOREST_TOP + _ROW * i)
            for i, (text, found) in enumerate(chosen)
        ),
        label=label,
    )


def _row(text: str, found: Interval, across: Axis, y: float) -> Markup:
    middle = y + _ROW / 2
    return join(
        name(text, 16, _FOREST_LEFT - 8, middle + 4, anchor="end"),
        line(across(found.low), middle, across(found.high), middle, "whisker"),
        element("circle", cx=across(found.value), cy=middle, r=3.5, class_="dot"),
        words(rate(found), _FOREST_RIGHT + 8, middle + 4, class_="faint"),
    )


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
