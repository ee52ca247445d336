"""Accuracy class by class, and what is taken for what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.intervals import Interval
from tlcore.analysis.mistakes import confused_pairs
from tlcore.analysis.ranking import Rankings, rank_classes
from tlcore.analysis.scores import ClassScore, count_confusion, f1_interval, loss_interval, score
from tlcore.analysis.superclasses import fold, superclasses_of
from tlcore.analysis.wording import decimal, in_percent, rate
from tlcore.report.blocks import Block, Figure, Paragraph, Section, Table
from tlcore.report.charts.matrix import draw_matrix
from tlcore.report.sections.shared import NOTHING, beside, class_name
from tlcore.report.story import RunStory

MOST_ROWS = 120


def results(stories: Sequence[RunStory]) -> Section:
    """Scores, confusion matrix and the commonest confusions."""
    return Section("Results", beside(stories, _blocks))


def _blocks(story: RunStory) -> Iterator[Block]:
    f1, ranked = f1_interval(story.predictions), rank_classes(story.predictions)
    loss = loss_interval(story.predictions)
    yield Paragraph(
        f"Accuracy {rate(story.test.accuracy)}, macro F1 {decimal(f1)}{_few(f1)}, "
        f"{_areas(ranked)}loss {decimal(loss)}{_few(loss)}. Intervals are at 95 %, over the test "
        "pictures."
    )
    yield _matrix(story)
    yield from _superclasses(story)
    if pairs := confused_pairs(story.predictions, top=8):
        yield Table(
            ("true class", "called", "pictures", "of the class"),
            tuple(
                (class_name(story, p.actual), class_name(story, p.called), f"{p.count:,}",
                 rate(p.share))
                for p in pairs
            ),
            "The commonest confusions; the intervals allow for their having been picked.",
        )  # fmt: skip
    yield _class_table(story)
    if ranked.auc:
        yield _area_table(ranked)


def _few(found: Interval) -> str:
    return f" ({found.warning})" if found.warning else ""


def _areas(ranked: Rankings) -> str:
    """How well classes are told apart whatever the threshold, each against the rest."""
    if ranked.auc is None or ranked.precision is None:
        return ""
    few = _few(ranked.auc)
    return (
        f"macro AUC {decimal(ranked.auc)} and average precision {decimal(ranked.precision)}, each "
        f"class against the rest{few}, "
    )


def _matrix(story: RunStory) -> Figure:
    classes = story.predictions.classes
    drawn = draw_matrix(count_confusion(story.predictions), classes)
    caption = "Confusion matrix: rows are true classes, stronger the larger the share of the row."
    return Figure(drawn, f"{caption} Right in blue, wrong in purple.")


def _superclasses(story: RunStory) -> Iterator[Block]:
    """CIFAR-100 once more by its 20 superclasses."""
    if superclasses := superclasses_of(story.predictions.classes):
        folded = fold(story.predictions, superclasses)
        drawn = draw_matrix(count_confusion(folded), folded.classes)
        accuracy = rate(score(folded).accuracy)
        yield Figure(drawn, f"The same by superclass: accuracy {accuracy}.")


def _class_table(story: RunStory) -> Table:
    worst_first = sorted(story.test.classes, key=lambda each: each.recall or 0.0)
    caption = "Every class, the lowest recall first; the lowest of many is partly the unluckiest."
    if len(worst_first) > MOST_ROWS:
        caption = f"The {MOST_ROWS} of {len(worst_first)} classes with the lowest recall."
    return Table(
        ("class", "pictures", "precision", "recall", "F1"),
        tuple(map(_row, worst_first[:MOST_ROWS])),
        caption,
    )


def _row(each: ClassScore) -> tuple[str, ...]:
    if each.recall_interval is None:
        return each.name, "0", NOTHING, NOTHING, NOTHING
    return (
        each.name,
        f"{each.support:,}",
        in_percent(each.precision or 0.0),
        rate(each.recall_interval),
        f"{each.f1 or 0.0:.2f}",
    )


def _area_table(ranked: Rankings) -> Table:
    """The classes that are told from the others worst on top."""
    found = sorted(
        ((each.name, each.auc, each.precision) for each in ranked.classes if each.auc),
        key=lambda each: each[1].value,
    )
    caption = "Each class against the rest, whatever the threshold: the lowest AUC first."
    return Table(
        ("class", "AUC", "average precision"),
        tuple(
            (name, decimal(auc), decimal(precision) if precision else NOTHING)
            for name, auc, precision in found[:MOST_ROWS]
        ),
        caption,
    )
