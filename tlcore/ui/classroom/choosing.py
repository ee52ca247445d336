"""The lessons to choose from, and the way into a class."""

from __future__ import annotations

import streamlit as st

from tlcore.access import Owner
from tlcore.classroom import lesson as lessons
from tlcore.classroom.lesson import Lesson
from tlcore.classroom.records import Class
from tlcore.formatting import literal
from tlcore.ui.classroom.reach import register
from tlcore.ui.shared.page import link, told
from tlcore.ui.shared.sentences import language, say


def show_lessons(by: Owner) -> None:
    """One card a lesson; above them, what somebody has begun and the code of a class."""
    show_code()
    begun = {here.address: here for here in register().sittings(by=by)}
    columns = st.columns(2, gap="medium")
    own = register().own_lessons(by=by)
    for number, name in enumerate((*lessons.names(), *own)):
        lesson = own[name] if name in own else lessons.find(name, language())
        with columns[number % 2].container(border=True):
            show_card(name, lesson, here=name in begun)
    link("class", say("I teach: open a class"), icon=":material/groups:")


def show_card(name: str, lesson: Lesson, *, here: bool) -> None:
    """A lesson: its question, how long it takes, and the way in."""
    st.markdown(f"**{literal(lesson.title)}** · {lesson.minutes} min")
    st.caption(literal(lesson.about))
    label = say("Go on") if here else say("Begin")
    link("lesson", f"{label}: {literal(lesson.title)}", icon=":material/arrow_forward:",
         lesson=name)  # fmt: skip


def show_code() -> None:
    """For whoever was told a code instead of a link."""
    with (
        st.form("code of a class", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        code = st.text_input(say("Code of your class"), key="class code", max_chars=12, width=180)
        if st.form_submit_button(say("Join")) and code.strip():
            with told():
                group = register().find_class(code)
                st.query_params["class"] = group.code
                st.rerun()


def show_joining(group: Class, by: Owner) -> None:
    """A nickname, and one is in. The key to it stays in the browser."""
    st.markdown(f"### {literal(group.title)}")
    st.markdown(literal(group.lesson.about))
    with st.form("join"):
        name = st.text_input(
            say("A nickname, for your teacher's board"), max_chars=40, key="nickname"
        )
        team = st.text_input(say("Your group, if you work in one"), max_chars=40, key="team")
        st.caption(
            say("No account: this browser keeps a key, and the class is deleted when it is over.")
        )
        if st.form_submit_button(say("Join"), type="primary"):
            with told():
                register().join(group.code, name, by=by, team=team)
                st.rerun()
