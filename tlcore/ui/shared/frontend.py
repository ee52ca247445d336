"""The lab's own widgets: a script and a style beside the Python file that speaks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent.parent


def widget(name: str, *parts: str) -> Any:
    """The widget whose script is `NAME.js`, with `NAME.css` where there is one.

    Call it once, where the module is imported. What comes back mounts the widget: its script finds
    its own place as `.widget`, because the first `div` holds the style as well.

    Args:
        name: Of its files, such as `gallery` or `train/strip`.
        parts: Names of further scripts that its own is put behind; they export nothing.
    """
    style = _HERE / f"{name}.css"
    scripts = [(_HERE / f"{part}.js").read_text(encoding="utf-8") for part in (*parts, name)]
    return st.components.v2.component(
        f"thaw_{name.replace('/', '_')}",
        html='<div class="widget"></div>\n',
        css=style.read_text(encoding="utf-8") if style.exists() else None,
        js="\n".join(scripts),
    )


_gallery = widget("shared/gallery")


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
