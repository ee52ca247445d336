"""Whether confidence can be believed, and what not answering would gain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.calibration import (
    Recalibration,
    error_interval,
    how_sure,
    recalibrate_at_best,
    reliability,
)
from tlcore.analysis.intervals import Interval
from tlcore.analysis.selective import Promise, abstain, promise
from tlcore.formatting import in_percent, quantity, rate
from tlcore.report.document.blocks import Block, Figure, Paragraph, Section, Table
from tlcore.report.document.charts.quality import draw_reliability
from tlcore.report.sections.shared import NOTHING, beside
from tlcore.runs.result import RunStory

_THRESHOLDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
_WANTED = (0.8, 0.9, 0.95, 0.99)


def calibration(stories: Sequence[RunStory]) -> Section:
    """Reliability, temperature, abstention."""
    return Section("Calibration", beside(stories, _blocks))


def _blocks(story: RunStory) -> Iterator[Block]:
    found = recalibrate_at_best(story.predictions, story.validation)
    error = found.before if found else error_interval(story.predictions)
    yield Figure(draw_reliability(reliability(story.predictions)), _caption(story, error))
    if found:
        yield Paragraph(_temperature(story, found))
        after = draw_reliability(reliability(found.scaled))
        yield Figure(after, f"The same at a temperature of {found.temperature:.2f}.")
    yield Table(
        ("answers from", "answered", "right, of those"),
        tuple(_row(story, threshold) for threshold in _THRESHOLDS),
        "If it answered only from a confidence on: all of it on the test pictures.",
    )
    yield from _promises(story)


def fitted_on(story: RunStory, found: Recalibration) -> str:
    """What a temperature was fitted on, and why on that."""
    if not found.crosswise:
        chose = (
            " They also chose the epoch that was kept, so it may still be a little too sure."
            if story.kept_epoch + 1 < story.epochs
            else ""
        )
        return f"Fitted on {quantity(found.pictures, 'validation picture')}.{chose}"
    return (
        f"{why_no_validation(story)} So each half of the test pictures set it for the other half."
    )


def why_no_validation(story: RunStory) -> str:
    """In a sentence, why there is nothing to fit or choose by."""
    if story.pictures["validation"]:
        return "What it said of the validation share was not kept when this run was tested."
    return "No validation share was set aside."


def _caption(story: RunStory, error: Interval) -> str:
    return (
        f"Reliability: it is {how_sure(story.predictions, error)}. Expected calibration error "
        f"{_points(error)}; bars on the dashed line would be right as often as they are sure."
    )


def _temperature(story: RunStory, found: Recalibration) -> str:
    way = "lowers" if found.temperature > 1 else "raises"
    return (
        f"A temperature of {found.temperature:.2f} {way} its confidence and changes no answer: on "
        f"the test pictures the error is {_points(found.after)} instead of "
        f"{_points(found.before)}, and the loss {found.loss_after:.3f} instead of "
        f"{found.loss_before:.3f}{found.verdict}. {fitted_on(story, found)}"
    )


def _points(error: Interval) -> str:
    low, high = (f"{100 * bound:.1f}" for bound in (error.low, error.high))
    return f"{100 * error.value:.1f} points [{low}, {high}]"


def _row(story: RunStory, threshold: float) -> tuple[str, str, str]:
    found = abstain(story.predictions, threshold)
    right = rate(found.accuracy) if found.accuracy else NOTHING
    return f"{100 * threshold:.0f} %", rate(found.coverage), right


def _promises(story: RunStory) -> Iterator[Block]:
    """Thresholds that were chosen where nothing is judged."""
    if story.validation is None:
        yield Paragraph(
            f"{why_no_validation(story)} A threshold that is read off the table above was chosen "
            "on the pictures that judge it, and will do a little worse on others."
        )
        return
    found = [promise(story.validation, story.predictions, wanted) for wanted in _WANTED]
    rows = tuple(map(_kept, _WANTED, found))
    caption = (
        "Thresholds that the validation pictures can promise (at most one promise in twenty is not "
        "kept), and what they do on the test pictures."
    )
    head = ("right, wanted", "answers from", "answered", "right, of those", "as wanted")
    yield Table(head, rows, caption)


_AS_WANTED = {"kept": "yes", "broken": "no", "open": "can't be told"}


def _kept(wanted: float, found: Promise | None) -> tuple[str, ...]:
    if found is None:
        return in_percent(wanted), "none can be promised", NOTHING, NOTHING, NOTHING
    right = rate(found.kept.accuracy) if found.kept.accuracy else NOTHING
    return (
        in_percent(wanted),
        in_percent(found.threshold, digits=1),
        rate(found.kept.coverage),
        right,
        _AS_WANTED[found.verdict],
    )
