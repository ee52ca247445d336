"""Thoughts on ethics, each beside what this run's test set says about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from tlcore.access import LOCAL
from tlcore.analysis.ethics import NONE_HERE, QUESTIONS, EthicsNote, ethics_notes
from tlcore.analysis.groups import GroupTable
from tlcore.analysis.scores import TestReport
from tlcore.errors import RunError, ThawError
from tlcore.formatting import duration, literal
from tlcore.recipe import Recipe
from tlcore.runs.checklist import LONGEST, Answer, read_answers, say, settle
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.ui.results.classes import recall_chart, worst_class
from tlcore.ui.shared.outcomes import Outcome, open_outcome
from tlcore.ui.shared.page import show_error
from tlcore.ui.shared.session import me, store

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


_LOOKED_THROUGH = 40  # runs among which one from scratch is looked for


def show_classes_served(outcome: Outcome) -> None:
    """The class that is served worst, and all the others."""
    st.markdown(worst_class(outcome.story.test))
    st.plotly_chart(
        recall_chart(outcome.story.test),
        key=f"served {outcome.story.run}",
        config={"displayModeBar": False},
        alt="Recall of each class with its interval, the worst on top",
    )


def show_notes(outcome: Outcome, groups: Sequence[GroupTable]) -> None:
    """All notes; those without evidence say so."""
    story = outcome.story
    twin = run_from_scratch(story.run, story.recipe)
    notes = ethics_notes(
        story.test,
        predictions=outcome.predictions,
        groups=groups,
        scratch=_report_of(twin) if twin else None,
        tested_on=_tested_on(story.recipe),
        recipe=story.recipe.id,
        cost=f"{duration(story.seconds)} of computing on {story.device}; energy was not measured.",
    )
    with st.grid("auto", min_column_width=380, border=True, key="notes") as grid:
        for note in notes:
            with grid.cell():
                _show_note(note)


def _show_note(note: EthicsNote) -> None:
    badge = "" if note.found else " :gray-badge[no evidence here]"
    st.markdown(f"**{note.theme}**{badge}")
    evidence = note.evidence.removeprefix(NONE_HERE)
    st.markdown(literal(f"{evidence[0].upper()}{evidence[1:]}"))
    st.caption(literal(note.thought))


def run_from_scratch(run: str, recipe: Recipe) -> Run | None:
    """The newest finished run that learned the same data without pre-trained weights."""
    if recipe.model.weights == "none":
        return None
    finished = store().list(by=me(), states=[State.FINISHED], limit=_LOOKED_THROUGH)
    return next((other for other in finished if other.id != run and _is_twin(other, recipe)), None)


def _is_twin(run: Run, recipe: Recipe) -> bool:
    try:
        other = store().recipe(run.id, by=me())
    except ThawError:  # deleted a moment ago, or of a newer lab
        return False
    return other.model.weights == "none" and other.data == recipe.data


def _report_of(run: Run) -> TestReport | None:
    found = open_outcome(run)
    return found.story.test if found else None


def _tested_on(recipe: Recipe) -> str:
    return {"shapes": "drawn shapes", "digits": "handwritten digits", "folder": "your pictures",
            "cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "hub": recipe.data.repo,
            }[recipe.data.name]  # fmt: skip
