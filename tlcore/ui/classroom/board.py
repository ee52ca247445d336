"""The teacher's board: a row a student, who needs help first; and all runs of the class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from tlcore.access import SERVE, Owner
from tlcore.classroom import board as arithmetic
from tlcore.classroom.board import Row
from tlcore.classroom.records import Class
from tlcore.formatting import literal, with_interval
from tlcore.ui.classroom.pooled import show_ballot, show_pooled
from tlcore.ui.classroom.reach import address, is_only_here, register, show_qr
from tlcore.ui.shared.page import told
from tlcore.ui.shared.sentences import say

TICK = 3.0
"""Seconds between two looks at the class."""

_STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


def show_board(code: str, by: Owner, *, projected: bool) -> None:
    """The class as it stands; on a projector without names and without what is for the teacher."""
    group = register().taught(code, by=by)
    if not projected:
        show_way_in(group)
    watch(code, by, projected=projected)


def show_way_in(group: Class) -> None:
    """Code, link and QR code."""
    join = address("lesson", **{"class": group.code})
    with st.expander(say("How students come in: code {code}", code=group.code), expanded=False):
        left, right = st.columns([1, 2])
        with left:
            show_qr(join, group.code)
        with right:
            st.markdown(f"## {group.code}")
            st.code(join, language=None, wrap_lines=True)
            if is_only_here():
                st.warning(
                    say(
                        "Only this machine can open this address. Start the lab with `{serve}`, "
                        "and open the address that it prints.",
                        serve=SERVE,
                    )
                )


@st.fragment(run_every=TICK)
def watch(code: str, by: Owner, *, projected: bool) -> None:
    """Looks again every few seconds; nothing is kept that could be old."""
    with told():
        group = register().taught(code, by=by)
        rows = arithmetic.rows_of(register(), code, by=by)
        if not rows:
            st.info(say("Nobody is here yet. The code and the link let students in."))
            return
        show_count(rows)
        st.html(f"<style>{_STYLE}</style>{table(rows, names=not projected)}")
        show_predictions(group, rows, by, projected=projected)
        st.markdown("### " + say("All runs of the class"))
        pools = arithmetic.pools(group, rows)
        if any(pool.accuracies for pool in pools) and may_show(group, rows, projected):
            show_pooled(pools, group.lesson)
        elif projected:
            st.caption(say("Opens when everybody has predicted, or the teacher opens it."))
        else:
            st.caption(say("There is no result yet."))


def may_show(group: Class, rows: Sequence[Row], projected: bool) -> bool:
    """On the wall, results would give the answer away to whoever is still to predict."""
    predicted = all(not row.student.waiting_for for row in rows)
    opened = {step.name for step in group.lesson.predictions} <= group.opened
    return not projected or predicted or opened


def show_count(rows: Sequence[Row]) -> None:
    """How the class as a whole stands, in a line."""
    hands = sum(row.student.hand is not None for row in rows)
    amber = sum(bool(row.amber) for row in rows)
    through = sum(row.finished for row in rows)
    st.markdown(
        say("**{n}** students · **{hands}** raised hands · **{amber}** to look after · "
            "**{through}** through",
            n=len(rows), hands=hands, amber=amber, through=through)
    )  # fmt: skip


def table(rows: Sequence[Row], *, names: bool) -> str:
    """The board as HTML; whatever a student typed is text."""
    heads = [say("Student"), say("Steps"), say("Newest run"), say("Needs"), say("Accuracy")]
    if not names:
        heads = heads[1:3]
        rows = sorted(rows, key=lambda row: row.student.seat)
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(_row(row, names=names) for row in rows)
    return (
        f'<div class="board-frame" tabindex="0" role="region" aria-label="{escape(say("Board"))}">'
        f'<table class="board"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _row(row: Row, *, names: bool) -> str:
    student = row.student
    dots = "".join(
        "◉" if n == student.step else "●" if done else "○" for n, done in enumerate(row.done)
    )
    place = say("step {place} of {count}", place=min(student.step + 1, len(row.done)),
                count=len(row.done))  # fmt: skip
    marks = f'<span aria-hidden="true">{dots}</span> <small>{escape(place)}</small>'
    steps = f'<td class="dots">{marks}</td>'
    state = f"<td>{escape(row.state)}</td>"
    if not names:
        return f"<tr>{steps}{state}</tr>"
    worry = "hand" if student.hand is not None else "amber" if row.amber else "well"
    needs = " · ".join(filter(None, (say("hand up") if student.hand else "", row.amber)))
    team = f" <small>{escape(student.team)}</small>" if student.team else ""
    accuracy = with_interval(row.accuracy) if row.accuracy else "–"
    return (
        f'<tr><td class="{worry}">{escape(student.nickname)}{team}</td>{steps}{state}'
        f'<td>{escape(needs)}</td><td class="number">{escape(accuracy)}</td></tr>'
    )


def show_predictions(group: Class, rows: Sequence[Row], by: Owner, *, projected: bool) -> None:
    """The distribution of each question, opened by the teacher for everybody."""
    for found in arithmetic.ballots(group, rows):
        step, opened = found.step, found.step.name in group.opened
        if projected and not opened:
            continue
        with st.expander(
            say("Predictions: {title} ({n} of {all})", title=literal(step.title),
                n=len(found.said), all=len(rows)),
            expanded=opened,
        ):  # fmt: skip
            show_ballot(step, found, key=f"of the board {step.name}")
            if not projected:
                label = say("Take it down") if opened else say("Open it for everybody")
                if st.button(label, key=f"open {step.name}", icon=":material/visibility:"):
                    register().open_truth(group.code, step.name, not opened, by=by)
                    st.rerun(scope="fragment")
