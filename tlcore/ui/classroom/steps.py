"""A student's steps: one at a time, with the way back, and the way on once it is free."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from tlcore.access import Owner
from tlcore.classroom.board import ballot
from tlcore.classroom.lesson import Count, Discuss, Do, Explain, Look, Predict, Read
from tlcore.classroom.measures import Outcome
from tlcore.classroom.records import Sitting
from tlcore.formatting import in_plotly, literal, run_colour, with_interval
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.ui.classroom import gate
from tlcore.ui.classroom.pooled import show_ballot, show_labels
from tlcore.ui.classroom.reach import register
from tlcore.ui.shared.live import show_live
from tlcore.ui.shared.page import link, told
from tlcore.ui.shared.sentences import say
from tlcore.ui.start.task import show_task

_MARKS = {
    "read": ":material/menu_book:",
    "predict": ":material/lock:",
    "do": ":material/play_arrow:",
    "count": ":material/pin:",
    "look": ":material/visibility:",
    "explain": ":material/edit:",
    "discuss": ":material/forum:",
}
TICK = 1.5
"""Seconds between two looks at runs that are under way."""


def show_lesson(here: Sitting, by: Owner) -> None:
    """Where the student is, the step, and the way on."""
    show_way(here)
    steps = here.lesson.steps
    if here.step >= len(steps):
        show_end(here, by)
        return
    step = steps[here.step]
    st.subheader(f"{_MARKS[step.kind]} {literal(step.title)}", anchor=False)
    if step.text:
        st.markdown(step.text)
    match step:
        case Read():
            if step.pictures:
                show_task()
        case Predict():
            gate.ask(here, step, by)
        case Do():
            show_doing(here, step, by)
        case Count():
            show_counting(here, step, by)
        case Look():
            show_looking(here, step, by)
        case Explain():
            show_explaining(here, step, by)
        case Discuss():
            show_class_predictions(here, by)
    show_moving(here, by)


def show_way(here: Sitting) -> None:
    """A mark for each step: behind, here, ahead."""
    count = len(here.lesson.steps)
    marks = [
        "●" if here.is_done(number) and number != here.step else "◉" if number == here.step else "○"
        for number in range(count)
    ]
    place = min(here.step + 1, count)
    where = say("Step {place} of {count}", place=place, count=count)
    st.markdown(f"{' '.join(marks)} &nbsp; {where}")


def show_moving(here: Sitting, by: Owner) -> None:
    """Back and on."""
    reason = here.hindrance(here.step)
    with st.container(horizontal=True, gap="small"):
        if here.step and st.button(say("Back"), key="step back", icon=":material/arrow_back:"):
            _move(here, here.step - 1, by)
        if st.button(
            say("Go on"), key="step on", type="primary" if not reason else "secondary",
            disabled=bool(reason), icon=":material/arrow_forward:",
        ):  # fmt: skip
            _move(here, here.step + 1, by)
    if reason:
        st.caption(say(reason) + ".")


def _move(here: Sitting, step: int, by: Owner) -> None:
    with told():
        register().go(here.number, step, by=by)
        st.rerun()


# Doing


def show_doing(here: Sitting, step: Do, by: Owner) -> None:
    """The runs of this step, or the page that it is done on."""
    if step.page:
        query = {"hide": ",".join(step.hide)} if step.hide else {}
        link(step.page, say("Open the page for this step"), icon=":material/open_in_new:", **query)
    if not step.runs:
        return
    runs = [here.runs[name] for name in step.runs if name in here.runs]
    if not runs or _is_short(here, step, runs):
        label = say("Train") if not runs else say("Train what is missing")
        if st.button(label, key="lesson train", type="primary", icon=":material/play_arrow:"):
            with told():
                register().train(here.number, by=by)
                ensure_dispatcher(register().store.home)
                st.rerun()
    show_progress(here, step, by)


def _is_short(here: Sitting, step: Do, runs: Sequence[Run]) -> bool:
    """Whether something stopped on the way, and nothing goes on by itself."""
    going = any(run.state == State.QUEUED or run.state.active for run in runs)
    done = [name for name in step.runs if name in here.runs and _is_over(here.runs[name])]
    return not going and len(done) < len(step.runs)


def _is_over(run: Run) -> bool:
    return run.state == State.FINISHED


@st.fragment(run_every=TICK)
def show_progress(here: Sitting, step: Do, by: Owner) -> None:
    """Each run in a line; asks for the next ones as soon as the rules let them wait."""
    now = register().sitting(here.number, by=by)
    runs = {name: now.runs[name] for name in step.runs if name in now.runs}
    if not runs:
        return
    finished = sum(map(_is_over, runs.values()))
    st.progress(
        _share(runs, step), text=say("{done} of {all} runs have a result", done=finished,
        all=len(step.runs)),
    )  # fmt: skip
    for name in step.runs:
        st.caption(f"{literal(now.lesson.runs[name].title)}: {run_words(runs.get(name), by)}")
    if finished == len(step.runs):
        if here.runs != now.runs:
            st.rerun()
        return
    if all(
        run.state in (State.FINISHED, State.QUEUED) or run.state.active for run in runs.values()
    ):
        with told():
            register().train(now.number, by=by)
    elif here.runs != now.runs:
        st.rerun()


def _share(runs: dict[str, Run], step: Do) -> float:
    """How far they are, all together."""
    parts = [1.0 if _is_over(run) else min(0.95, run.epoch / run.epochs) for run in runs.values()]
    return min(1.0, sum(parts) / len(step.runs))


def run_words(run: Run | None, by: Owner) -> str:
    """How a run stands, in half a line."""
    if run is None:
        return say("comes next")
    if run.state == State.QUEUED:
        place = register().store.position(run.id, by=by)
        return say("waits, place {place} in the queue", place=place)
    if run.state.active:
        return say("trains, {epoch} of {epochs} rounds", epoch=run.epoch, epochs=run.epochs)
    if run.state == State.FINISHED:
        return say("has a result")
    return f"{run.state}. {literal(run.reason)}"


def show_counting(here: Sitting, step: Count, by: Owner) -> None:
    """A number that only the student can know."""
    scale, before = step.scale, here.answers.get(step.name)
    with st.form(f"counting {step.name}"):
        value = st.number_input(
            literal(step.question), scale.low, scale.high,
            value=before.value if before else None, step=scale.step, key=f"counted {step.name}",
        )  # fmt: skip
        sent = st.form_submit_button(say("That is the number"), type="primary")
    if sent and value is not None:
        with told():
            register().count(here.number, step.name, value, by=by)
            st.rerun()


# Looking


def show_looking(here: Sitting, step: Look, by: Owner) -> None:
    """What came out, beside what was predicted."""
    outcomes = register().outcomes(here, by=by)
    named = step.runs or tuple(here.lesson.runs)
    if "answers" in step.show:
        for asked in here.lesson.predictions:
            gate.show_beside(here, asked, outcomes)
    if "labels" in step.show:
        show_labels(here.lesson, {name: [outcomes[name]] for name in named if name in outcomes})
    if "table" in step.show:
        show_table(here, named, outcomes)
    if "curves" in step.show and (runs := [here.runs[n] for n in named if n in here.runs]):
        titles = [here.lesson.runs[name].title for name in named if name in here.runs]
        show_live(runs, key="lesson curves", measure="accuracy", names=titles)
    show_class_predictions(here, by)


def show_table(here: Sitting, named: Sequence[str], outcomes: dict[str, Outcome]) -> None:
    """Each run with its accuracy, drawn with its interval."""
    found = [(here.lesson.runs[name].title, outcomes[name]) for name in named if name in outcomes]
    if not found:
        st.info(say("There is no result yet."))
        return
    figure = go.Figure(
        go.Scatter(
            x=[100 * each.accuracy.value for _, each in found],
            y=[in_plotly(title) for title, _ in found],
            error_x={
                "type": "data", "symmetric": False, "thickness": 2,
                "array": [100 * (e.accuracy.high - e.accuracy.value) for _, e in found],
                "arrayminus": [100 * (e.accuracy.value - e.accuracy.low) for _, e in found],
            },
            mode="markers", marker={"size": 11, "color": run_colour(0)},
            text=[with_interval(each.accuracy) for _, each in found],
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        height=70 + 38 * len(found), margin={"l": 0, "r": 10, "t": 5, "b": 40},
        xaxis={"title": say("right, in percent, with the 95 % interval"), "range": [0, 101]},
        yaxis={"autorange": "reversed"},
    )  # fmt: skip
    st.plotly_chart(
        figure, key="lesson table", config={"displayModeBar": False},
        alt=say("How often each network is right, with its interval"),
    )  # fmt: skip
    with st.expander(say("The same in numbers")):
        for title, each in found:
            st.markdown(f"- {literal(title)}: {with_interval(each.accuracy)}")


def show_class_predictions(here: Sitting, by: Owner) -> None:
    """What the class predicted, where the teacher has opened it."""
    if here.code:
        for step, pairs in register().opened_answers(here.number, by=by):
            show_ballot(step, ballot(step, pairs), key=f"class {step.name}")


# Explaining


def show_explaining(here: Sitting, step: Explain, by: Owner) -> None:
    """In the student's own words; beside it, what there is to explain."""
    st.markdown(f"**{literal(step.question)}**")
    outcomes = register().outcomes(here, by=by)
    with st.expander(say("What you predicted, and what came out")):
        for asked in here.lesson.predictions:
            gate.show_beside(here, asked, outcomes)
    answer = here.answers.get(step.name)
    with st.form(f"explanation {step.name}"):
        words = st.text_area(
            say("Your explanation"), value=answer.words if answer else "", max_chars=2000,
            height=140, key=f"explanation of {step.name}",
        )  # fmt: skip
        sent = st.form_submit_button(say("Keep it"), type="primary", icon=":material/save:")
    if sent:
        with told():
            register().explain(here.number, step.name, words, by=by)
            st.rerun()


# The end


def show_end(here: Sitting, by: Owner) -> None:
    """It is done: what to take along."""
    from tlcore.report.lesson import lesson_html

    st.subheader(say("Done."), anchor=False)
    st.markdown(say("Your report holds what you predicted, what came out and how you explain it."))
    outcomes = register().outcomes(here, by=by)
    st.download_button(
        say("My report"), data=lambda: lesson_html(here, outcomes).encode("utf-8"),
        file_name="lesson.html", mime="text/html", key="lesson report", on_click="ignore",
        icon=":material/description:", type="primary",
    )  # fmt: skip
    show_class_predictions(here, by)
    if st.button(say("Back"), key="back from the end", icon=":material/arrow_back:"):
        _move(here, here.step - 1, by)
