"""Labels that are put right by hand: noted picture by picture, taken back, and trained with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from tlcore.errors import RunError
from tlcore.formatting import literal, quantity, short
from tlcore.recipe.corrections import LONGEST_ID, LONGEST_LABEL, Correction, in_words
from tlcore.runs.corrections import corrected, note, noted, take_back
from tlcore.ui.shared.draft import LONGEST_LINK, keep_draft, packed
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.page import link, told
from tlcore.ui.shared.session import me, store

FLATTERS = (
    "Mind: labels of test pictures that are put right only where this network disagrees flatter "
    "it. Go through test labels without looking at what it says, or leave them alone. Compare "
    "judges runs on the pictures whose label nobody has changed."
)
AT_ONCE = 8
"""Corrections on a page of the list."""


@dataclass(frozen=True)
class Doubted:
    """A picture that may be put right.

    Attributes:
        picture: Its id.
        title: What to call it, in a list.
        label: The class it is counted to, as a place in the run's classes.
        likely: The class that it rather is; None if nobody says.
    """

    picture: str
    title: str
    label: int
    likely: int | None = None


def corrections_of(outcome: Outcome) -> dict[str, Correction]:
    """What whoever is looking has put right of this run, by picture, the latest last."""
    return {each.picture: each for each in noted(_folder(outcome), by=me())}


def marked(outcome: Outcome) -> dict[str, Correction]:
    """The same for galleries, which go on without if the notes are damaged: the list says so."""
    try:
        return corrections_of(outcome)
    except RunError:
        return {}


def tell_corrected(outcome: Outcome) -> None:
    """Say so if the run itself learned from data that were put right."""
    corrections = outcome.story.recipe.data.corrections
    if not corrections:
        return
    labels = [each.picture for each in corrections if not each.leave_out]
    tested = int(np.isin(outcome.predictions.ids, labels).sum()) if labels else 0
    text = f"The data of this run were corrected by hand: {in_words(corrections)}."
    if tested:
        text += f" Test pictures with a label given by hand: {tested:,}. {FLATTERS}"
    st.caption(f":material/edit_note: {text}")


def show_corrections(outcome: Outcome, *, key: str) -> None:
    """What has been put right so far, each with a way back, and the way on; nothing if nothing."""
    with told():
        corrections = list(reversed(corrections_of(outcome).values()))
        if not corrections:
            return
        with st.container(border=True, gap="xsmall"):
            _show_head(outcome, corrections, key)
            st.caption(FLATTERS)
            _show_list(outcome, corrections, key)


def _show_head(outcome: Outcome, corrections: Sequence[Correction], key: str) -> None:
    count = quantity(len(corrections), "correction")
    with st.container(horizontal=True, vertical_alignment="center"):
        words = in_words(corrections)
        st.markdown(f"**{count}**: {words}. This run and its data stay as they are.")
        _lead_on(outcome, corrections, f"Train again with {count}")
        if st.button("Undo all", key=f"undo all {key}", icon=":material/undo:"):
            _undo(outcome, [each.picture for each in corrections])


def _show_list(outcome: Outcome, corrections: Sequence[Correction], key: str) -> None:
    shown = corrections
    if len(corrections) > AT_ONCE:
        pages = -(-len(corrections) // AT_ONCE)
        number = st.pagination(pages, key=f"corrections {key} {len(corrections)}")
        shown = corrections[(number - 1) * AT_ONCE : number * AT_ONCE]
    for each in shown:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_in_a_line(outcome, each))
            if st.button(
                "Undo", key=f"undo {key} {each.picture}", type="tertiary", icon=":material/undo:",
                help=f"Undo the correction of {literal(short(each.picture, 80))}",
            ):  # fmt: skip
                _undo(outcome, [each.picture])


def _in_a_line(outcome: Outcome, correction: Correction) -> str:
    rows = np.flatnonzero(outcome.predictions.ids == correction.picture)
    old = outcome.classes[outcome.predictions.labels[rows[0]]] if len(rows) else ""
    name = literal(short(correction.picture))
    was = f" {literal(short(old, 40))}" if old else ""
    if correction.label is None:
        return f"{name}:{was} left out"
    return f"{name}:{was} → **{literal(short(correction.label, 40))}**"


def _lead_on(outcome: Outcome, corrections: Sequence[Correction], label: str) -> None:
    """To Train, with a recipe that differs in the corrections alone. A link brings it along, unless
    it would be too long."""
    recipe = corrected(store().recipe(outcome.story.run, by=me()), corrections)
    address, icon = packed(recipe), ":material/model_training:"
    if len(address) <= LONGEST_LINK:
        link("train", f"**{label}**", icon=icon, recipe=address)
    elif st.button(label, icon=icon, on_click=keep_draft, args=(recipe,)):
        link("train", "They are in the draft now: go on to Train", icon=icon)


def offer_correcting(outcome: Outcome, doubted: Sequence[Doubted]) -> None:
    """Give one of these pictures another label, leave it out, or take that back."""
    pictures = [each for each in doubted if len(each.picture) <= LONGEST_ID]
    if not pictures:
        return
    with st.expander("Is the label wrong?", icon=":material/edit:"), told():
        place = 0
        if len(pictures) > 1:
            place = st.selectbox(
                "Which picture", range(len(pictures)), key="doubted",
                format_func=lambda row: pictures[row].title,
            )  # fmt: skip
        _offer(outcome, pictures[place])


def _offer(outcome: Outcome, doubted: Doubted) -> None:
    known = corrections_of(outcome).get(doubted.picture)
    if known is not None:
        st.markdown(f"Noted: {_in_a_line(outcome, known)}.")
    others = [
        row for row, name in enumerate(outcome.classes)
        if row != doubted.label and len(name) <= LONGEST_LABEL
    ]  # fmt: skip
    likely = next((place for place, row in enumerate(others) if row == doubted.likely), None)
    label = st.selectbox(
        "Give it another label", others, index=likely, key=f"label of {doubted.picture}",
        format_func=outcome.classes.__getitem__, placeholder="Choose a class",
    )  # fmt: skip
    with st.container(horizontal=True):
        give = st.button("Give it this label", disabled=label is None, icon=":material/label:")
        if give and label is not None:
            chosen = outcome.classes[label]
            _note(outcome, Correction(picture=doubted.picture, label=chosen))
        if st.button("Leave it out", icon=":material/block:"):
            _note(outcome, Correction(picture=doubted.picture, leave_out=True))
        if known is not None and st.button("Undo", icon=":material/undo:"):
            _undo(outcome, [doubted.picture])
    st.caption("Noted beside this run, which stays as it is; it counts when you train again.")


def mark(correction: Correction | None) -> str:
    """A line beneath a picture that was put right; empty for the others.

    >>> mark(Correction(picture="3.png", label="mug")), mark(None)
    ('✎ mug', '')
    """
    if correction is None:
        return ""
    return "✎ left out" if correction.label is None else f"✎ {short(correction.label, 24)}"


def _note(outcome: Outcome, correction: Correction) -> None:
    note(_folder(outcome), correction, by=me())
    st.rerun()


def _undo(outcome: Outcome, pictures: Sequence[str]) -> None:
    take_back(_folder(outcome), pictures, by=me())
    st.rerun()


def _folder(outcome: Outcome) -> Path:
    return store().folder(outcome.story.run, by=me()).path
