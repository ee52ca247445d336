"""What a teacher reads before a lesson; and where they write one of their own."""

from __future__ import annotations

import streamlit as st

from tlcore.access import Owner
from tlcore.classroom import capacity, figures
from tlcore.classroom import lesson as lessons
from tlcore.classroom.lesson import Lesson, from_lesson_text, to_lesson_yaml
from tlcore.formatting import literal
from tlcore.machine import slots
from tlcore.ui.classroom import reach
from tlcore.ui.classroom.reach import register
from tlcore.ui.shared.page import link, told
from tlcore.ui.shared.sentences import say
from tlcore.ui.shared.session import store
from tlcore.ui.train.cost_panel import samples

_TEXT = "own lesson as text"
CLASS = 30
"""Students of whom it is told how long a lesson takes, until more are there."""


def show_teachers_page(lesson: Lesson) -> None:
    """What the class should find, timing, questions, usual wrong answers."""
    of_teacher = lesson.teacher
    st.markdown("**" + say("What the class should find") + "**")
    st.markdown(of_teacher.finds)
    for title, lines in (
        (say("What the lab has measured"), measured(lesson)),
        (say("Timing"), of_teacher.timing),
        (say("Questions to ask"), of_teacher.questions),
        (say("Usual wrong answers"), of_teacher.mistakes),
    ):
        if lines:
            st.markdown(f"**{title}**\n" + "".join(f"\n- {literal(line)}" for line in lines))


def show_own(by: Owner) -> None:
    """A lesson as YAML, looked through as it stands; and those that somebody has written."""
    with st.expander(say("A lesson of your own")):
        for address, lesson in register().own_lessons(by=by).items():
            with st.container(horizontal=True, vertical_alignment="center"):
                link("lesson", literal(lesson.title), lesson=address)
                if st.button(say("Delete this lesson"), key=f"drop lesson {address}"):
                    register().drop_lesson(address, by=by)
                    st.rerun()
        st.session_state.setdefault(_TEXT, to_lesson_yaml(lessons.find("size")))
        text = st.text_area(say("The lesson as text"), height=320, key=_TEXT)
        if st.button(say("Keep this lesson"), key="keep own lesson"):
            with told():
                kept = register().keep_lesson(from_lesson_text(text), by=by)
                st.success(say("Kept. Its link opens it for everybody who reaches this lab:"))
                st.code(reach.address("lesson", lesson=kept), language=None, wrap_lines=True)


def measured(lesson: Lesson) -> list[str]:
    """What the lab found over several seeds, and how often a single student sees it."""
    known = (name for name in lessons.names() if lessons.find(name).runs == lesson.runs)
    return [line for name in known for line in figures.in_words(name)]


def show_capacity(lesson: Lesson, students: int) -> None:
    """When everybody will have a result, told beforehand."""
    one = capacity.seconds_of_a_student(lesson, samples())
    if not lesson.runs or one is None:
        return
    count = max(CLASS, students)
    found = capacity.told_when(one, students=count, slots=sum(slots().values()))
    st.caption(f":material/schedule: {capacity.in_words(lesson, found, count)}")
    if waiting := capacity.waiting_before(store()):
        st.caption(say("{n} runs wait or work already.", n=waiting))
