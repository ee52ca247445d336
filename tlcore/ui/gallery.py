"""Many small pictures at once, each a button: loaded as they come into sight, chosen by a click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tlcore.ui.frontend import widget

_gallery = widget("gallery")


@dataclass(frozen=True)
class Tile:
    """A picture of the gallery.

    Attributes:
        source: Where the browser finds it: an address of this server, or a `data:` URI; empty for
            a picture that wasn't kept.
        caption: Lines beneath it. Any text: it is never read as markup.
        alt: What is to be seen, for those who don't see it.
        tone: `right`, `wrong` or empty: the colour of its frame.
    """

    source: str
    caption: str = ""
    alt: str = ""
    tone: str = ""


def show_gallery(tiles: Sequence[Tile], *, key: str, side: int = 96) -> int | None:
    """Show the pictures; tell which one was clicked in this very run of the page, if any.

    Args:
        side: Width and height of each, in pixels.
    """
    data = {"tiles": [asdict(tile) for tile in tiles], "side": side}
    clicked = _gallery(data=data, key=key, on_clicked_change=lambda: None).clicked
    return int(clicked) if clicked is not None else None
