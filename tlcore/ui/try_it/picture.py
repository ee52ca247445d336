"""Choosing the picture: carried ones, a file, the camera, or a shape drawn just now."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from tlcore.analysis.heatmaps import magnified
from tlcore.data.decode import endings_taken
from tlcore.data.uploads.limits import MEGABYTE
from tlcore.formatting import literal
from tlcore.inference.picture import LARGEST_FILE
from tlcore.recipe import Recipe
from tlcore.runs.records import Run
from tlcore.ui.shared.frontend import widget
from tlcore.ui.shared.session import me, store
from tlcore.ui.try_it.asked import Asked
from tlcore.ui.try_it.samples import Chosen, choose_drawing, choose_test_picture
from tlcore.ui.try_it.words import allows_camera, what_it_can_say

_STRANGE = (
    "How sure it is of a picture unlike those that it learned from means little: nothing has "
    "taught it to doubt."
)


def show_preview(picture: Chosen, asked: Asked) -> None:
    """Every pixel of it, large."""
    side = asked.pixels.shape[1]
    alt = f"{picture.caption}{f': {picture.truth}' if picture.truth else ''}"
    st.image(magnified(asked.pixels[0]), width="stretch", output_format="PNG", alt=alt)
    what = f": **{literal(picture.truth)}**" if picture.truth else ""
    st.caption(
        f"{picture.caption}{what}. The network sees these {side} × {side} pixels. "
        f"{what_it_can_say(asked.answer.classes)}"
    )
    if not picture.truth:
        st.caption(_STRANGE)
    if picture.note:
        st.info(picture.note, icon=":material/info:")


_PNG, _DRAWN = "data:image/png;base64,", "what was drawn"
_canvas = widget("try_it/canvas")
_KEPT_NOWHERE = "It is looked at and forgotten: nothing of it is kept."


def choose_picture(runs: Sequence[Run]) -> Chosen | None:
    """A picture to ask these runs about; None until one is there."""
    sources: dict[str, Callable[[], Chosen | None]] = {
        "Test picture": lambda: choose_test_picture(runs[0]),
        "File": _choose_file,
        "Camera": _choose_camera,
        "Draw it": _choose_own_drawing,
        "Drawn for you": lambda: choose_drawing(_of_shapes(runs)),
    }
    names = list(sources)
    source = st.segmented_control(
        "Picture from", names, default=names[0], required=True, key="try source", wrap=True
    )
    if source != names[0] and "picture" in st.query_params:
        del st.query_params["picture"]
    return sources[source or names[0]]()


def _choose_file() -> Chosen | None:
    file = st.file_uploader(
        "A picture",
        type=endings_taken(),
        max_upload_size=LARGEST_FILE // 2**20,
        key="try file",
    )
    st.caption(_KEPT_NOWHERE)
    return Chosen(file.getvalue(), "Your file") if file else None


def _choose_camera() -> Chosen | None:
    if not allows_camera(st.context.url):
        st.info(
            "Browsers lend their camera only to pages over https, or on this very machine. Choose "
            "a file instead: a phone offers its camera there, too.",
            icon=":material/no_photography:",
        )
        return None
    photo = st.camera_input("A photograph", key="try camera")
    st.caption(f"If no picture appears, the browser was told not to lend it. {_KEPT_NOWHERE}")
    return Chosen(photo.getvalue(), "Your photograph") if photo else None


def _choose_own_drawing() -> Chosen | None:
    """What somebody draws by hand: asked about after every stroke."""
    sent = _canvas(key="try canvas", on_drawn_change=lambda: None).drawn
    if sent:
        st.session_state[_DRAWN] = drawn_in(sent)
    st.caption("Draw a shape: with Filled, a line around it is enough. Asked after every stroke.")
    content = st.session_state.get(_DRAWN)
    return Chosen(content, "Your drawing") if content else None


def drawn_in(sent: Any) -> bytes | None:
    """The picture in what a browser sent; None where it is none.

    >>> drawn_in("data:image/png;base64,iVBO"), drawn_in("empty"), drawn_in(7)
    (b'\x89PN', None, None)
    """
    if not isinstance(sent, str) or not sent.startswith(_PNG) or len(sent) > MEGABYTE:
        return None
    try:
        return base64.b64decode(sent.removeprefix(_PNG), validate=True)
    except ValueError:
        return None


def _of_shapes(runs: Sequence[Run]) -> Recipe | None:
    """The recipe of the first run that was trained on shapes."""
    recipes = (store().recipe(run.id, by=me()) for run in runs)
    return next((recipe for recipe in recipes if recipe.data.name == "shapes"), None)
