"""The confusion matrix: rows are true classes, shaded by the share of each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tlcore.report.charts.drawing import WIDTH, drawing, words
from tlcore.report.charts.drawing import name as name_at
from tlcore.report.markup import Markup, element, join

_LEFT, _TOP, _BELOW = 92.0, 78.0, 20.0
_MOST_NAMES, _MOST_NUMBERS = 40, 12
_SHADES = 10
_DARK = 0.7
"""From this share on, numbers are written in the colour of the paper. Shades leave a gap there, so
that either kind can be read."""


def draw_matrix(confusion: NDArray[np.int64], classes: Sequence[str]) -> Markup:
    """Blue where the network is right, purple where it is wrong, the darker the more often."""
    k = len(classes)
    side = (WIDTH - _LEFT - 24) / k
    height = _TOP + k * side + _BELOW
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    return drawing(
        height,
        element("rect", x=_LEFT, y=_TOP, width=k * side, height=k * side, class_="empty"),
        *_cells(shares, side),
        *(_names(classes, side) if k <= _MOST_NAMES else ()),
        *(_numbers(confusion, shares, side) if k <= _MOST_NUMBERS else ()),
        words("true class", 0, _TOP - 8, class_="heading"),
        words("called", _LEFT, 12, class_="heading"),
        label=f"Confusion matrix of {k} classes",
    )


def _cells(shares: NDArray[np.float64], side: float) -> list[Markup]:
    """One path for each shade, so that 100 classes don't take 10,000 elements."""
    paths: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    edge = side - min(1.0, side / 8)
    for row, column in np.argwhere(shares > 0):
        shade = max(1, int(float(shares[row, column]) * _SHADES + 1e-9))
        x, y = _LEFT + column * side, _TOP + row * side
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
            name_at(text, 13, _LEFT - 6, _TOP + (place + 0.5) * side + 4, anchor="end"),
            element(
                "g",
                name_at(text, 10, 0, 0),
                transform=f"translate({_LEFT + (place + 0.5) * side + 3:.1f} {_TOP - 6}) "
                "rotate(-60)",
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
            _LEFT + (column + 0.5) * side,
            _TOP + (row + 0.5) * side + 4,
            anchor="middle",
            class_="on-dark" if shares[row, column] >= _DARK else "on-light",
        )
        for row, column in np.argwhere(confusion > 0)
    ]
