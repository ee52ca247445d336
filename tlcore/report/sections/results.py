"""Accuracy class by class, and what is taken for what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.auc import Rankings, rank_classes
from tlcore.analysis.curve_reading import read_curves
from tlcore.analysis.intervals import Interval
from tlcore.analysis.label_errors import Suspect, find_suspects, may_doubt
from tlcore.analysis.mistakes import confused_pairs, fold, rank_mistakes, superclasses_of
from tlcore.analysis.scores import (
    ClassScore,
    baseline,
    count_confusion,
    f1_interval,
    loss_interval,
    score,
)
from tlcore.errors import RunError
from tlcore.formatting import decimal, in_percent, quantity, rate
from tlcore.inference.methods import method
from tlcore.report.document.blocks import (
    Block,
    Figure,
    Gallery,
    Items,
    Paragraph,
    Picture,
    Section,
    Table,
)
from tlcore.report.document.charts.curves import draw_curves
from tlcore.report.document.charts.quality import draw_matrix
from tlcore.report.sections.shared import NOTHING, beside, class_name, mistake, thumbnail
from tlcore.runs.explanations import Explained, read_explained
from tlcore.runs.result import RunStory

WORST, SUSPECTS = 20, 10


def mistakes(stories: Sequence[RunStory]) -> Section:
    """Pictures, with what they are and what they were called."""
    return Section("Mistakes", beside(stories, _mistakes_blocks))


def _mistakes_blocks(story: RunStory) -> Iterator[Block]:
    rows = rank_mistakes(story.predictions, by="loss")
    if not len(rows):
        yield Paragraph(f"None, on {quantity(story.test.n, 'test picture')}.")
        return
    if story.thumbnails is None:
        yield Paragraph(
            "No small pictures were kept with this run, so its mistakes are told by name alone. "
            "Run the recipe again to have them.",
            "caution",
        )
    shown = tuple(mistake(story, int(row)) for row in rows[:WORST])
    yield Gallery(
        shown,
        f"The {len(shown)} worst of {quantity(len(rows), 'mistake')}, by loss: the true class, "
        "then what it was called with which confidence.",
    )
    yield from _why(story)
    suspects = find_suspects(story.predictions) if may_doubt(story.predictions) else ()
    if suspects:
        yield Gallery(
            tuple(_suspect(story, each) for each in suspects[:SUSPECTS]),
            f"Labels that may be wrong: the {len(suspects[:SUSPECTS])} likeliest, by confident "
            "learning. A network that errs looks the same as a label that does: only looking can "
            "tell.",
        )


def _why(story: RunStory) -> Iterator[Block]:
    """Maps of some mistakes, where the network was asked for them."""
    try:
        maps = read_explained(story.folder, story.network) if story.folder else ()
    except RunError as error:
        yield Paragraph(f"{error.what}. {error.remedy}", "caution")
        return
    if not maps:
        return
    found = method(maps[0].way)
    said = f" {found.says}" if found else ""
    against = ", violet against it" if found and found.signed else ""
    small = " The data set wasn't at hand, so it was asked about small copies."
    yield Gallery(
        tuple(_explained(story, each) for each in maps if each.row < len(story.predictions)),
        f"Why it said so, asked of the trained network by {found.title if found else maps[0].way}: "
        f"green spoke for what it said{against}.{said}{small if maps[0].small else ''}",
        pairs=True,
    )


def _explained(story: RunStory, each: Explained) -> Picture:
    return Picture(each.jpeg, mistake(story, each.row).lines)


def _suspect(story: RunStory, suspect: Suspect) -> Picture:
    given, likely = (class_name(story, place) for place in (suspect.given, suspect.likely))
    return Picture(thumbnail(story, suspect.row), (f"label: {given}", f"maybe {likely}"))


def training(stories: Sequence[RunStory]) -> Section:
    """Loss and accuracy by epoch, with each thaw marked, and read in words."""
    return Section("Training", beside(stories, _training_blocks))


def _training_blocks(story: RunStory) -> Iterator[Block]:
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
