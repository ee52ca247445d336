"""Loss and accuracy over epochs, with a mark where something thawed; runs over each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tlcore.analysis.label_curves import Point
from tlcore.formatting import in_percent, run_colour
from tlcore.report.document.blocks import Markup, join
from tlcore.report.document.charts.drawing import (
    WIDTH,
    Axis,
    curve,
    drawing,
    grid,
    line,
    ticks,
    whole_ticks,
    words,
)

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
        f'<g transform="translate({WIDE * place} 0)">{_chart_panel(title, curves)}</g>'
        for place, (title, curves) in enumerate(filled.items())
    ]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HIGH}" width="{width}" '
        f'height="{HIGH}" font-family="sans-serif" font-size="11" role="img">'
    )
    title = "<title>Test accuracy over labels a class, by transfer and from scratch</title>"
    ground = f'<rect width="{width}" height="{HIGH}" fill="#FFFFFF"/>'
    return "\n".join([opening, title, ground, *body, "</svg>", ""])


def _chart_panel(title: str, curves: Curves) -> str:
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


Epochs: TypeAlias = Sequence[Mapping[str, float | None]]
"""For each epoch, what was measured; see `tlcore.analysis.curve_reading.read_curves`."""

_LEFT, _RIGHT = 40.0, WIDTH - 66
_PANEL, _BETWEEN, _TOP = 140.0, 44.0, 26.0
_LETTER = 12.0


@dataclass(frozen=True)
class Line:
    """A curve: its places along the bottom, its values, and how it is named and drawn."""

    places: Sequence[float]
    values: Sequence[float]
    label: str
    class_: str
    colour: str | None = None


def draw_curves(epochs: Epochs, thaws: Sequence[tuple[int, str]]) -> Markup:
    """One run's accuracy above its loss. A thaw is its epoch, from 0, and what thawed."""
    across = Axis(1, max(2, len(epochs)), _LEFT, _RIGHT)
    numbers = range(1, len(epochs) + 1)
    panels = []
    for panel, what in enumerate(("accuracy", "loss")):
        lines = [
            Line(numbers, _values(epochs, f"{who}_{what}"), who, class_)
            for who, class_ in (("train", "train"), ("validation", "validation"))
        ]
        panels.append(_panel(lines, across, panel, what, _epoch_ticks(len(epochs))))
    marks = _thaw_marks(thaws, across)
    label = f"Accuracy and loss over {len(epochs)} epochs, on training and validation pictures"
    return drawing(_height(2), *panels, *marks, label=label)


def draw_runs(runs: Sequence[Epochs]) -> Markup:
    """Validation accuracy of several runs, over epochs and over seconds; training accuracy where
    a run has no validation share."""
    epochs = max(map(len, runs))
    over_epochs = [_of_run(i, run, range(1, len(run) + 1)) for i, run in enumerate(runs)]
    over_time = [_of_run(i, run, _values(run, "seconds")) for i, run in enumerate(runs)]
    latest = max((x for each in over_time for x in each.places if math.isfinite(x)), default=1.0)
    across = Axis(1, max(2, epochs), _LEFT, _RIGHT)
    in_time = Axis(0, latest, _LEFT, _RIGHT)
    seconds = [(tick, f"{tick:g}") for tick in ticks(0, latest)]
    return drawing(
        _height(2),
        _panel(over_epochs, across, 0, "accuracy, by epoch", _epoch_ticks(epochs)),
        _panel(over_time, in_time, 1, "accuracy, by second", seconds),
        label="Accuracy of each run over epochs and over seconds",
    )


def _of_run(number: int, run: Epochs, places: Sequence[float]) -> Line:
    accuracy = _values(run, "validation_accuracy")
    if not any(map(math.isfinite, accuracy)):
        accuracy = _values(run, "train_accuracy")
    return Line(places, accuracy, f"run {number + 1}", "validation", run_colour(number))


def _panel(
    lines: Sequence[Line],
    across: Axis,
    panel: int,
    title: str,
    bottom: Sequence[tuple[float, str]],
) -> Markup:
    top = _TOP + panel * (_PANEL + _BETWEEN)
    share = title.startswith("accuracy")
    highest = 1.0 if share else _highest(lines)
    up = Axis(0, highest, top + _PANEL, top)
    return join(
        words(title, 0, top - 8, class_="heading"),
        grid(
            ticks(0, highest, 4),
            up,
            _LEFT,
            _RIGHT,
            in_percent if share else lambda value: f"{value:g}",
        ),
        *(
            words(text, across(place), top + _PANEL + 14, anchor="middle", class_="faint")
            for place, text in bottom
        ),
        *(
            curve(
                [(across(x), up(y)) if math.isfinite(y) else (x, y)
                 for x, y in zip(each.places, each.values, strict=True)],
                each.class_,
                style=each.colour and f"stroke:{each.colour}",
            )
            for each in lines
        ),
        *_labels(lines, across, up),
    )  # fmt: skip


def _labels(lines: Sequence[Line], across: Axis, up: Axis) -> list[Markup]:
    """Each curve's name at its end, apart from the others' even where the curves meet."""
    ends = [
        (up(y), across(x), each.label) for each in lines for x, y in _last(each.places, each.values)
    ]
    labels, lowest = [], -math.inf
    for y, x, label in sorted(ends):
        lowest = max(y, lowest + _LETTER)
        labels.append(words(label, x + 5, lowest + 4))
    return labels


def _thaw_marks(thaws: Sequence[tuple[int, str]], across: Axis) -> list[Markup]:
    """Lines half an epoch before the first one that changed; named above where there is room."""
    marks, taken = [], 7 * _LETTER
    for epoch, text in thaws:
        x, said = across(epoch + 0.5), f"thawed: {text}"
        marks.append(line(x, _TOP - 4, x, _height(2) - 26, "thaw"))
        half = 0.25 * _LETTER * len(said)
        if x - half > taken and x + half < WIDTH:
            marks.append(words(said, x, _TOP - 9, anchor="middle", class_="thawed"))
            taken = x + half + _LETTER
    return marks


def _epoch_ticks(count: int) -> list[tuple[float, str]]:
    return [(number, str(number)) for number in whole_ticks(count)]


def _height(panels: int) -> float:
    return _TOP + panels * (_PANEL + _BETWEEN) - 8


def _highest(lines: Sequence[Line]) -> float:
    """A single loss beyond all measure must not flatten the rest."""
    values = sorted(v for each in lines for v in each.values if math.isfinite(v))
    if not values:
        return 1.0
    usual = values[int(0.9 * (len(values) - 1))]
    return min(values[-1], 3 * usual) * 1.05 or 1.0


def _last(places: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
    """The last place that has a value, if there is any."""
    known = [(x, y) for x, y in zip(places, values, strict=True) if math.isfinite(x + y)]
    return known[-1:]


def _values(epochs: Epochs, name: str) -> list[float]:
    values = (epoch.get(name) for epoch in epochs)
    return [math.nan if value is None else value for value in values]
