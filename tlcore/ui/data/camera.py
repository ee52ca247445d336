"""A camera that takes many pictures in a row: hold the button, or press it once for one."""

from __future__ import annotations

import base64
from typing import Any

from tlcore.data.upload_limits import MEGABYTE
from tlcore.ui.frontend import widget

SIDE = 224
"""Pixels of a picture, which is cut to a square."""

MOST_AT_ONCE = 60
"""Pictures that one press may bring."""

_START = "data:image/jpeg;base64,"
_camera = widget("data/camera")


def take_pictures(title: str, *, key: str) -> list[bytes]:
    """Show the camera; give the JPEG files that were taken in this very run of the page.

    Args:
        title: Whose pictures these are. Any text; empty, and none can be taken yet.
        key: Of the widget.
    """
    data = {"title": title, "ready": bool(title), "side": SIDE, "most": MOST_AT_ONCE}
    return files_in(_camera(data=data, key=key, on_taken_change=lambda: None).taken)


def files_in(taken: Any) -> list[bytes]:
    """The pictures in what a browser sent; whatever isn't one is passed over.

    >>> files_in(["data:image/jpeg;base64,/9j/", "data:text/html,<b>", 7]), files_in(None)
    ([b'\\xff\\xd8\\xff'], [])
    """
    if not isinstance(taken, list):
        return []
    texts = [text for text in taken[:MOST_AT_ONCE] if isinstance(text, str)]
    return [
        found
        for text in texts
        if text.startswith(_START) and len(text) < MEGABYTE and (found := _decoded(text))
    ]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.removeprefix(_START), validate=True)
    except ValueError:
        return b""
