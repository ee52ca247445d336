"""What one run fixed and broke against another, picture by picture."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.analysis.comparison import Changes, changes
from tlcore.analysis.wording import quantity
from tlcore.ui.compare.verdict import OTHER_PICTURES
from tlcore.ui.gallery import Tile
from tlcore.ui.outcomes import Outcome
from tlcore.ui.results.pictures import show_tiles
from tlcore.ui.words import literal, percent, short

_KINDS = {
    "fixed": "only {other} calls rightly",
    "broken": "only {one} calls rightly",
    "both wrong": "both call wrongly",
}


def show_changes(outcomes: Sequence[Outcome], titles: Sequence[str]) -> None:
    """Choose two runs and a kind of change; see the pictures."""
    one, other, kind = _ask(titles)
    if one == other:
        st.info("Choose two different runs.")
        return
    first, second = outcomes[one], outcomes[other]
    found = changes(first.predictions, second.predictions)
    if found is None:
        names = f"**{literal(titles[one])}** and **{literal(titles[other])}**"
        st.warning(f"{names} {OTHER_PICTURES}", icon=":material/warning:")
        return
    rows = {"fixed": found.fixed, "broken": found.broken, "both wrong": found.both_wrong}[kind]
    words = _KINDS[kind].format(
        one=f"**{literal(titles[one])}**", other=f"**{literal(titles[other])}**"
    )
    st.markdown(f"{quantity(len(rows), 'picture')} that {words}, the surest first.")
    if len(rows):
        show_tiles(
            rows,
            lambda row: change_tile(first, second, found, row),
            lambda row: [(first, row), (second, int(found.in_second[row]))],
            titles=(titles[one], titles[other]),
            key=f"changes {kind}",
        )


def change_tile(first: Outcome, second: Outcome, found: Changes, row: int) -> Tile:
    """A picture with what it is, and what each of the two called it."""
    before, after = first.predictions, second.predictions
    other = int(found.in_second[row])
    true = first.classes[before.labels[row]]
    was, now = first.classes[before.predicted[row]], second.classes[after.predicted[other]]
    sure = percent(float(after.confidence[other]), 0).replace(" ", "\N{NO-BREAK SPACE}")
    return Tile(
        source=first.address(row) or second.address(other),
        caption=f"{short(true, 24)}: {short(was, 24)} → {short(now, 24)} {sure}",
        alt=f"{true}, taken for {was} by the one and for {now} by the other",
        tone="right" if after.correct[other] else "wrong",
    )


def _ask(titles: Sequence[str]) -> tuple[int, int, str]:
    places = list(range(len(titles)))
    first, second, third = st.columns(3, vertical_alignment="bottom")
    one = first.selectbox(
        "From", places, format_func=lambda place: titles[place], key=f"from {len(places)}"
    )
    other = second.selectbox(
        "To", places, index=1, format_func=lambda place: titles[place], key=f"to {len(places)}"
    )
    kind = third.segmented_control(
        "Pictures", list(_KINDS), default="fixed", required=True, key="kind"
    )
    return one, other, kind or "fixed"
