"""Transfer against scratch over the number of labels, as a small picture (SVG)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tlcore.analysis.learning import Point
from tlcore.colours import run_colour

Curves = Mapping[str, Sequence[Point]]
"""What a line is called, and its points."""

WIDE, HIGH = 340, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 30, 44
INK, GRID = "#555555", "#DDDDDD"


def draw(panels: Mapping[str, Curves]) -> str:
    """One panel a data set, side by side, each with its title; panels without points are left
    out."""
    filled = {title: curves for title, curves in panels.items() if any(curves.values())}
    width = WIDE * max(1, len(filled))
    body = [
        f'<g transform="translate({WIDE * place} 0)">{_panel(title, curves)}</g>'
        for place, (title, curves) in enumerate(filled.items())
    ]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HIGH}" width="{width}" '
        f'height="{HIGH}" font-family="sans-serif" font-size="11" role="img">'
    )
    title = "<title>Test accuracy over labels a class, by transfer and from scratch</title>"
    ground = f'<rect width="{width}" height="{HIGH}" fill="#FFFFFF"/>'
    return "\n".join([opening, title, ground, *body, "</svg>", ""])


def _panel(title: str, curves: Curves) -> str:
    amounts = sorted({labels for points in curves.values() for labels, _ in points})
    parts = [_text(WIDE / 2, 16, title, "middle", weight="bold")]
    parts += [_share(percent) for percent in (0, 25, 50, 75, 100)]
    parts += [_amount(labels, amounts) for labels in amounts]
    parts.append(_text((LEFT + WIDE - RIGHT) / 2, HIGH - 8, "labels a class", "middle"))
    for number, (name, points) in enumerate(curves.items()):
        parts.append(_line(name, points, amounts, run_colour(number), number))
    return "\n".join(parts)


def _line(
    name: str, points: Sequence[Point], amounts: Sequence[int], colour: str, number: int
) -> str:
    places = [(_x(labels, amounts), found) for labels, found in points]
    path = " ".join(f"{x:.1f},{_y(found.value):.1f}" for x, found in places)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    for x, found in places:
        low, high = _y(found.low), _y(found.high)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="{colour}"/>'
            f'<circle cx="{x:.1f}" cy="{_y(found.value):.1f}" r="3" fill="{colour}"/>'
        )
    bottom = HIGH - BOTTOM - 10 - 14 * number
    parts.append(_text(WIDE - RIGHT - 4, bottom, name, "end", colour=colour, weight="bold"))
    return "".join(parts)


def _share(percent: int) -> str:
    y = _y(percent / 100)
    line = f'<line x1="{LEFT}" x2="{WIDE - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>'
    return line + _text(LEFT - 5, y + 4, f"{percent} %", "end")


def _amount(labels: int, amounts: Sequence[int]) -> str:
    return _text(_x(labels, amounts), HIGH - BOTTOM + 15, f"{labels:,}", "middle")


def _text(
    x: float, y: float, text: str, anchor: str, *, colour: str = INK, weight: str = "normal"
) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-weight="{weight}">{safe}</text>'
    )


def _x(labels: int, amounts: Sequence[int]) -> float:
    """Logarithmic, with some room on either side."""
    span = math.log(amounts[-1] / amounts[0]) or 1.0
    share = math.log(labels / amounts[0]) / span
    return LEFT + 14 + share * (WIDE - LEFT - RIGHT - 28)


def _y(share: float) -> float:
    return HIGH - BOTTOM - share * (HIGH - TOP - BOTTOM)
