"""What several parts of a report need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from tlcore.analysis.intervals import Interval, Rows
from tlcore.errors import RunError
from tlcore.formatting import in_percent
from tlcore.report.document.blocks import Beside, Block, Column, Paragraph, Picture, shorten
from tlcore.runs.result import RunStory
from tlcore.runs.thumbnails import read_thumbnail

NOTHING = "–"
LONGEST_TITLE = 80


def beside(
    stories: Sequence[RunStory], build: Callable[[RunStory], Iterable[Block]]
) -> tuple[Block, ...]:
    """The same blocks for every run, side by side."""
    columns = (
        Column(number, shorten(story.name, LONGEST_TITLE), tuple(build(story)))
        for number, story in enumerate(stories, 1)
    )
    return (Beside(tuple(columns)),)


def spread(rows: Rows, labels: Rows, most: int) -> list[int]:
    """The first rows of each class in turn, so that no class fills all places.

    >>> import numpy as np
    >>> spread(np.array([4, 2, 0, 1]), np.array([7, 8, 7, 9, 7]), most=3)
    [4, 1, 2]
    """
    turns: Counter[int] = Counter()
    placed = []
    for place, row in enumerate(rows.tolist()):
        kind = int(labels[row])
        placed.append((turns[kind], place, row))
        turns[kind] += 1
    return [row for _, _, row in sorted(placed)[:most]]


def class_name(story: RunStory, place: int) -> str:
    """A class by its place."""
    return story.predictions.classes[place]


def mistake(story: RunStory, row: int) -> Picture:
    """A picture with what it is, and what it was called with which confidence."""
    table = story.predictions
    actual, called = (
        class_name(story, int(column[row])) for column in (table.labels, table.predicted)
    )
    said = f"→ {called}, {in_percent(float(table.confidence[row]))}"
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
