"""One test picture, large, with all that the network said of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import TypeAlias

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from tlcore import paths
from tlcore.access import LOCAL
from tlcore.data.checks import NEAR
from tlcore.data.decode import open_picture
from tlcore.data.layout import readable
from tlcore.data.neighbours import Neighbour, Neighbourhood, open_neighbourhood
from tlcore.data.sources.files import open_source
from tlcore.errors import RunError, ThawError
from tlcore.formatting import literal, percent, short
from tlcore.recipe import Data, Input
from tlcore.runs.limits import refuse_unseen
from tlcore.runs.thumbnails import read_thumbnail
from tlcore.ui.results.corrections import Doubted, offer_correcting
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.page import link, told
from tlcore.ui.shared.session import me, store

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
        near = _neighbours_opened(
            recipe.data.model_dump_json(), recipe.input.model_dump_json(), _places()
        )
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
def _neighbours_opened(data: str, input: str, places: tuple[tuple[str, str], ...]) -> Neighbourhood:
    del places
    return open_neighbourhood(Data.model_validate_json(data), Input.model_validate_json(input))


SIDE = 288
LARGEST = 1024
"""Pixels of a picture that is shown as it is."""

Seen: TypeAlias = tuple[Outcome, int]
"""A run, and the row at which it has the picture."""


@st.dialog("A test picture", width="medium")
def show_detail(seen: Sequence[Seen], titles: Sequence[str] = ()) -> None:
    """In a window of its own: the picture, and what each of these runs said of it."""
    outcome, row = seen[0]
    picture, words = st.columns([2, 3], gap="medium")
    with picture:
        _show_picture(seen)
        st.caption(f"Picture {row:,} of the test set")
        st.code(str(outcome.predictions.ids[row]), language=None, wrap_lines=True)
    with words:
        for number, (each, its_row) in enumerate(seen):
            who = f"{literal(titles[number])}: " if titles else ""
            st.markdown(who + _verdict(each, its_row))
        _show_probabilities(seen, titles)
        runs = ",".join(each.story.run for each, _ in seen)
        link("try_it", "Why? Try it", icon=":material/science:", run=runs, picture=str(row))
    if len(seen) == 1:
        found = show_neighbours(outcome, row)
        offer_correcting(outcome, _doubted(outcome, row, found))


def _doubted(outcome: Outcome, row: int, near: Sequence[Neighbour]) -> list[Doubted]:
    """The picture, and the training pictures beside it: any of them may be labelled wrongly."""
    table = outcome.predictions
    label, called = int(table.labels[row]), int(table.predicted[row])
    likely = called if called != label else None
    own = Doubted(str(table.ids[row]), "This test picture", label, likely)
    others = [
        Doubted(each.picture, f"Training picture {n}: {outcome.classes[each.label]}", each.label)
        for n, each in enumerate(near, 1)
    ]
    return [own, *others]


def _show_picture(seen: Sequence[Seen]) -> None:
    """The picture itself where it is at hand; else the small copy of the first run that kept one,
    pixel by pixel."""
    outcome, its_row = seen[0]
    if (own := _original(outcome, its_row)) is not None:
        st.image(own, alt=f"Test picture {its_row}, as it is", output_format="JPEG")
        side = outcome.story.recipe.input.size
        st.caption(f"{own.width} × {own.height} pixels; the network sees {side} × {side}.")
        return
    kept = [
        (zipped, row)
        for each, row in seen
        if (zipped := each.story.thumbnails) and each.address(row)
    ]
    if not kept:
        st.info("This picture was not kept.")
        return
    zipped, row = kept[0]
    try:
        small = Image.open(BytesIO(read_thumbnail(zipped, row)))
    except RunError as error:
        st.info(literal(error.what))
        return
    times = max(1, SIDE // max(small.size))
    large = small.resize((small.width * times, small.height * times), Image.Resampling.NEAREST)
    st.image(large, alt=f"Test picture {row}, enlarged", output_format="PNG")


def _original(outcome: Outcome, row: int) -> Image.Image | None:
    """The file that a picture of one's own comes from, if it is still where it was."""
    recipe, run = outcome.story.recipe, outcome.story.run
    if recipe.data.name != "folder" or me() not in (LOCAL, store().get(run, by=me()).owner):
        return None
    with suppress(ThawError, OSError):
        refuse_unseen(recipe.data, by=me())  # whose sharing may have ended since
        return _opened(recipe.data.path, str(outcome.predictions.ids[row]))
    return None


@st.cache_data(max_entries=32, show_spinner=False)
def _opened(path: str, picture: str) -> Image.Image | None:
    with open_source(path) as source:
        found = next((name for name in source.names() if readable(name) == picture), None)
        if found is None:
            return None
        image = open_picture(source.read(found), needed=LARGEST)
        image.thumbnail((LARGEST, LARGEST))
        return image


def _verdict(outcome: Outcome, row: int) -> str:
    """What it is, what it was taken for, and what came nearest."""
    table = outcome.predictions
    order = np.argsort(-table.probabilities[row], kind="stable")
    true, called = int(table.labels[row]), int(order[0])
    names = [f"**{literal(short(name))}**" for name in table.classes]
    sure = [percent(float(share)) for share in table.probabilities[row]]
    if called == true:
        text = f"{names[true]}, called rightly with {sure[called]}."
        if len(order) > 1:
            text += f" Nearest other class: {names[order[1]]}, {sure[order[1]]}."
        return text
    place = int(np.flatnonzero(order == true)[0]) + 1
    return (
        f"{names[true]}, taken for {names[called]} with {sure[called]}. "
        f"The truth got {sure[true]}, place {place} of {len(order)}."
    )


def _show_probabilities(seen: Sequence[Seen], titles: Sequence[str]) -> None:
    table = seen[0][0].predictions
    frame = pd.DataFrame({"class": table.classes})
    frame.insert(0, "", [_mark(seen, place) for place in range(len(table.classes))])
    heads = list(titles) or ["probability"]
    for head, (each, its_row) in zip(heads, seen, strict=True):
        frame[head] = each.predictions.probabilities[its_row]
    bar = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
    st.dataframe(
        frame.sort_values(heads[-1], ascending=False, kind="stable"),
        hide_index=True,
        height=min(38 + 35 * len(frame), 388),
        column_config={"": st.column_config.TextColumn(width=70), **dict.fromkeys(heads, bar)},
        alt="The probability of every class, the likeliest first",
    )


def _mark(seen: Sequence[Seen], place: int) -> str:
    """Whether a class is the true one, and whether a run alone called it so."""
    table, row = seen[0][0].predictions, seen[0][1]
    words = ["true"] if place == table.labels[row] else []
    if len(seen) == 1 and place == table.predicted[row]:
        words.append("called")
    return " ".join(words)
