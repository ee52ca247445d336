"""The curves, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.reading import read_curves
from tlcore.analysis.scores import baseline
from tlcore.report.blocks import Block, Figure, Items, Paragraph, Section
from tlcore.report.charts.curves import draw_curves
from tlcore.report.sections.shared import beside
from tlcore.report.story import RunStory


def training(stories: Sequence[RunStory]) -> Section:
    """Loss and accuracy by epoch, with each thaw marked, and read in words."""
    return Section("Training", beside(stories, _blocks))


def _blocks(story: RunStory) -> Iterator[Block]:
    if not story.curves:
        yield Paragraph("No epoch was finished, so there are no curves.", "caution")
        return
    thaws = [(phase.epoch, phase.thawed) for phase in story.thaws]
    marked = ", ".join(f"{thawed} at epoch {epoch + 1}" for epoch, thawed in thaws)
    caption = (
        f"Validation solid, training dashed.{f' Thawed: {marked}.' if marked else ''} Kept: epoch "
        f"{story.kept_epoch + 1}. It ended because {story.reason}."
    )
    yield Figure(draw_curves(story.curves, thaws), caption)
    readings = read_curves(
        story.curves,
        thaws=[epoch for epoch, _ in thaws],
        classes=len(story.predictions.classes),
        pictures=story.pictures["validation"],
        commonest=baseline(story.validation or story.predictions).commonest,
    )
    yield Items(tuple(reading.text for reading in readings))
