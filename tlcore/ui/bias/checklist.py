"""Questions that no test set answers, with room for what a class thinks; kept beside the run.

Several tabs may be open. Each box is kept by itself as soon as it is left, and every box shows
what is kept, whoever wrote it; only words that couldn't be kept stay as they were typed.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tlcore.analysis.ethics import QUESTIONS
from tlcore.checklist import LONGEST, Answer, read_answers, say, settle
from tlcore.errors import RunError
from tlcore.runs.owners import LOCAL
from tlcore.runs.records import Run
from tlcore.ui.page import show_error
from tlcore.ui.session import me, store
from tlcore.ui.words import literal

_UNKEPT = "answers that could not be kept"
_SEEN = "answers as they were shown"


def show_checklist(run: Run) -> None:
    """The questions, and what was said; whoever has the run can say more."""
    folder = store().folder(run.id, by=me()).path
    answers = read_answers(folder)
    may_write = me() in (LOCAL, run.owner)
    settled = sum(answers.get(question, Answer()).settled for question in QUESTIONS)
    st.progress(settled / len(QUESTIONS), f"{settled} of {len(QUESTIONS)} questions are settled")
    if not may_write:
        st.info("This run is somebody else's: only they can write here.", icon=":material/lock:")
    for question in QUESTIONS:
        _ask(question, answers.get(question, Answer()), folder, may_write)
    others = {question: each for question, each in answers.items() if question not in QUESTIONS}
    for question, answer in others.items():
        st.markdown(f"**{literal(question)}**  \n{literal(answer.text)}")
    st.caption(
        "Every answer is kept beside the run as soon as you leave its box."
        if may_write
        else "Look at your own runs to write."
    )


def _ask(question: str, answer: Answer, folder: Path, may_write: bool) -> None:
    box, switch = f"answer {folder.name} {question}", f"settled {folder.name} {question}"
    unkept = st.session_state.setdefault(_UNKEPT, {})
    if box not in unkept:
        st.session_state[box] = answer.text
        st.session_state.setdefault(_SEEN, {})[box] = answer.text
    st.session_state[switch] = answer.settled
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="top")
        left.text_area(
            question, max_chars=LONGEST, height=90, disabled=not may_write, key=box,
            on_change=_keep_words, args=(folder, question, box),
        )  # fmt: skip
        right.checkbox(
            "settled", disabled=not may_write, key=switch,
            on_change=_keep_mark, args=(folder, question, switch),
        )  # fmt: skip
        for error in (unkept.get(box), unkept.pop(switch, None)):
            if error is not None:
                show_error(error)


def _keep_words(folder: Path, question: str, box: str) -> None:
    unkept = st.session_state.setdefault(_UNKEPT, {})
    unkept.pop(box, None)
    try:
        say(folder, question, st.session_state[box], seen=st.session_state[_SEEN].get(box, ""))
    except RunError as error:
        unkept[box] = error


def _keep_mark(folder: Path, question: str, switch: str) -> None:
    try:
        settle(folder, question, st.session_state[switch])
    except RunError as error:
        st.session_state.setdefault(_UNKEPT, {})[switch] = error
