"""What a teacher reads before a lesson; and where they write one of their own."""

from __future__ import annotations

import streamlit as st

from tlcore.classroom.lesson import Lesson
from tlcore.formatting import literal
from tlcore.ui.shared.sentences import say


def show_teachers_page(lesson: Lesson) -> None:
    """What the class should find, timing, questions, usual wrong answers."""
    told = lesson.teacher
    st.markdown("**" + say("What the class should find") + "**")
    st.markdown(told.finds)
    for title, lines in (
        (say("Timing"), told.timing),
        (say("Questions to ask"), told.questions),
        (say("Usual wrong answers"), told.mistakes),
    ):
        if lines:
            st.markdown(f"**{title}**\n" + "".join(f"\n- {literal(line)}" for line in lines))
