"""Every label checked before anything is trained: one list, the most doubtful first, and what to do
about each."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tlcore.analysis.label_errors import (
    Suspect,
    find_suspects,
    may_doubt,
)
from tlcore.analysis.predictions import Predictions
from tlcore.data.survey import Survey
from tlcore.formatting import literal
from tlcore.recipe.corrections import Correction, in_words
from tlcore.runs.label_check import CHECK, ask, folder_of, found_in, question_for
from tlcore.ui.data.choice import change
from tlcore.ui.data.inspect import Seen
from tlcore.ui.shared.draft import draft
from tlcore.ui.shared.page import told

AT_ONCE = 8
_LOOK = 1.0
_NOTHING = (
    "A network that knows photos looks at every picture once. Then each label is judged by a head "
    "that was solved without it. Where the two disagree, the label may be wrong."
)


def show_checked(seen: Seen) -> None:
    """What was found, or a button that has every label checked."""
    question = question_for(draft())
    folder = folder_of(question, seen.survey.fingerprint)
    busy = CHECK.of(folder).goes_on
    found = None if busy else found_in(folder)
    if found is None:
        st.fragment(_show_state, run_every=_LOOK if busy else None)(folder, was_busy=busy)
        return
    _show_found(seen, found)


def _show_state(folder: Path, *, was_busy: bool) -> None:
    if CHECK.of(folder).goes_on:
        st.info(literal(CHECK.of(folder).last_words() or "Waking the network …"))
        return
    if was_busy:
        st.rerun()  # of the page: now there is something to show, or to say
    if why := CHECK.of(folder).failure:
        st.error(literal(why), icon=":material/error:")
    st.caption(_NOTHING)
    if st.button("Check every label", key="check every label", icon=":material/fact_check:"):
        with told():
            ask(question_for(draft()), folder)
            st.rerun()


def _show_found(seen: Seen, found: Predictions) -> None:
    if not may_doubt(found):
        st.info("The network is wrong more often than right here, so it can doubt no label.")
        return
    settled = {each.picture for each in draft().data.corrections}
    suspects = find_suspects(found)
    left = [each for each in suspects if str(found.ids[each.row]) not in settled]
    st.markdown(
        f"**{len(suspects):,} of {len(found):,} labels look wrong.** Many of these may be "
        f"right after all: the network itself is wrong in {1 - found.correct.mean():.0%} of all "
        "pictures. Look before you change one."
    )
    if settled:
        st.caption(f"Put right so far: {in_words(draft().data.corrections)}.")
    for suspect in left[:AT_ONCE]:
        _show_suspect(seen, found, suspect)
    if len(left) > AT_ONCE:
        st.caption(f"And {len(left) - AT_ONCE:,} more, which come up as you decide about these.")


def _show_suspect(seen: Seen, found: Predictions, suspect: Suspect) -> None:
    picture = str(found.ids[suspect.row])
    given, likely = (found.classes[each] for each in (suspect.given, suspect.likely))
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        if (pixels := _pixels_of(seen, picture)) is not None:
            st.image(pixels, width=72)
        st.markdown(
            f"called **{literal(given)}**, looks like **{literal(likely)}**  \n{literal(picture)}",
            width="stretch",
        )
        st.button(
            f"Call it {literal(likely)}", key=f"relabel {picture}", on_click=_correct,
            args=(Correction(picture=picture, label=likely),),
        )  # fmt: skip
        st.button(
            "Leave it out", key=f"leave out {picture}", on_click=_correct,
            args=(Correction(picture=picture, leave_out=True),),
        )  # fmt: skip


def _pixels_of(seen: Seen, picture: str) -> NDArray[np.uint8] | None:
    """Of whichever side it is on; None where it is on none now."""
    for side in seen.survey.sides:
        if (side.pool.ids[side.rows] == picture).any():
            return seen.survey.find(side.name, picture)
    return None


def _correct(correction: Correction) -> None:
    others = [c for c in draft().data.corrections if c.picture != correction.picture]
    change(corrections=[c.model_dump(exclude_defaults=True) for c in (*others, correction)])


def show_copies(seen: Seen) -> None:
    """The very same pixels twice in one class: neither wrong nor of any use."""
    twice = _copies(seen.key, seen.survey)
    if twice:
        pictures = "1 picture is" if twice == 1 else f"{twice:,} pictures are"
        st.info(f"{pictures} an exact copy of another one of the same class.")


@st.cache_data(max_entries=16, show_spinner=False)
def _copies(key: str, _survey: Survey) -> int:
    counts: Counter[tuple[int, bytes]] = Counter()
    for side in _survey.sides:
        taken = side.taken()
        for label, pixels in zip(taken.labels.tolist(), taken.pixels, strict=True):
            counts[label, blake2b(pixels.tobytes(), digest_size=16).digest()] += 1
    return sum(count - 1 for count in counts.values())
