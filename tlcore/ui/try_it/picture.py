"""Choosing the picture: carried ones, a file, the camera, or a shape drawn just now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from tlcore.asking.picture import LARGEST_FILE
from tlcore.data.decode import SUFFIXES
from tlcore.recipe import Recipe
from tlcore.runs.records import Run
from tlcore.ui.session import me, store
from tlcore.ui.try_it.chosen import Chosen
from tlcore.ui.try_it.samples import choose_drawing, choose_test_picture
from tlcore.ui.try_it.words import allows_camera

_KEPT_NOWHERE = "It is looked at and forgotten: nothing of it is kept."


def choose_picture(runs: Sequence[Run]) -> Chosen | None:
    """A picture to ask these runs about; None until one is there."""
    sources: dict[str, Callable[[], Chosen | None]] = {
        "Test picture": lambda: choose_test_picture(runs[0]),
        "File": _choose_file,
        "Camera": _choose_camera,
        "Drawing": lambda: choose_drawing(_of_shapes(runs)),
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
        type=sorted(suffix[1:] for suffix in SUFFIXES),
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


def _of_shapes(runs: Sequence[Run]) -> Recipe | None:
    """The recipe of the first run that was trained on shapes."""
    recipes = (store().recipe(run.id, by=me()) for run in runs)
    return next((recipe for recipe in recipes if recipe.data.name == "shapes"), None)
