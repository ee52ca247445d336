"""What all drawings share: their size, their axes, and the words in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tlcore.report.document.blocks import Markup, element, join, shorten

WIDTH = 460.0
"""Every drawing is so wide, in the units in which its text is 11 high."""


@dataclass(frozen=True)
class Axis:
    """From values to places along one side of a drawing.

    Attributes:
        low: The value at `start`.
        high: The value at `end`.
        start: A place in the drawing.
        end: Another.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value lies; what is beyond the axis lies at its end."""
        share = (value - self.low) / ((self.high - self.low) or 1)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)


def drawing(height: float, *parts: str, label: str) -> Markup:
    """A whole drawing; `label` says what it shows to whoever can't see it."""
    return element(
        "svg",
        element("title", label),
        *parts,
        viewBox=f"0 0 {WIDTH:.0f} {height:.0f}",
        role="img",
        class_="chart",
        xmlns="http://www.w3.org/2000/svg",
    )


def words(text: str, x: float, y: float, *, anchor: str = "start", class_: str = "") -> Markup:
    """Text at a place."""
    anchored = None if anchor == "start" else anchor
    return element("text", text, x=x, y=y, text_anchor=anchored, class_=class_ or None)


def name(text: str, most: int, x: float, y: float, *, anchor: str = "start") -> Markup:
    """A name, cut where it is too long for its place; the whole of it shows on pointing."""
    whole = (element("title", text),) if len(text) > most else ()
    anchored = None if anchor == "start" else anchor
    return element("text", *whole, shorten(text, most), x=x, y=y, text_anchor=anchored)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(x: float, y: float, width: float, height: float, **attributes: object) -> Markup:
    """A rectangle."""
    return element("rect", x=x, y=y, width=width, height=height, **attributes)


def curve(places: Iterable[tuple[float, float]], class_: str, **attributes: object) -> Markup:
    """A line through places, broken where there is no number."""
    path = "".join(_pieces(places))
    return element("path", d=path, class_=class_, **attributes) if path else Markup("")


def grid(
    ticks: Sequence[float],
    axis: Axis,
    left: float,
    right: float,
    label: Callable[[float], str],
) -> Markup:
    """Level lines with their values at the left."""
    return join(
        *(
            join(
                line(left, axis(tick), right, axis(tick), "grid"),
                words(label(tick), left - 5, axis(tick) + 4, anchor="end", class_="faint"),
            )
            for tick in ticks
        )
    )


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values from low to high.

    >>> ticks(0, 5.3), ticks(0, 1)
    ([0.0, 2.0, 4.0], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    """
    rough = (high - low) / most or 1.0
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first
    return [round(step * (first + number), 10) for number in range(count + 1)]


def whole_ticks(count: int, most: int = 8) -> list[int]:
    """Numbers from 1 to count, a few of them, always the first.

    >>> whole_ticks(5), whole_ticks(30)
    ([1, 2, 3, 4, 5], [1, 5, 10, 15, 20, 25, 30])
    """
    if count <= most:
        return list(range(1, count + 1))
    step = next(s * 10**e for e in range(9) for s in (2, 5, 10) if count / (s * 10**e) <= most)
    return [1, *range(step, count + 1, step)]


def _pieces(places: Iterable[tuple[float, float]]) -> Iterator[str]:
    pen = "M"
    for x, y in places:
        if math.isfinite(x) and math.isfinite(y):
            yield f"{pen}{x:.1f} {y:.1f}"
            pen = "L"
        else:
            pen = "M"
