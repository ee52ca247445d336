"""Which backbone? A few tried on one's own pictures: what each got beside what it costs."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path

import pandas as pd
import streamlit as st

from tlcore.advice.trial import Trial, Tried, in_words
from tlcore.errors import DataError
from tlcore.formatting import literal, rate
from tlcore.recipe import Recipe
from tlcore.runs.card_trial import TRIAL, ask, folder_of, found_in, question_for
from tlcore.ui.shared.page import told
from tlcore.ui.train.cost_panel import known_counts
from tlcore.ui.train.form import Form, form

_LOOK = 1.0
_NOTHING = (
    "Five networks whose weights are here each look at your pictures once. You see how many each "
    "gets right of pictures that it has not learned from, and what it costs. The test pictures are "
    "not touched. What is computed is kept, so the run that follows is faster."
)
_OPEN = "trial box"


def show_trial(filled: Form) -> None:
    """What a trial on these pictures found, or a button that begins one."""
    if known_counts(filled.recipe.data) is None:  # gone, or somebody else's
        return
    try:
        folder = folder_of(question_for(filled.recipe))
    except DataError:
        return
    box = st.expander("**Which backbone?** Try five on my pictures", key=_OPEN, on_change="rerun")
    with box:
        if box.open:
            _show(filled.recipe, folder)


def _show(recipe: Recipe, folder: Path) -> None:
    busy = TRIAL.of(folder).goes_on
    found = None if busy else found_in(folder)
    if found is None:
        st.fragment(_show_state, run_every=_LOOK if busy else None)(recipe, folder, was_busy=busy)
        return
    _show_found(recipe, found)


def _show_state(recipe: Recipe, folder: Path, *, was_busy: bool) -> None:
    if TRIAL.of(folder).goes_on:
        st.info(literal(TRIAL.of(folder).last_words() or "Waking the networks …"))
        return
    if was_busy:
        st.rerun()  # of the page: now there is something to show, or to say
    if why := TRIAL.of(folder).failure:
        st.error(literal(why), icon=":material/error:")
    st.caption(_NOTHING)
    if st.button("Try five on my pictures", key="try cards", icon=":material/science:"):
        with told():
            ask(question_for(recipe), folder)
            st.rerun()


def _show_found(recipe: Recipe, found: Trial) -> None:
    st.markdown("  \n".join(map(literal, in_words(found))))
    st.dataframe(
        _table(found), key="trial table", hide_index=True,
        alt="What each backbone got on these pictures, and what it costs",
    )  # fmt: skip
    _show_front(found)
    _show_taking(recipe, found)
    if found.elsewhere:
        st.caption(literal(f"To be fetched: {'; '.join(found.elsewhere)}."))


def _show_taking(recipe: Recipe, found: Trial) -> None:
    """A button for the best, and one for the fastest that may be as good."""
    with st.container(horizontal=True):
        for each in filter(None, (found.best, found.thrifty)):
            taken = recipe.model.backbone == each.backbone
            st.button(
                f"Take {each.title}", key=f"take {each.backbone}", disabled=taken,
                icon=":material/check:" if taken else None, on_click=_take,
                args=(each.backbone,),
            )  # fmt: skip


def _take(backbone: str) -> None:
    """The backbone, with everything that belongs to it and was not typed."""
    form().choose({"model.backbone": backbone})


def _table(found: Trial) -> pd.DataFrame:
    return pd.DataFrame([_row(found, each) for each in found.tried])


def _row(found: Trial, each: Tried) -> dict[str, str | int]:
    return {
        "backbone": each.title + (" (stopped early)" if each.stopped else ""),
        "right": rate(each.head),
        "by neighbours": rate(each.neighbours),
        "ms a picture": f"{each.milliseconds:.1f}",
        "px": each.size,
        "weights": f"{each.megabytes:.0f} MB",
        "memory": f"{each.memory / 1e9:.1f} GB" if each.memory else "",
        "licence": each.licence,
    }


def _show_front(found: Trial) -> None:
    """Accuracy against cost: whoever lies on the line is beaten by nobody in both."""
    import altair as alt

    front = {each.backbone for each in found.front}
    table = pd.DataFrame(
        {
            "backbone": each.title,
            "right": each.head.value,
            "low": each.head.low,
            "high": each.head.high,
            "ms": each.milliseconds,
            "front": each.backbone in front,
            "above": place % 2 == 0,
        }
        for place, each in enumerate(sorted(found.tried, key=attrgetter("milliseconds")))
    )
    x = alt.X("ms:Q", title="milliseconds a picture", scale=alt.Scale(type="log", padding=20))
    y = alt.Y(
        "right:Q", title="right", axis=alt.Axis(format="%"),
        scale=alt.Scale(zero=False, padding=24),
    )  # fmt: skip
    base = alt.Chart(table).encode(x=x)
    line = base.transform_filter("datum.front").mark_line(strokeDash=[4, 4]).encode(y=y)
    reach = base.mark_rule(opacity=0.5).encode(
        y=alt.Y("low:Q", scale=alt.Scale(zero=False, padding=24)), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=80).encode(
        y=y, opacity=alt.condition("datum.front", alt.value(1), alt.value(0.4)),
        tooltip=["backbone", alt.Tooltip("right:Q", format=".1%"), "ms"],
    )  # fmt: skip
    names = [  # of neighbours one above its point and one below, so that both can be read
        base.transform_filter(which).mark_text(dy=dy, fontSize=11).encode(y=y, text="backbone:N")
        for which, dy in (("datum.above", -14), ("!datum.above", 16))
    ]
    st.altair_chart(
        alt.layer(line, reach, points, *names).properties(height=280), key="trial front",
        alt="Accuracy against milliseconds a picture; a dashed line joins the backbones that no "
        "other beats in both. The table has the same numbers.",
    )  # fmt: skip
