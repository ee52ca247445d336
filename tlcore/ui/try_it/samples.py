"""Carried pictures to ask about: a run's own test pictures, and shapes that are drawn afresh."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from tlcore.analysis.predictions import Predictions
from tlcore.data import load
from tlcore.data.drawn.world import class_names, draw
from tlcore.data.pictures import Pictures
from tlcore.errors import DataError, RunError
from tlcore.inference.picture import from_file, from_pixels
from tlcore.recipe import Recipe, Shapes
from tlcore.runs.limits import refuse_unseen
from tlcore.runs.records import Run
from tlcore.runs.results import read_predictions
from tlcore.runs.thumbnails import count_thumbnails, read_thumbnail
from tlcore.ui.shared.frontend import Tile, show_gallery
from tlcore.ui.shared.pictures_route import picture_address
from tlcore.ui.shared.session import me, store
from tlcore.ui.shared.small_pictures import address_of


@dataclass(frozen=True, eq=False)
class Chosen:
    """A picture.

    Attributes:
        source: A file's content, or pixels (height x width x 3) of a data set.
        caption: What it is, in words of ours.
        truth: The class that it belongs to; empty where nobody knows.
        note: What a person should know about it.
    """

    source: bytes | NDArray[np.uint8]
    caption: str
    truth: str = ""
    note: str = ""

    def for_run(self, recipe: Recipe) -> NDArray[np.uint8]:
        """As this run would have it: 1 x height x width x 3.

        Raises:
            DataError: The file is no picture.
        """
        if isinstance(self.source, bytes):
            return from_file(self.source, recipe)
        return from_pixels(self.source, recipe)


def digest_of(pixels: NDArray[np.uint8]) -> str:
    """Tells these pixels from any others."""
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()


HANDFUL = 12
_ROW, _HANDFUL, _DRAWING = "try row", "try handful", "try drawing"
_WORLDS = 1_000_000


def choose_test_picture(run: Run) -> Chosen | None:
    """A test picture of the run: the one in the address, or one of a handful to click on."""
    table = read_predictions(store(), run.id, by=me())
    row = _row_in_address(len(table))
    rows = _handful(run, len(table))
    tiles = [_tile(run, table, int(each), chosen=each == row) for each in rows]
    clicked = show_gallery(tiles, key=f"try tiles {run.id}", side=56)
    if clicked is not None and clicked < len(rows) and int(rows[clicked]) != row:
        st.query_params["picture"] = str(rows[clicked])
        st.rerun()
    st.button(
        "Another handful",
        icon=":material/shuffle:",
        key="try more",
        on_click=_count_up,
        args=(_HANDFUL,),
    )
    truth = table.classes[table.labels[row]]
    try:
        pixels = _test_pictures(run, store().recipe(run.id, by=me())).pixels[row]
        return Chosen(np.array(pixels), f"Test picture {row:,}", truth)
    except (DataError, IndexError):
        return _from_small(run, row, truth)


def choose_drawing(recipe: Recipe | None) -> Chosen:
    """A shape that nobody has seen before, drawn with the dials of a run."""
    st.button(
        "Draw another", icon=":material/refresh:", key="try draw", on_click=_count_up,
        args=(_DRAWING,),
    )  # fmt: skip
    number = int(st.session_state.get(_DRAWING, 0))
    dials = recipe.data.shapes if recipe and recipe.data.name == "shapes" else Shapes()
    one_of_each = {"per_class": 2, "test_per_class": 2, "near_duplicates": 0.0}
    dials = dials.model_copy(update={**one_of_each, "world": _WORLDS + number})
    drawn = draw(dials, "test")
    row = int(np.random.default_rng(number).integers(len(drawn)))
    truth = class_names(dials)[drawn.labels[row]]
    return Chosen(drawn.pixels[row], "Drawn just now: no network has seen it", truth)


def _row_in_address(count: int) -> int:
    named = st.query_params.get("picture", "")
    if named.isdecimal() and int(named) < count:
        return int(named)
    if named:
        st.info("This run has no such test picture; here is another.", icon=":material/link_off:")
    return 0


def _handful(run: Run, count: int) -> NDArray[np.int64]:
    """Some rows by chance; the same until others are asked for."""
    number = int(st.session_state.get(_HANDFUL, 0))
    chance = np.random.default_rng([number, *run.id.encode()])
    return chance.choice(count, size=min(HANDFUL, count), replace=False)


def _count_up(what: str) -> None:
    st.session_state[what] = int(st.session_state.get(what, 0)) + 1


def _tile(run: Run, table: Predictions, row: int, *, chosen: bool) -> Tile:
    name = table.classes[table.labels[row]]
    alt = f"Test picture {row}: {name}{', chosen' if chosen else ''}"
    return Tile(_address(run, row), "", alt, "wrong" if chosen else "")


def _address(run: Run, row: int) -> str:
    """Where the browser finds it small; of runs that kept none, made from the data set."""
    zipped = store().artifact(run.id, "pictures", by=me())
    if zipped is not None and row < _kept(zipped):
        return picture_address(run.id, zipped, row)
    try:
        pictures = _test_pictures(run, store().recipe(run.id, by=me()))
        return address_of(np.asarray(pictures.pixels[row]))
    except (DataError, IndexError):
        return ""


@st.cache_data(max_entries=64, show_spinner=False)
def _kept(zipped: Path) -> int:
    try:
        return count_thumbnails(zipped)
    except RunError:
        return 0


def _test_pictures(run: Run, recipe: Recipe) -> Pictures:
    """The run's test pictures as its network saw them."""
    refuse_unseen(recipe.data, by=me())
    wanted = recipe.data.model_dump_json() + recipe.input.model_dump_json()
    return _loaded(wanted, recipe)


# A run's pictures are a function of its recipe. Mapped from disk, or some tens of megabytes.
@st.cache_resource(max_entries=3, show_spinner="Opening the run's test pictures …")
def _loaded(wanted: str, _recipe: Recipe) -> Pictures:
    return load(_recipe.data, _recipe.input).test


def _from_small(run: Run, row: int, truth: str) -> Chosen | None:
    """The small copy that the run kept, where its data set can't be opened any more."""
    zipped = store().artifact(run.id, "pictures", by=me())
    if zipped is None or row >= _kept(zipped):
        st.info(
            "This run's test pictures can't be opened any more, and it kept no copies.",
            icon=":material/broken_image:",
        )
        return None
    small = Image.open(BytesIO(read_thumbnail(zipped, row))).convert("RGB")
    note = "The data set isn't at hand, so this is the small copy that the run kept: answers may "
    return Chosen(
        np.asarray(small), f"Test picture {row:,}", truth, f"{note}differ from the run's own."
    )
