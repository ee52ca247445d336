"""Runs that were tested: read once, and kept at hand for every page and everybody."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import streamlit as st

from tlcore.access import Owner
from tlcore.analysis import calibration
from tlcore.analysis.auc import Rankings, rank_classes
from tlcore.analysis.calibration import Recalibration
from tlcore.analysis.intervals import Interval, Rows
from tlcore.analysis.label_errors import Suspect, find_suspects
from tlcore.analysis.mistakes import By, fold, rank_mistakes, superclasses_of
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import class_f1_intervals, f1_interval, loss_interval
from tlcore.formatting import literal
from tlcore.runs.records import Run
from tlcore.runs.result import RunStory, story_of
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import count_thumbnails
from tlcore.ui.shared.live import show_live
from tlcore.ui.shared.page import link
from tlcore.ui.shared.pictures_route import picture_address
from tlcore.ui.shared.session import me, store


def show_no_runs() -> None:
    """The way to a first one."""
    st.info("There are no runs yet. Train one, and its results appear here.", icon="🧊")
    with st.container(horizontal=True):
        link("start", "See the demo", icon=":material/play_circle:")
        link("train", "Train a network", icon=":material/tune:")


def show_unfinished(run: Run) -> None:
    """What a run without a result is doing, or why it does nothing. Once it has been tested, the
    page shows its result by itself."""
    st.info(_words(run), icon=_ICONS.get(run.state, ":material/hourglass_empty:"))
    if run.state in (State.FAILED, State.LOST) and run.reason:
        st.code(run.reason, language=None, wrap_lines=True)
    link("runs", "See it among the runs", icon=":material/monitoring:", run=run.id)
    show_live([run], key="unfinished")  # and a rerun as soon as its state is another


def tell_unfinished(run: Run) -> None:
    """Say so if a run that was tested has been taken up again since."""
    if run.state not in (State.FINISHED, State.STOPPED):
        st.info(
            f"This is what was found when the run was last tested. Since then it is {run.state}.",
            icon=":material/history:",
        )


_ICONS = {
    State.FAILED: ":material/error:",
    State.LOST: ":material/error:",
    State.PAUSED: ":material/pause_circle:",
    State.STOPPED: ":material/stop_circle:",
}


def _words(run: Run) -> str:
    done = f"{run.epoch} of {run.epochs} epochs are done"
    match run.state:
        case State.QUEUED:
            place = store().position(run.id, by=me())
            return (
                f"This run waits for its turn{f', number {place} in the queue' if place else ''}."
            )
        case State.STARTING:
            return "This run is starting. Its results appear here once it has been tested."
        case State.PAUSED:
            return f"This run is paused; {done}. Resume it to get results."
        case State.STOPPED:
            why = literal(run.reason).rstrip(".")
            return f"This run was stopped before it was tested: {why}. {done[0]}{done[1:]}."
        case State.FAILED:
            return f"This run failed; {done}. This is the reason:"
        case State.LOST:
            return f"This run was lost: nobody works on it any more; {done}. This is the reason:"
        case _:
            return f"This run is at work; {done}. Its results appear here once it has been tested."


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
