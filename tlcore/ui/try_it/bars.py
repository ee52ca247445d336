"""A bar for each class, as long as it is likely; a click on one asks about that class."""

from __future__ import annotations

from collections.abc import Sequence

from tlcore.colours import class_colour
from tlcore.ui.frontend import widget
from tlcore.ui.try_it.words import share_in_words

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
            "text": share_in_words(share),
            "colour": class_colour(number),
            "true": classes[number] == truth,
        }
        for number, share in shown
    ]
    rest = len(classes) - len(shown)
    data = {"bars": bars, "rest": f"and {rest} more classes" if rest > 0 else ""}
    clicked = _bars(data=data, key=key, on_clicked_change=lambda: None).clicked
    return int(clicked) if clicked is not None else None
