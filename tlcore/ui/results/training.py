"""The run's curves, and what they say in words."""

from __future__ import annotations

import streamlit as st

from tlcore.analysis.reading import read_curves
from tlcore.analysis.scores import baseline
from tlcore.runs.records import Run
from tlcore.ui.live import show_live
from tlcore.ui.outcomes import Outcome
from tlcore.ui.words import literal


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
