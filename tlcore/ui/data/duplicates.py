"""A closer look at what is alike: leaks between the sides, and contradicting labels."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tlcore.data.checks import NEAR, Leak, find_doubtful, find_near
from tlcore.data.pictures import Pictures, Splits
from tlcore.data.survey import Side, Survey
from tlcore.ui.data.inspect import Seen
from tlcore.ui.data.labels import show_checked, show_copies
from tlcore.ui.shared.frontend import Tile, show_gallery
from tlcore.ui.shared.small_pictures import address_of

MOST_SHOWN = 24
AT_ONCE = 3e7
"""Pairs of pictures that are compared without being asked to."""

PAIRS_A_SECOND = 1e8
MOST_LABELS, MOST_BYTES = 6000, 64 * 1024**2
"""Pictures whose labels are held against each other's, and what they take in memory."""


def show_leaks(seen: Seen) -> None:
    """Pictures that are on two sides, or nearly: a test that was learned by heart tests nothing."""
    lengths = [len(side) for side in seen.survey.sides]
    pairs = sum(one * other for place, one in enumerate(lengths) for other in lengths[place + 1 :])
    st.caption(
        f"Every test and validation picture is held against all that is learned from: {pairs:,} "
        f"pairs of thumbnails. Shown is what is alike by more than {NEAR:g} (a correlation)."
    )
    if pairs > AT_ONCE and not st.session_state.get(f"compare {seen.key}"):
        st.button(
            f"Compare them (about {pairs / PAIRS_A_SECOND:.0f} s)",
            on_click=st.session_state.__setitem__,
            args=(f"compare {seen.key}", True),
        )
        return
    with st.spinner("Comparing thumbnails …", show_time=True):
        leaks = _leaks(seen.key, seen.survey)
    if not leaks:
        st.success("Nothing is alike on two sides, not even nearly.", icon=":material/check:")
        return
    torn = sum(not leak.same_class for leak in leaks)
    exact = sum(leak.similarity >= 1 for leak in leaks)
    st.warning(
        f"{len(leaks):,} pictures have a near double on another side, {exact:,} of them as good as "
        f"identical; {torn:,} pairs bear different labels. Look: alike is not yet the same."
    )
    show_gallery(
        [_pair_tile(leak, seen.survey) for leak in leaks[:MOST_SHOWN]], key="leaks", side=150
    )
    if len(leaks) > MOST_SHOWN:
        st.caption(f"The {MOST_SHOWN} most alike of {len(leaks):,}.")


@st.cache_data(max_entries=16, show_spinner=False)
def _leaks(key: str, _survey: Survey) -> tuple[Leak, ...]:
    sides = {side.name: side.taken() for side in _survey.sides}
    train, validation, test = sides["train"], sides.get("validation"), sides["test"]
    return find_near(Splits(_survey.classes, train, validation, test, _survey.fingerprint))


def _pair_tile(leak: Leak, survey: Survey) -> Tile:
    ends = (leak.side, leak.id), (leak.other_side, leak.other_id)
    labels = [_label_of(survey.side(side), picture, survey) for side, picture in ends]
    both = side_by_side(*(survey.find(side, picture) for side, picture in ends))
    words = [f"{side}: {label}" for (side, _), label in zip(ends, labels, strict=True)]
    tone = "" if leak.same_class else "wrong"
    caption = "\n".join([*words, f"alike: {leak.similarity:.3f}"])
    return Tile(address_of(both), caption, f"two pictures alike, {' and '.join(words)}", tone)


def _label_of(side: Side, picture: str, survey: Survey) -> str:
    place = int(np.flatnonzero(side.pool.ids[side.rows] == picture)[0])
    return survey.classes[int(side.labels[place])]


def side_by_side(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two pictures as one, with a gap."""
    gap = np.full((len(first), max(1, len(first) // 16), 3), 255, np.uint8)
    return np.concatenate([first, gap, second], axis=1)


def show_doubtful(seen: Seen) -> None:
    """Labels that contradict each other, and those the drawn world knows to be wrong."""
    side = seen.survey.side("train")
    show_checked(seen)
    show_copies(seen)
    _show_known(side, seen.survey)
    whole = sum(len(each) for each in seen.survey.sides)
    with st.spinner("Comparing thumbnails …", show_time=True):
        pictures, pairs = _doubtful(seen.key, seen.survey)
    st.caption(
        f"Looked at {len(pictures):,} of all {whole:,} pictures: nearly the same picture under two "
        "labels means that one label is wrong."
    )
    if not pairs:
        st.success("No two pictures that are nearly the same bear different labels.",
                   icon=":material/check:")  # fmt: skip
        return
    st.warning(f"{len(pairs):,} pairs are nearly the same picture under two labels.")
    tiles = [_doubt_tile(pictures, pair, seen.survey) for pair in pairs[:MOST_SHOWN]]
    show_gallery(tiles, key="doubtful", side=150)


@st.cache_resource(max_entries=2, show_spinner=False)
def _doubtful(key: str, _survey: Survey) -> tuple[Pictures, tuple[tuple[int, int, float], ...]]:
    one = _survey.sides[0].pool.pixels[0].nbytes
    pictures = _survey.some(min(MOST_LABELS, MOST_BYTES // one))
    return pictures, find_doubtful(pictures)


def _doubt_tile(pictures: Pictures, pair: tuple[int, int, float], survey: Survey) -> Tile:
    first, second, alike = pair
    labels = [survey.classes[pictures.labels[row]] for row in (first, second)]
    both = side_by_side(pictures.pixels[first], pictures.pixels[second])
    caption = f"{labels[0]} | {labels[1]}\nalike: {alike:.3f}"
    return Tile(address_of(both), caption, f"called {labels[0]} and {labels[1]}", "wrong")


def _show_known(side: Side, survey: Survey) -> None:
    truth = side.pool.groups.get("true_label")
    if truth is None:
        return
    given = np.array(survey.classes)[side.labels]
    wrong = np.flatnonzero(truth[side.rows] != given)
    st.markdown(f"**{len(wrong):,} of {len(side):,} training labels are wrong**, by the dial.")
    tiles = [
        Tile(
            address_of(side.pool.pixels[side.rows[place]]),
            f"called {given[place]}\ntruly {truth[side.rows[place]]}",
            f"a {truth[side.rows[place]]} called {given[place]}",
            "wrong",
        )
        for place in wrong[:MOST_SHOWN]
    ]
    show_gallery(tiles, key="known wrong", side=72)
