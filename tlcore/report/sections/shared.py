"""What several parts of a report need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tlcore.analysis.intervals import Interval
from tlcore.errors import RunError
from tlcore.report.blocks import Beside, Block, Column, Paragraph, Picture
from tlcore.report.story import RunStory
from tlcore.runs.thumbnails import read_thumbnail

NOTHING = "–"


def beside(
    stories: Sequence[RunStory], build: Callable[[RunStory], Iterable[Block]]
) -> tuple[Block, ...]:
    """The same blocks for every run, side by side; on their own if there is but one run."""
    built = [tuple(build(story)) for story in stories]
    if len(built) == 1:
        return built[0]
    columns = (
        Column(number, story.name, blocks)
        for number, (story, blocks) in enumerate(zip(stories, built, strict=True), 1)
    )
    return (Beside(tuple(columns)),)


def label(stories: Sequence[RunStory], number: int) -> str:
    """How a run is called in running text; `number` counts from 0."""
    return "the run" if len(stories) == 1 else f"run {number + 1}"


def guessing(story: RunStory) -> float:
    """The accuracy of whoever guesses."""
    return 1 / len(story.predictions.classes)


def class_name(story: RunStory, place: int) -> str:
    """A class by its place."""
    return story.predictions.classes[place]


def mistake(story: RunStory, row: int) -> Picture:
    """A picture with what it is, and what it was called with which confidence."""
    table = story.predictions
    actual, called = (
        class_name(story, int(column[row])) for column in (table.labels, table.predicted)
    )
    said = f"called {called}, {100 * float(table.confidence[row]):.0f} %"
    return Picture(thumbnail(story, row), (actual, said))


def thumbnail(story: RunStory, row: int) -> bytes:
    """A small test picture, as JPEG; empty if it wasn't kept."""
    if story.thumbnails is None:
        return b""
    try:
        return read_thumbnail(story.thumbnails, row)
    except RunError:
        return b""


def few(interval: Interval) -> list[Paragraph]:
    """A caution where there are too few pictures to lean on."""
    if not interval.warning:
        return []
    return [Paragraph(f"Too little to judge by: {interval.warning}.", "caution")]
