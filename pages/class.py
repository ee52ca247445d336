"""Class: Who needs help, and what does the whole class find?"""

import streamlit as st

from tlcore.access import SERVE, Owner, is_public
from tlcore.classroom import lesson as lessons
from tlcore.errors import NotAllowed
from tlcore.formatting import literal
from tlcore.ui.classroom.acts import show_acts
from tlcore.ui.classroom.board import show_board
from tlcore.ui.classroom.reach import register
from tlcore.ui.classroom.teacher import show_capacity, show_own, show_teachers_page
from tlcore.ui.shared.page import link, page_setup, told
from tlcore.ui.shared.sentences import language, say
from tlcore.ui.shared.session import me


def show_asked(by: Owner) -> None:
    """A class, if the address names one that this person teaches; else all of theirs."""
    code = st.query_params.get("class", "").strip().upper()
    if not code:
        show_classes(by)
        return
    if invite := st.query_params.get("teacher", ""):
        register().teach_too(code, invite, by=by)
        del st.query_params["teacher"]
    show_class(code, by)


def show_class(code: str, by: Owner) -> None:
    """The board, and what a teacher does."""
    try:
        group = register().taught(code, by=by)
    except NotAllowed:
        link("lesson", say("I am a student: to the lesson"), **{"class": code})
        raise
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {literal(group.title)}")
        projected = st.toggle(say("For the wall: without names"), key="projector view")
    if not projected:
        st.caption(f"{literal(group.lesson.title)} · {group.lesson.minutes} min")
        show_capacity(group.lesson, len(register().students(code, by=by)))
        show_acts(group, by)
        with st.expander(say("The teacher's page")):
            show_teachers_page(group.lesson)
    show_board(code, by, projected=projected)


def show_classes(by: Owner) -> None:
    """Those that somebody teaches, and a new one."""
    if not is_public():
        words = "Only this machine can open the lab now. `{serve}` opens it to a class."
        st.info(say(words, serve=SERVE))
    for group in register().classes(by=by):
        link("class", f"{literal(group.title)} · {group.code}", icon=":material/groups:",
             **{"class": group.code})  # fmt: skip
    st.markdown("### " + say("A new class"))
    own = register().own_lessons(by=by)
    titles = {name: lessons.find(name, language()).title for name in lessons.names()}
    titles |= {name: lesson.title for name, lesson in own.items()}
    show_own(by)
    with st.form("new class"):
        address = st.selectbox(
            say("Lesson"), list(titles), key="lesson of class", format_func=titles.__getitem__
        )
        title = st.text_input(say("Name of the class"), max_chars=80, key="title of class")
        if st.form_submit_button(say("Open the class"), type="primary"):
            with told():
                st.query_params["class"] = register().new_class(address, title, by=by).code
                st.rerun()


with page_setup(say("Class"), say("Who needs help, and what does the whole class find?")):
    show_asked(me())
