"""Runs that were tested: read once, and kept at hand for every page and everybody."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import streamlit as st

from tlcore.analysis import calibration
from tlcore.analysis.calibration import Recalibration
from tlcore.analysis.intervals import Interval, Rows
from tlcore.analysis.label_errors import Suspect, find_suspects
from tlcore.analysis.mistakes import By, rank_mistakes
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.ranking import Rankings, rank_classes
from tlcore.analysis.scores import class_f1_intervals, f1_interval, loss_interval
from tlcore.analysis.superclasses import fold, superclasses_of
from tlcore.report.story import RunStory, story_of
from tlcore.runs.owners import Owner
from tlcore.runs.records import Run
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import count_thumbnails
from tlcore.ui.pictures_route import picture_address
from tlcore.ui.session import me, store

KEPT = 16
"""Runs at hand. One of 10,000 pictures and 100 classes takes 5 MB."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came out of a run, and what follows from it: worked out when first asked for.

    Attributes:
        story: All that is known of the run.
    """

    story: RunStory

    @property
    def predictions(self) -> Predictions:
        return self.story.predictions

    @property
    def classes(self) -> tuple[str, ...]:
        return self.story.predictions.classes

    @cached_property
    def f1(self) -> Interval:
        """Macro F1."""
        return f1_interval(self.predictions)

    @cached_property
    def class_f1(self) -> tuple[Interval | None, ...]:
        """F1 of each class."""
        return class_f1_intervals(self.predictions)

    @cached_property
    def loss(self) -> Interval:
        """Mean cross-entropy, in nats."""
        return loss_interval(self.predictions)

    @cached_property
    def rankings(self) -> Rankings:
        """How well each class is told from the others, whatever the threshold."""
        return rank_classes(self.predictions)

    @cached_property
    def calibration_error(self) -> Interval:
        """How far confidence is from accuracy."""
        found = self.recalibration
        return found.before if found else calibration.error_interval(self.predictions)

    @cached_property
    def recalibration(self) -> Recalibration | None:
        """What a temperature changes; None of a lone picture."""
        return calibration.recalibrate_at_best(self.predictions, self.story.validation)

    @cached_property
    def suspects(self) -> tuple[Suspect, ...]:
        """Labels that are probably wrong, the likeliest first."""
        return find_suspects(self.predictions)

    @cached_property
    def folded(self) -> Predictions | None:
        """The same by superclass, where there are any."""
        known = superclasses_of(self.classes)
        return fold(self.predictions, known) if known else None

    @cached_property
    def pictures(self) -> int:
        """How many test pictures were kept: the first so many rows have one."""
        return count_thumbnails(self.story.thumbnails) if self.story.thumbnails else 0

    def mistakes(self, by: By) -> Rows:
        """Rows that were called wrongly, the worst first."""
        return rank_mistakes(self.predictions, by=by)

    def address(self, row: int) -> str:
        """Where the browser finds a test picture; empty where none was kept."""
        zipped = self.story.thumbnails
        if zipped is None or row >= self.pictures:
            return ""
        return picture_address(self.story.run, zipped, row)


def open_outcome(run: Run, *, seeds: tuple[str, ...] = ()) -> Outcome | None:
    """What came out of a run; None until it has been tested.

    Args:
        run: Which.
        seeds: Finished runs of the same recipe with other seeds, where these are to count.

    Raises:
        RunError: A file of it is damaged.
    """
    result = store().artifact(run.id, "result", by=me())
    return _read(run.id, result, run.name, run.state, seeds, store(), me()) if result else None


# Not `cache_data`, which would copy every table at every rerun: nobody writes into an outcome.
@st.cache_resource(max_entries=KEPT, show_spinner="Reading what the network said …")
def _read(
    run: str,
    result: Path,
    name: str,
    state: str,
    seeds: tuple[str, ...],
    _store: RunStore,
    _by: Owner,
) -> Outcome:
    """The file of the result never changes, so it stands for all that was measured; a run's name
    and state may."""
    del result, name, state
    return Outcome(story_of(_store, run, by=_by, seeds=seeds))
