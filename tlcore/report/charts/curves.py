"""Loss and accuracy over epochs, with a mark where something thawed; runs over each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tlcore.analysis.wording import in_percent
from tlcore.colours import run_colour
from tlcore.report.charts.drawing import (
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
from tlcore.report.markup import Markup, join

Epochs: TypeAlias = Sequence[Mapping[str, float | None]]
"""For each epoch, what was measured; see `tlcore.analysis.reading.read_curves`."""

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
