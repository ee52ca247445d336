"""Lesson: What do you expect, and what happens?"""

import streamlit as st

from tlcore.access import Owner
from tlcore.classroom.records import Sitting
from tlcore.formatting import literal
from tlcore.ui.classroom.choosing import show_joining, show_lessons
from tlcore.ui.classroom.reach import register
from tlcore.ui.classroom.steps import show_lesson
from tlcore.ui.shared.page import page_setup, told
from tlcore.ui.shared.sentences import language, say
from tlcore.ui.shared.session import me


def show_asked(by: Owner) -> None:
    """What the address asks for: a class, a lesson, or the list of them."""
    if code := st.query_params.get("class", ""):
        show_in_class(code.strip().upper(), by)
    elif address := st.query_params.get("lesson", ""):
        show_sitting(register().sit_down(address, by=by, language=language()), by)
    else:
        show_lessons(by)


def show_in_class(code: str, by: Owner) -> None:
    """The student's seat; whoever has none is asked for a nickname."""
    group = register().find_class(code)
    mine = [here for here in register().sittings(by=by) if here.code == code]
    if not mine:
        show_joining(group, by)
        return
    if group.frozen:
        st.warning(say("Your teacher holds new runs back for a moment."), icon=":material/pause:")
    show_sitting(mine[0], by)


def show_sitting(here: Sitting, by: Owner) -> None:
    """The lesson, with what belongs to all of its steps above."""
    lesson = here.lesson
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {literal(lesson.title)}")
        if here.code:
            show_hand(here, by)
        else:
            show_leaving(here, by)
    show_lesson(here, by)


def show_hand(here: Sitting, by: Owner) -> None:
    """Help without losing face: only the teacher sees it."""
    up = here.hand is not None
    label = say("Take the hand down") if up else say("Raise a hand")
    if st.button(label, key="hand", icon=":material/back_hand:", type="tertiary"):
        with told():
            register().raise_hand(here.number, not up, by=by)
            st.rerun()


def show_leaving(here: Sitting, by: Owner) -> None:
    """Begin anew, or look at other lessons."""
    with st.popover(say("Leave"), type="tertiary"):
        st.markdown(say("What you predicted and wrote is forgotten. Your runs stay."))
        if st.button(say("Leave this lesson"), key="forget this lesson"):
            register().leave(here.number, by=by)
            st.query_params.clear()
            st.rerun()


with page_setup(say("Lessons"), say("What do you expect, and what happens?")):
    show_asked(me())
