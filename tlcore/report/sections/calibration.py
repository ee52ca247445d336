"""Whether confidence can be believed, and what not answering would gain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.calibration import (
    abstain,
    error_interval,
    recalibrate_crosswise,
    reliability,
)
from tlcore.analysis.intervals import Interval
from tlcore.analysis.wording import rate
from tlcore.report.blocks import Block, Figure, Paragraph, Section, Table
from tlcore.report.charts.reliability import draw_reliability
from tlcore.report.sections.shared import NOTHING, beside
from tlcore.report.story import RunStory

_THRESHOLDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


def calibration(stories: Sequence[RunStory]) -> Section:
    """Reliability, temperature, abstention."""
    return Section("Calibration", beside(stories, _blocks))


def _blocks(story: RunStory) -> Iterator[Block]:
    error = error_interval(story.predictions)
    yield Figure(draw_reliability(reliability(story.predictions)), _caption(story, error))
    if story.test.n > 1:
        yield Paragraph(_temperature(story))
    yield Table(
        ("answers from", "answered", "right, of those"),
        tuple(_row(story, threshold) for threshold in _THRESHOLDS),
        "If it answered only from a confidence on.",
    )


def _caption(story: RunStory, error: Interval) -> str:
    surplus = float(story.predictions.confidence.mean()) - story.test.accuracy.value
    if error.low < 0.01:
        how = "about as sure as it is right"
    else:
        how = "surer than it is right" if surplus > 0 else "less sure than it could be"
    return (
        f"Reliability: it is {how}. Expected calibration error "
        f"{100 * error.value:.1f} points [{100 * error.low:.1f}, {100 * error.high:.1f}]; bars on "
        "the dashed line would be right as often as they are sure."
    )


def _temperature(story: RunStory) -> str:
    found = recalibrate_crosswise(story.predictions)
    way = "lower" if found.temperature > 1 else "raise"
    return (
        f"A temperature of {found.temperature:.2f} would {way} its confidence: the error would be "
        f"{100 * found.after.value:.1f} points [{100 * found.after.low:.1f}, "
        f"{100 * found.after.high:.1f}] instead, and the loss {found.loss_after:.3f} instead of "
        f"{found.loss_before:.3f}. (Each half of the test pictures set it for the other half.)"
    )


def _row(story: RunStory, threshold: float) -> tuple[str, str, str]:
    found = abstain(story.predictions, threshold)
    right = rate(found.accuracy) if found.accuracy else NOTHING
    return f"{100 * threshold:.0f} %", rate(found.coverage), right
