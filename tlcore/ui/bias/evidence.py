"""Thoughts on ethics, each beside what this run's test set says about it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.analysis.ethics import NONE_HERE, EthicsNote, ethics_notes
from tlcore.analysis.groups import GroupTable
from tlcore.analysis.scores import TestReport
from tlcore.errors import ThawError
from tlcore.recipe import Recipe
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.ui.outcomes import Outcome, open_outcome
from tlcore.ui.results.classes import recall_chart, worst_class
from tlcore.ui.session import me, store
from tlcore.ui.words import duration, literal

_LOOKED_THROUGH = 40  # runs among which one from scratch is looked for


def show_classes_served(outcome: Outcome) -> None:
    """The class that is served worst, and all the others."""
    st.markdown(worst_class(outcome.story.test))
    st.plotly_chart(
        recall_chart(outcome.story.test),
        key=f"served {outcome.story.run}",
        config={"displayModeBar": False},
        alt="Recall of each class with its interval, the worst on top",
    )


def show_notes(outcome: Outcome, groups: Sequence[GroupTable]) -> None:
    """All notes; those without evidence say so."""
    story = outcome.story
    twin = run_from_scratch(story.run, story.recipe)
    notes = ethics_notes(
        story.test,
        predictions=outcome.predictions,
        groups=groups,
        scratch=_report_of(twin) if twin else None,
        tested_on=_tested_on(story.recipe),
        recipe=story.recipe.id,
        cost=f"{duration(story.seconds)} of computing on {story.device}; energy was not measured.",
    )
    with st.grid("auto", min_column_width=380, border=True, key="notes") as grid:
        for note in notes:
            with grid.cell():
                _show_note(note)


def _show_note(note: EthicsNote) -> None:
    badge = "" if note.found else " :gray-badge[no evidence here]"
    st.markdown(f"**{note.theme}**{badge}")
    evidence = note.evidence.removeprefix(NONE_HERE)
    st.markdown(literal(f"{evidence[0].upper()}{evidence[1:]}"))
    st.caption(literal(note.thought))


def run_from_scratch(run: str, recipe: Recipe) -> Run | None:
    """The newest finished run that learned the same data without pre-trained weights."""
    if recipe.model.weights == "none":
        return None
    finished = store().list(by=me(), states=[State.FINISHED], limit=_LOOKED_THROUGH)
    return next((other for other in finished if other.id != run and _is_twin(other, recipe)), None)


def _is_twin(run: Run, recipe: Recipe) -> bool:
    try:
        other = store().recipe(run.id, by=me())
    except ThawError:  # deleted a moment ago, or of a newer lab
        return False
    return other.model.weights == "none" and other.data == recipe.data


def _report_of(run: Run) -> TestReport | None:
    found = open_outcome(run)
    return found.story.test if found else None


def _tested_on(recipe: Recipe) -> str:
    return {"shapes": "drawn shapes", "digits": "handwritten digits", "folder": "your pictures",
            "cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "hub": recipe.data.repo,
            }[recipe.data.name]  # fmt: skip
