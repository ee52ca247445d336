"""Each further run against the first: on the same pictures, which it fixed and which it broke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.comparison import Changes, changes
from tlcore.analysis.intervals import Rows
from tlcore.analysis.wording import quantity
from tlcore.report.blocks import Block, Figure, Gallery, Paragraph, Picture, Section
from tlcore.report.charts.curves import draw_runs
from tlcore.report.sections.shared import class_name, spread, thumbnail
from tlcore.report.story import RunStory

PICTURES = 12


def comparison(stories: Sequence[RunStory]) -> Section | None:
    """Nothing if there is but one run."""
    if len(stories) < 2:
        return None
    blocks: list[Block] = [Figure(draw_runs([s.curves for s in stories]), _CAPTION)]
    for number in range(1, len(stories)):
        blocks += _against_first(stories, number)
    return Section("Comparison", tuple(blocks))


_CAPTION = (
    "Accuracy on the validation pictures, by epoch and by second; on another machine, or beside "
    "other work, a run takes another time."
)


def _against_first(stories: Sequence[RunStory], number: int) -> Iterator[Block]:
    first, second = stories[0], stories[number]
    found = changes(first.predictions, second.predictions)
    if found is None:
        yield Paragraph(
            f"Run {number + 1} and run 1 were not tested on the same pictures, so they can't be "
            "compared picture by picture.",
            "caution",
        )
        return
    yield Paragraph(
        f"Picture by picture, run {number + 1} fixed {quantity(len(found.fixed), 'picture')} of "
        f"run 1's and broke {quantity(len(found.broken), 'picture')}; {len(found.both_wrong):,} "
        "are wrong in both. What that tells stands at a glance.",
        "finding",
    )
    for rows, word in ((found.fixed, "fixed"), (found.broken, "broke")):
        yield from _gallery(first, second, rows, found, f"run {number + 1} {word}")


def _gallery(
    first: RunStory, second: RunStory, rows: Rows, found: Changes, words: str
) -> Iterator[Block]:
    if len(rows):
        shown = spread(rows, first.predictions.labels, PICTURES)
        pictures = tuple(_picture(first, second, row, found) for row in shown)
        whole = quantity(len(rows), "picture")
        caption = f"{len(shown)} of {whole} that {words}, the surest of each class."
        yield Gallery(pictures, caption)


def _picture(first: RunStory, second: RunStory, row: int, found: Changes) -> Picture:
    before, after = first.predictions, second.predictions
    other = int(found.in_second[row])
    said = class_name(second, int(after.predicted[other]))
    return Picture(
        thumbnail(first, row) or thumbnail(second, other),
        (
            class_name(first, int(before.labels[row])),
            f"{class_name(first, int(before.predicted[row]))} → {said}",
        ),
    )
