"""Whom the network fails: classes, and groups where they are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.ethics import describe_groups, describe_worst
from tlcore.analysis.groups import GroupTable, score_groups, worst_class
from tlcore.analysis.wording import rate
from tlcore.report.blocks import Block, Figure, Paragraph, Section, Table
from tlcore.report.charts.forest import MOST, draw_forest
from tlcore.report.sections.shared import beside
from tlcore.report.story import RunStory

MOST_GROUPS = 50


def bias(stories: Sequence[RunStory]) -> Section:
    """Gaps between classes and between groups, with intervals."""
    return Section("Bias", beside(stories, _blocks))


def group_tables(story: RunStory) -> tuple[GroupTable, ...]:
    """A table for each column that tells groups apart. One with a value for nearly every picture,
    such as what it was copied from, doesn't."""
    columns = story.predictions.groups.items()
    tables = (
        score_groups(story.predictions, name, values)
        for name, values in columns
        if 2 <= len(set(values.tolist()) - {""}) <= MOST_GROUPS
    )
    return tuple(table for table in tables if table)


def _blocks(story: RunStory) -> Iterator[Block]:
    if worst := worst_class(story.test):
        yield Paragraph(describe_worst(worst), "finding")
    rates = [(each.name, each.recall_interval) for each in story.test.classes]
    known = [(name, found) for name, found in rates if found]
    drawn = draw_forest(known, story.test.accuracy.value, label="Recall of each class")
    which = "each class" if len(known) <= MOST else f"the {MOST} classes that fare worst"
    yield Figure(
        drawn,
        f"Recall of {which}, the lowest first, which is partly the "
        "unluckiest; dashed: accuracy on all pictures.",
    )
    tables = group_tables(story)
    for table in tables:
        yield from _group_blocks(table)
    if not tables:
        yield Paragraph("Nothing says which group a picture belongs to, so none are compared.")


def _group_blocks(table: GroupTable) -> Iterator[Block]:
    yield Paragraph(describe_groups(table), "finding")
    worst_first = sorted(table.groups, key=lambda group: group.accuracy.value)
    yield Table(
        (table.column, "pictures", "accuracy"),
        tuple((group.name, f"{group.n:,}", rate(group.accuracy)) for group in worst_first),
    )
    if table.unknown:
        yield Paragraph(f"Of {table.unknown:,} pictures the group isn't known; they are left out.")
