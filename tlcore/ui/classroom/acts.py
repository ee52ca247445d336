"""What a teacher can do to a class: help, hold back, hand out, take along, end."""

from __future__ import annotations

import time

import streamlit as st

from tlcore.access import Owner
from tlcore.classroom import board as arithmetic
from tlcore.classroom.records import Class, Sitting
from tlcore.formatting import literal
from tlcore.recipe import presets
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.states import State
from tlcore.ui.classroom.reach import address, register
from tlcore.ui.shared.page import told
from tlcore.ui.shared.sentences import say

PATIENCE = 20.0
"""Seconds to wait for runs to end before a class is deleted."""


def show_acts(group: Class, by: Owner) -> None:
    """All of it, folded."""
    with st.container(horizontal=True, gap="small"):
        show_freezing(group, by)
        with st.popover(say("A student"), icon=":material/person:"):
            show_student(group, by)
        with st.popover(say("Send a recipe to all"), icon=":material/send:"):
            show_pushing(group, by)
        with st.popover(say("Second teacher"), icon=":material/group_add:"):
            show_inviting(group, by)
        with st.popover(say("Take it along"), icon=":material/download:"):
            show_taking(group, by)
        with st.popover(say("End the class"), icon=":material/delete:"):
            show_ending(group, by)


def show_freezing(group: Class, by: Owner) -> None:
    """Everybody's attention: no new run begins."""
    label = say("Let new runs go on") if group.frozen else say("Hold new runs back")
    icon = ":material/play_arrow:" if group.frozen else ":material/pause:"
    if st.button(label, key="freeze class", icon=icon):
        with told():
            register().freeze(group.code, not group.frozen, by=by)
            st.rerun()


def show_student(group: Class, by: Owner) -> None:
    """One of them: take the hand down, let a run go first, or end it."""
    students = register().students(group.code, by=by)
    if not students:
        st.caption(say("Nobody is here yet. The code and the link let students in."))
        return
    named = {student.number: student for student in students}
    number = st.selectbox(
        say("Student"), list(named), key="student of class",
        format_func=lambda each: literal(named[each].nickname),
    )  # fmt: skip
    student = named[number]
    if student.hand is not None and st.button(say("Take the hand down"), key="hand of student"):
        register().raise_hand(number, False, by=by)
        st.rerun()
    show_runs_of(group, student, by)


def show_runs_of(group: Class, student: Sitting, by: Owner) -> None:
    """What waits can be called forward; what waits or works can be ended."""
    busy = {
        name: run for name, run in student.runs.items()
        if run.state == State.QUEUED or run.state.active
    }  # fmt: skip
    if not busy:
        st.caption(say("No run of theirs waits or works."))
    for name, run in busy.items():
        st.markdown(f"{literal(run.name)}: {run.state}")
        with st.container(horizontal=True), told():
            waits = run.state == State.QUEUED
            if waits and st.button(say("Let it go first"), key=f"first {name}"):
                register().call_forward(group.code, run.id, by=by)
                st.rerun()
            if st.button(say("End it"), key=f"end {name}"):
                register().cancel(group.code, run.id, by=by)
                st.rerun()


def show_pushing(group: Class, by: Owner) -> None:
    """One of the lab's recipes, into everybody's queue, each with a seed of their own."""
    found = {each.name: each for each in presets.presets() if _is_quick(each)}
    name = st.selectbox(
        say("Recipe"), list(found), key="pushed recipe", format_func=lambda each: found[each].title
    )
    if st.button(say("Send it"), key="push recipe", type="primary"):
        with told():
            given, refused = register().push(
                group.code, found[name].recipe, found[name].title, by=by
            )
            ensure_dispatcher(register().store.home)
            st.success(say("{given} students have it in their queue.", given=given))
            if refused:
                st.warning(say("{refused} have too many runs already.", refused=refused))


def _is_quick(preset: presets.Preset) -> bool:
    """Whether thirty of them are done within a lesson, on what the lab carries."""
    return preset.recipe.data.name == "shapes" and not preset.name.startswith("pretrain")


def show_inviting(group: Class, by: Owner) -> None:
    """Whoever opens this link is a teacher of this class."""
    st.caption(say("Whoever opens this link sees and does what you do here."))
    link = address("class", **{"class": group.code, "teacher": group.invite})
    st.code(link, language=None, wrap_lines=True)
    if st.button(say("Make another link"), key="new invite"):
        register().new_invite(group.code, by=by)
        st.rerun()


def show_taking(group: Class, by: Owner) -> None:
    """A table for a spreadsheet, and a report to be read."""
    from tlcore.report.lesson import class_html

    def rows() -> tuple[arithmetic.Row, ...]:
        return arithmetic.rows_of(register(), group.code, by=by)

    st.download_button(
        say("Table (CSV)"), data=lambda: arithmetic.as_csv(rows()).encode("utf-8-sig"),
        file_name=f"class-{group.code}.csv", mime="text/csv", key="class csv", on_click="ignore",
    )  # fmt: skip
    st.download_button(
        say("Report (HTML)"), data=lambda: class_html(group, rows()).encode("utf-8"),
        file_name=f"class-{group.code}.html", mime="text/html", key="class html",
        on_click="ignore",
    )  # fmt: skip


def show_ending(group: Class, by: Owner) -> None:
    """All of it goes, for good."""
    st.markdown(
        say(
            "Deletes nicknames, predictions, explanations and the lesson's runs. "
            "Nothing brings them back."
        )
    )
    sure = st.checkbox(say("I have taken along what I need"), key="sure of deleting")
    if st.button(say("Delete the class"), key="delete class", disabled=not sure):
        with told(), st.spinner(say("Waiting for runs to end ...")):
            end = time.monotonic() + PATIENCE
            while (left := register().delete_class(group.code, by=by)) and time.monotonic() < end:
                time.sleep(0.5)
            if left:
                st.warning(
                    say("{n} runs are still ending. Press it again in a moment.", n=len(left))
                )
                return
            st.query_params.clear()
            st.rerun()
