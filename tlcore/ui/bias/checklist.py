"""Questions that no test set answers, with room for what a class thinks; kept beside the run."""

from __future__ import annotations

import streamlit as st

from tlcore.analysis.ethics import QUESTIONS
from tlcore.checklist import LONGEST, Answer, keep_answers, read_answers
from tlcore.runs.owners import LOCAL
from tlcore.runs.records import Run
from tlcore.ui.page import told
from tlcore.ui.session import me, store
from tlcore.ui.words import literal


def show_checklist(run: Run) -> None:
    """The questions, and what was said; whoever has the run can say more."""
    folder = store().folder(run.id, by=me()).path
    answers = read_answers(folder)
    may_write = me() in (LOCAL, run.owner)
    settled = sum(answers.get(question, Answer()).settled for question in QUESTIONS)
    st.progress(settled / len(QUESTIONS), f"{settled} of {len(QUESTIONS)} questions are settled")
    if not may_write:
        st.info("This run is somebody else's: only they can write here.", icon=":material/lock:")
    said = {
        question: _ask(question, answers.get(question, Answer()), run.id, may_write)
        for question in QUESTIONS
    }
    others = {question: each for question, each in answers.items() if question not in QUESTIONS}
    for question, answer in others.items():
        st.markdown(f"**{literal(question)}**  \n{literal(answer.text)}")
    if may_write and said != {question: answers.get(question, Answer()) for question in QUESTIONS}:
        with told():
            keep_answers(folder, {**others, **said})
            st.rerun()
    st.caption(
        "Every answer is kept beside the run as soon as you leave its box."
        if may_write
        else "Look at your own runs to write."
    )


def _ask(question: str, answer: Answer, run: str, may_write: bool) -> Answer:
    with st.container(border=True):
        words, switch = st.columns([5, 1], vertical_alignment="top")
        text = words.text_area(
            question, answer.text, max_chars=LONGEST, height=90, disabled=not may_write,
            key=f"answer {run} {question}",
        )  # fmt: skip
        settled = switch.checkbox(
            "settled", answer.settled, disabled=not may_write, key=f"settled {run} {question}"
        )
    return Answer(text, settled)
