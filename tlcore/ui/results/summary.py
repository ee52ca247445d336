"""The figures on top of a run's results, each with its interval, and the reported ones beside."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from tlcore.analysis.curve_reading import read_curves
from tlcore.analysis.intervals import Interval
from tlcore.analysis.scores import balanced_accuracy, baseline, describe_baseline
from tlcore.formatting import duration, literal, percent, quantity, rate
from tlcore.report.document.blocks import Table
from tlcore.report.sections.glance import glance
from tlcore.runs.records import Run
from tlcore.ui.results.classes import worst_class
from tlcore.ui.shared.live import show_live
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.what_is import interval_picture, what_is


def show_training(run: Run, outcome: Outcome) -> None:
    """Sentences first, then the curves they are about."""
    story = outcome.story
    said = read_curves(
        story.curves,
        thaws=[thaw.epoch for thaw in story.thaws],
        classes=len(outcome.classes),
        pictures=int(story.pictures.get("validation", 0)),
        commonest=baseline(story.validation or story.predictions).commonest,
    )
    for reading in said:
        st.markdown(f"- {literal(reading.text)}")
    st.caption(
        f"Kept and tested: the network after epoch {story.kept_epoch + 1} of {story.epochs}. "
        f"{literal(story.reason[:1].upper() + story.reason[1:])}."
    )
    show_live([run], key="curves", names=[story.name])


def show_summary(outcome: Outcome) -> None:
    """How good it is, in one row and a sentence."""
    story, test = outcome.story, outcome.story.test
    with st.grid(4, min_column_width=150):
        _show_share("Accuracy", test.accuracy, "How many of the test pictures it named correctly.")
        _show_share(
            "Macro F1",
            outcome.f1,
            "How well it finds each class without false alarms.",
        )
        _show(
            "Loss",
            f"{outcome.loss.value:.3f}",
            f"95 %: {outcome.loss.low:.3f} to {outcome.loss.high:.3f}",
            "How surprised the network is by the right answers; 0 is perfect (cross-entropy).",
        )
        _show("Trained in", duration(story.seconds), _effort(outcome))
    if test.accuracy.warning:
        st.warning(
            f"There are {literal(test.accuracy.warning)} in the test set: the range is wide, so "
            "don't lean on the exact figure.",
            icon=":material/warning:",
        )
    what_is("interval", picture=interval_picture(test.accuracy))
    _show_baseline(outcome)
    st.markdown(worst_class(test))
    _show_reported(outcome)
    _show_figures(outcome)


def _show_baseline(outcome: Outcome) -> None:
    """What accuracy has to be held against."""
    table = outcome.predictions
    told, found = literal(describe_baseline(table)), baseline(table)
    text = f"{told[0].upper()}{told[1:]}"
    if found.uneven:
        text += " Each class counting alike (balanced accuracy), it is right of "
        text += f"**{rate(balanced_accuracy(table))}**."
    if found.only:
        st.warning(text)
    else:
        st.markdown(text)


def _show_share(label: str, found: Interval, words: str) -> None:
    bounds = f"95 %: {100 * found.low:.1f} to {100 * found.high:.1f}"
    _show(label, percent(found.value), bounds, words)


def _show(label: str, value: str, beneath: str, words: str | None = None) -> None:
    st.metric(
        label, value, delta=beneath, delta_color="off", delta_arrow="off", border=True,
        height="stretch", help=words,
    )  # fmt: skip


def _effort(outcome: Outcome) -> str:
    story = outcome.story
    return f"{quantity(story.epochs, 'epoch')} on {story.device}"


def _show_reported(outcome: Outcome) -> None:
    """What the authors of a report measured, where this run repeats their recipe."""
    story = outcome.story
    if "test_accuracy" not in story.reported or story.preset is None:
        return
    reported, measured = story.reported["test_accuracy"], story.test.accuracy
    inside = measured.low <= reported <= measured.high
    place = "inside" if inside else "above" if reported > measured.high else "below"
    text = (
        f"Report {story.preset.report} reported **{percent(reported)}**; measured here: "
        f"**{percent(measured.value)}**. The reported figure lies {place} the interval, "
        "which is about this network: another seed, and the pictures they tested on, move both."
    )
    if not story.as_reported:
        text += " The recipe was changed before it was run here, so the two may well differ."
    st.markdown(text)


def _show_figures(outcome: Outcome) -> None:
    """Everything that reports give, as it came out here; and how far the recipe follows them."""
    story = outcome.story
    title = "All figures, reported beside measured" if story.reported else "All figures"
    with st.expander(title, icon=":material/table_rows:"):
        table = next(block for block in glance([story]).blocks if isinstance(block, Table))
        frame = pd.DataFrame(table.rows, columns=["figure", *table.head[1:]])
        st.dataframe(frame, hide_index=True, width="content", alt=title)
        if story.preset and story.preset.differs:
            st.markdown("What differs from the report:")
        for difference in story.preset.differs if story.preset else ():
            st.markdown(f"- {literal(difference)}")
