"""The training pictures that are most like a test picture, beside it: a wrong label among them, or
a double under another one, explains many a mistake."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from tlcore import paths
from tlcore.data.likeness import NEAR
from tlcore.data.neighbours import Neighbour, Neighbourhood, open_neighbourhood
from tlcore.recipe import Data, Input
from tlcore.runs.public import refuse_unseen
from tlcore.ui.outcomes import Outcome
from tlcore.ui.page import told
from tlcore.ui.session import me
from tlcore.ui.words import literal, short

SHOWN = 4
NEIGHBOUR_SIDE = 96
"""Pixels that a picture takes, at most."""


def show_neighbours(outcome: Outcome, row: int) -> tuple[Neighbour, ...]:
    """What was trained on that is most like a test picture, once somebody wants to see it."""
    wanted = st.toggle(
        "Show the training pictures that are most like it", key="neighbours wanted",
        persist_state="session",
    )  # fmt: skip
    if not wanted:
        return ()
    with told():
        recipe = outcome.story.recipe
        refuse_unseen(recipe.data, by=me())
        near = _opened(recipe.data.model_dump_json(), recipe.input.model_dump_json(), _places())
        found = near.nearest(str(outcome.predictions.ids[row]), most=SHOWN)
        st.markdown(in_words(found, near.classes, int(outcome.predictions.labels[row])))
        with st.container(horizontal=True, gap="small"):
            for each in found:
                _show(each, near, int(outcome.predictions.labels[row]))
        return found
    return ()


def in_words(found: Sequence[Neighbour], classes: Sequence[str], label: int) -> str:
    """What the nearest one says of a picture of this label.

    >>> double = Neighbour("train/00007", 1, 0.991)
    >>> in_words([double], ("cat", "dog"), 0)
    'Nearly the same picture was trained on under **another label**: **dog** (likeness 0.99).'
    """
    first = found[0]
    name, alike = f"**{literal(short(classes[first.label]))}**", f"likeness {first.likeness:.2f}"
    if first.likeness <= NEAR:
        return f"The nearest training picture carries the label {name}, but is another ({alike})."
    if first.label != label:
        return f"Nearly the same picture was trained on under **another label**: {name} ({alike})."
    return f"Nearly the same picture was trained on under the same label, {name} ({alike})."


def _show(found: Neighbour, near: Neighbourhood, label: int) -> None:
    name = near.classes[found.label]
    with st.container(width=NEIGHBOUR_SIDE + 8, gap="xsmall"):
        alt = f"Training picture {found.picture}: {name}"
        st.image(_enlarged(near.pixels(found.picture)), alt=alt, output_format="PNG")
        shown = literal(short(name, 24))
        shown = shown if found.label == label else f"**{shown}**"
        st.caption(f"{shown}  \n{found.likeness:.2f}")


def _enlarged(pixels: NDArray[np.uint8]) -> Image.Image:
    """Pixel by pixel, if it is small; smaller, if it is large."""
    image = Image.fromarray(pixels)
    times = NEIGHBOUR_SIDE // max(image.size)
    if times > 1:
        size = image.width * times, image.height * times
        return image.resize(size, Image.Resampling.NEAREST)
    image.thumbnail((NEIGHBOUR_SIDE, NEIGHBOUR_SIDE))
    return image


def _places() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(paths.variables().items()))


# Some 40 MB where there are 50,000 training pictures; their pixels are mapped from disk.
@st.cache_resource(max_entries=2, show_spinner="Looking at every training picture once …")
def _opened(data: str, input: str, places: tuple[tuple[str, str], ...]) -> Neighbourhood:
    del places
    return open_neighbourhood(Data.model_validate_json(data), Input.model_validate_json(input))
