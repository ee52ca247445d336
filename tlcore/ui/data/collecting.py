"""Pictures gathered class by class, with a camera or from files, until they are kept."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import streamlit as st

from tlcore.data.decode import endings_taken, fit_picture, open_picture
from tlcore.data.uploads.files import Handed
from tlcore.data.uploads.limits import MEGABYTE, usual_limits
from tlcore.errors import DataError
from tlcore.formatting import literal
from tlcore.ui.shared.frontend import Tile, show_gallery, widget
from tlcore.ui.shared.page import show_error
from tlcore.ui.shared.small_pictures import address_for, encoded

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


THUMBNAIL = 64
LARGEST = 200 * MEGABYTE
"""Bytes that one person may gather before keeping them: they lie in the server's memory."""

_GATHERED, _ROUND = "pictures gathered", "boxes emptied"


@dataclass(frozen=True)
class Snap:
    """A picture that was gathered.

    Attributes:
        content: The file.
        thumbnail: A small one, with its media type.
    """

    content: bytes
    thumbnail: tuple[bytes, str]


def collect() -> None:
    """Name a class, take or choose its pictures; the same for the next class."""
    name = st.text_input(
        "Class", key="class name", max_chars=100, placeholder="what all these pictures show",
    ).strip()  # fmt: skip
    camera, files = st.columns(2)
    with camera:
        if taken := take_pictures(f"Camera, for “{name}”" if name else "", key="camera"):
            _add(name, taken)
        st.caption("Browsers give a camera to pages on https or on localhost only.")
    with files:
        _take_files(name)
    for label in list(_gathered()):
        _show_class(label)
    if _gathered():
        st.caption(
            "These pictures are in this tab only, until you keep them. A click takes one out."
        )
    if len(_gathered()) == 1:
        st.info("One class is there. Name the next one: it takes two to tell apart.")


def collected_files() -> list[Handed]:
    """What was gathered, once there are two classes."""
    gathered = _gathered()
    if len(gathered) < 2:
        return []
    return [
        Handed(f"{number}.jpg", snap.content, label=label)
        for label, snaps in gathered.items()
        for number, snap in enumerate(snaps, start=1)
    ]


def forget_collected() -> None:
    """They have been kept."""
    st.session_state.pop(_GATHERED, None)


def snapped(content: bytes) -> Snap:
    """A picture with its thumbnail, or why it is none."""
    image = open_picture(content, needed=THUMBNAIL)
    return Snap(content, encoded(fit_picture(image, THUMBNAIL, "pad", "bilinear")))


def _gathered() -> dict[str, list[Snap]]:
    found: dict[str, list[Snap]] = st.session_state.setdefault(_GATHERED, {})
    return found


def _take_files(name: str) -> None:
    files = st.file_uploader(
        "Or pictures from files", accept_multiple_files=True, disabled=not name,
        key=f"class files {st.session_state.get(_ROUND, 0)}",
        type=endings_taken(),
        max_upload_size=min(50, usual_limits().bytes // MEGABYTE),
    )  # fmt: skip
    if files and name:
        with st.spinner(f"Opening {len(files):,} pictures …", show_time=True):
            _add(name, [file.getvalue() for file in files])
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
        st.rerun()


def _add(name: str, contents: list[bytes]) -> None:
    """Gather pictures, as long as there is room; those that are none are told on the next page."""
    for content in contents:
        try:
            _check_room(content)
            snap = snapped(content)
            _gathered().setdefault(name, []).append(snap)
        except DataError as error:
            st.session_state.setdefault(_REFUSED, []).append(error)


_REFUSED = "pictures refused"


def show_refused() -> None:
    """Tell which pictures weren't gathered, once."""
    for error in st.session_state.pop(_REFUSED, [])[:3]:
        show_error(error)


def _check_room(content: bytes) -> None:
    limits = usual_limits()
    snaps = [snap for snaps in _gathered().values() for snap in snaps]
    held = sum(len(snap.content) for snap in snaps) + len(content)
    if len(snaps) >= limits.pictures or held > min(limits.bytes, LARGEST):
        raise DataError(
            f"There is no room for more than these {len(snaps):,} pictures",
            remedy="Keep them, or take some out. A zip may be larger.",
        )


def _forget(label: str) -> None:
    _gathered().pop(label, None)


def _show_class(label: str) -> None:
    snaps = _gathered()[label]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{literal(label)}** · {len(snaps):,}")
            st.button("Remove the class", key=f"remove {label}", type="tertiary",
                      on_click=_forget, args=(label,))  # fmt: skip
        tiles = [Tile(address_for(*snap.thumbnail), alt=f"{label}, {row}: take out")
                 for row, snap in enumerate(snaps, start=1)]  # fmt: skip
        clicked = show_gallery(tiles, key=f"gathered {label}", side=THUMBNAIL)
    if clicked is not None and clicked < len(snaps):
        del snaps[clicked]
        if not snaps:
            _forget(label)
        st.rerun()
