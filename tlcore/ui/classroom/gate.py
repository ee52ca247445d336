"""A prediction: asked for before the result can be opened, and set beside it afterwards."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from tlcore.access import Owner
from tlcore.classroom.board import said
from tlcore.classroom.lesson import Predict
from tlcore.classroom.measures import Outcome, right_choice, truth_of, was_right
from tlcore.classroom.records import Sitting
from tlcore.formatting import literal
from tlcore.ui.classroom.reach import register
from tlcore.ui.shared.page import told
from tlcore.ui.shared.sentences import say


def ask(here: Sitting, step: Predict, by: Owner) -> None:
    """The question, as long as it isn't answered; then what was said."""
    st.markdown(f"**{literal(step.question)}**")
    if answer := here.answers.get(step.name):
        st.markdown(say("You said: **{answer}**", answer=literal(said(step, answer.value))))
        st.markdown(f"> {literal(answer.words)}")
        st.caption(
            say("It stays as you said it. The result stands beside it once your runs have ended.")
        )
        return
    with st.form(f"prediction {step.name}", border=True):
        value = _slider(step) if step.scale else _choice(step)
        words = st.text_area(
            say("Why? One sentence."), key=f"why {step.name}", max_chars=500, height=80
        )
        st.caption(
            say(
                "The class sees it once your teacher opens it, without names. "
                "It can't be changed later."
            )
        )
        sent = st.form_submit_button(
            say("That is my prediction"), type="primary", icon=":material/lock:"
        )
    if sent:
        with told():
            if value is None:
                st.warning(say("Choose an answer first."))
                return
            register().predict(here.number, step.name, value, words, by=by)
            register().go(here.number, here.step + 1, by=by)
            st.rerun()


def _slider(step: Predict) -> float:
    scale = step.scale
    assert scale is not None
    middle = scale.low + round((scale.high - scale.low) / 2 / scale.step) * scale.step
    value = st.slider(
        say("Your number, {unit}", unit=scale.unit), scale.low, scale.high, middle, scale.step,
        key=f"number {step.name}", format="%g",
    )  # fmt: skip
    return float(value)


def _choice(step: Predict) -> float | None:
    places = range(len(step.choices))
    return st.radio(
        say("Your answer"), places, index=None, key=f"choice {step.name}",
        format_func=lambda place: literal(step.choices[place].text),
    )  # fmt: skip


def show_beside(here: Sitting, step: Predict, outcomes: Mapping[str, Outcome]) -> None:
    """Prediction, result and reason, side by side."""
    answer, truth = here.answers.get(step.name), truth_of(step.truth, outcomes, here.counts)
    st.markdown(f"**{literal(step.question)}**")
    left, middle, right = st.columns(3, border=True)
    with left:
        st.caption(say("You predicted"))
        st.markdown(f"**{literal(said(step, answer.value))}**" if answer else "–")
    with middle:
        st.caption(say("It came out"))
        st.markdown(result_words(step, truth))
        if answer and answer.value is not None and truth is not None:
            held = was_right(step, answer.value, truth)
            st.caption(
                say("As you said.") if held else say("Not as you said: what made the difference?")
            )
    with right:
        st.caption(say("Because, you thought"))
        st.markdown(literal(answer.words) if answer else "–")


def result_words(step: Predict, truth: float | None) -> str:
    """What came out, as an answer to the question."""
    if truth is None:
        return say("There is no result yet.")
    if step.scale:
        return f"**{truth:.0f} {literal(step.scale.unit)}**"
    choice = right_choice(step, truth)
    points = say("a difference of {points} points", points=f"{truth:+.0f}")
    if step.truth.measure == "seconds":
        points = f"{truth:+.1f} s"
    return f"**{literal(choice.text)}** ({points})" if choice else points
