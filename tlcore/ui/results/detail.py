"""One test picture, large, with all that the network said of it."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from tlcore.analysis.predictions import Predictions
from tlcore.errors import RunError
from tlcore.runs.thumbnails import read_thumbnail
from tlcore.ui.linking import link
from tlcore.ui.outcomes import Outcome
from tlcore.ui.words import literal, percent

SIDE = 288


@st.dialog("A test picture", width="medium")
def show_detail(outcome: Outcome, row: int) -> None:
    """In a window of its own."""
    table = outcome.predictions
    picture, words = st.columns([2, 3], gap="medium")
    with picture:
        _show_picture(outcome, row)
        st.caption(f"Picture {row:,} of the test set")
        st.code(str(table.ids[row]), language=None, wrap_lines=True)
    with words:
        st.markdown(_verdict(outcome, row))
        _show_probabilities(outcome, row)
        link(
            "try_it",
            "Why? Try it on this page's networks",
            icon=":material/science:",
            run=outcome.story.run,
            picture=str(row),
        )


def _show_picture(outcome: Outcome, row: int) -> None:
    """Pixel by pixel: a network sees no more than these."""
    zipped = outcome.story.thumbnails
    if zipped is None or not outcome.address(row):
        st.info("This picture was not kept.")
        return
    try:
        small = Image.open(BytesIO(read_thumbnail(zipped, row)))
    except RunError as error:
        st.info(error.what)
        return
    times = max(1, SIDE // max(small.size))
    large = small.resize((small.width * times, small.height * times), Image.Resampling.NEAREST)
    st.image(large, alt=f"Test picture {row}, enlarged", output_format="PNG")


def _verdict(outcome: Outcome, row: int) -> str:
    """What it is, what it was taken for, and what came nearest."""
    table = outcome.predictions
    order = np.argsort(-table.probabilities[row], kind="stable")
    true, called = int(table.labels[row]), int(order[0])
    names = [f"**{literal(name)}**" for name in table.classes]
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


def _show_probabilities(outcome: Outcome, row: int) -> None:
    table = outcome.predictions
    frame = pd.DataFrame({"class": table.classes, "probability": table.probabilities[row]})
    frame.insert(0, "", [_mark(table, row, place) for place in range(len(table.classes))])
    frame = frame.sort_values("probability", ascending=False, kind="stable")
    st.dataframe(
        frame,
        hide_index=True,
        height=min(38 + 35 * len(frame), 388),
        column_config={
            "": st.column_config.TextColumn(width=70),
            "probability": st.column_config.ProgressColumn(
                format="percent", min_value=0.0, max_value=1.0
            ),
        },
        alt="The probability of every class, the likeliest first",
    )


def _mark(table: Predictions, row: int, place: int) -> str:
    true = place == table.labels[row]
    called = place == table.predicted[row]
    return " ".join(word for word, said in (("true", true), ("called", called)) if said)
