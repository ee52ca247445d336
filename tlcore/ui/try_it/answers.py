"""What the networks say, side by side: in words, and a bar for each class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from tlcore.errors import ThawError
from tlcore.formatting import class_colour, literal
from tlcore.runs.records import Run
from tlcore.ui.shared.frontend import widget
from tlcore.ui.shared.page import show_error
from tlcore.ui.try_it.asked import Asked, ask_run
from tlcore.ui.try_it.samples import Chosen
from tlcore.ui.try_it.words import in_words, share_in_words, verdict

SHOWN = 6

_bars = widget("try_it/bars")


def show_bars(
    classes: Sequence[str], ranked: Sequence[tuple[int, float]], truth: str, *, key: str
) -> int | None:
    """Show the likeliest classes; tell which one was clicked in this very run of the page.

    Args:
        classes: Names, any text.
        ranked: Class numbers with their probabilities, the likeliest first.
        truth: The class that the picture belongs to; empty where nobody knows.
    """
    shown = [*ranked[:SHOWN]]
    shown += [each for each in ranked[SHOWN:] if classes[each[0]] == truth]
    bars = [
        {
            "number": number,
            "name": classes[number],
            "share": share,
            "text": share_in_words(share),
            "colour": class_colour(number),
            "true": classes[number] == truth,
        }
        for number, share in shown
    ]
    rest = len(classes) - len(shown)
    data = {"bars": bars, "rest": f"and {rest} more classes" if rest > 0 else ""}
    clicked = _bars(data=data, key=key, on_clicked_change=lambda: None).clicked
    return int(clicked) if clicked is not None else None


MOST = 4
SIDE_BY_SIDE = 2


def ask_all(runs: Sequence[Run], picture: Chosen) -> list[Asked | ThawError]:
    """Ask each run; where one can't answer, the error says why, and the others still do."""
    answers: list[Asked | ThawError] = []
    for run in runs[:MOST]:
        try:
            answers.append(ask_run(run, picture))
        except ThawError as error:
            answers.append(error)
    if len(runs) > MOST:
        st.caption(f"The first {MOST} of the {len(runs)} chosen runs are asked.")
    return answers


def show_answers(
    runs: Sequence[Run], answers: Sequence[Asked | ThawError], truth: str,
    *, choose: Callable[[str], None],
) -> None:  # fmt: skip
    """An answer for each run. A click on a bar chooses that class to ask why about."""
    places = in_columns(min(len(runs), MOST))
    for run, answer, place in zip(runs, answers, places, strict=False):
        with place:
            st.markdown(f"##### {literal(run.name)}")
            if isinstance(answer, ThawError):
                show_error(answer)
            else:
                _show_answer(answer, truth, choose)


def in_columns(count: int) -> list[st.delta_generator.DeltaGenerator]:
    """Places side by side, in rows."""
    if count == 1:
        return [st.container()]
    rows = -(-count // SIDE_BY_SIDE)
    return [column for _ in range(rows) for column in st.columns(SIDE_BY_SIDE, gap="medium")]


def _show_answer(asked: Asked, truth: str, choose: Callable[[str], None]) -> None:
    answer, ranked = asked.answer, asked.answer.ranked()
    known = truth if truth in answer.classes else ""
    st.markdown(
        f"{in_words(answer.classes, ranked)} {verdict(answer.classes[ranked[0][0]], known)}"
    )
    clicked = show_bars(answer.classes, ranked, known, key=f"bars {asked.run.id}")
    if clicked is not None and clicked < len(answer.classes):
        choose(answer.classes[clicked])
    side = asked.pixels.shape[1]
    backbone = literal(asked.recipe.model.backbone)
    st.caption(f"{backbone} · looks at {side} × {side} pixels · took {answer.milliseconds:.0f} ms")
