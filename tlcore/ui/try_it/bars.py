"""A bar for each class, as long as it is likely; a click on one asks about that class."""

from __future__ import annotations

from collections.abc import Sequence

from tlcore.colours import class_colour
from tlcore.ui.frontend import widget
from tlcore.ui.words import percent

SHOWN = 6

_bars = widget("try_it_bars")


def show_bars(
    classes: Sequence[str], ranked: Sequence[tuple[int, float]], truth: str, *, key: str
) -> int | None:
    """Show the likeliest classes; tell which one was clicked in this very run of the page.

    Args:
        classes: Names, any text.
        ranked: Class numbers with their probabilities, the likeliest first.
        truth: The class that the picture belongs to; empty where nobody knows.
    """
    shown = [*ranked[:SHOWN]]
    shown += [each for each in ranked[SHOWN:] if classes[each[0]] == truth]
    bars = [
        {
            "number": number,
            "name": classes[number],
            "share": share,
            "text": _short(share),
            "colour": class_colour(number),
            "true": classes[number] == truth,
        }
        for number, share in shown
    ]
    rest = len(classes) - len(shown)
    data = {"bars": bars, "rest": f"and {rest} more classes" if rest > 0 else ""}
    clicked = _bars(data=data, key=key, on_clicked_change=lambda: None).clicked
    return int(clicked) if clicked is not None else None


def _short(share: float) -> str:
    """Never a bare zero: a network leaves every class a little.

    >>> _short(0.0001), _short(0.712), _short(0.9997)
    ('< 1 %', '71 %', '> 99 %')
    """
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else percent(share, 0)
