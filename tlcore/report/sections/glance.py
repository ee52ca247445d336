"""At a glance: how accurate, how sure, and what was reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tlcore.analysis.scores import balanced_accuracy, baseline, describe_baseline
from tlcore.formatting import in_percent, rate
from tlcore.report.document.blocks import Block, Paragraph, Section, Table
from tlcore.report.sections.shared import NOTHING, few
from tlcore.report.words import duration
from tlcore.runs.result import RunStory, decide_among

_SHARES = {
    "test_accuracy": "test accuracy",
    "precision": "precision (macro)",
    "recall": "recall (macro)",
    "f1": "F1 (macro)",
    "train_accuracy": "training accuracy, kept epoch",
    "validation_accuracy": "validation accuracy, kept epoch",
    "first_epoch_accuracy": "training accuracy, first epoch",
}
_LOSSES = {
    "test_loss": "test loss",
    "train_loss": "training loss, kept epoch",
    "validation_loss": "validation loss, kept epoch",
}
_COUNTS = {"epochs": "epochs", "parameters": "parameters", "trainable": "trainable parameters"}


def glance(stories: Sequence[RunStory]) -> Section:
    """What to know if nothing else is read."""
    return Section("At a glance", tuple(_blocks(stories)))


def measured(story: RunStory) -> dict[str, float | None]:
    """The figures that reports give, as they came out here."""
    kept = story.curves[story.kept_epoch] if story.kept_epoch < len(story.curves) else {}
    first = story.curves[0] if story.curves else {}
    return {
        "test_accuracy": story.test.accuracy.value,
        "test_loss": story.test.loss,
        "precision": story.test.precision,
        "recall": story.test.recall,
        "f1": story.test.f1,
        **{name: kept.get(name) for name in _OF_AN_EPOCH},
        "first_epoch_accuracy": first.get("train_accuracy"),
        "epochs": story.epochs,
        "parameters": story.parameters,
        "trainable": story.trainable,
        "seconds": story.seconds,
    }


_OF_AN_EPOCH = ("train_accuracy", "validation_accuracy", "train_loss", "validation_loss")


def _blocks(stories: Sequence[RunStory]) -> Iterator[Block]:
    for number, story in enumerate(stories):
        yield Paragraph(_verdict(stories, number), "finding")
        yield from few(story.test.accuracy)
        if baseline(story.predictions).uneven:
            mean = rate(balanced_accuracy(story.predictions))
            yield Paragraph(f"Each class counting alike (balanced accuracy): {mean}.")
    for number, found in enumerate(decide_among(stories), 1):
        if found:
            yield Paragraph(f"Run {number} against run 1: {found.text}", "finding")
    yield _table(stories)
    if any(story.reported for story in stories):
        yield Paragraph(
            "Reported: by a report's authors, on their machines. Measured: here, by this run."
        )
    for number, story in enumerate(stories):
        if story.reported and not story.as_reported:
            text = (
                "The recipe was changed before it was run, so the reported figures are another's."
            )
            yield Paragraph(f"Run {number + 1}: {text}" if len(stories) > 1 else text, "caution")


def _verdict(stories: Sequence[RunStory], number: int) -> str:
    story = stories[number]
    who = f"Run {number + 1}, {story.name}: accuracy" if len(stories) > 1 else "Accuracy"
    return (
        f"{who} {rate(story.test.accuracy)} on {story.test.n:,} test pictures of "
        f"{len(story.predictions.classes)} classes; {describe_baseline(story.predictions)}"
    )


def _table(stories: Sequence[RunStory]) -> Table:
    """Every figure, measured, and reported beside it where a report gives any."""
    columns = [column for story in stories for column in _columns(story)]
    several = len(stories) > 1
    head = [
        f"{kind}, run {number}" if several else kind
        for number, story in enumerate(stories, 1)
        for kind in (("measured", "reported") if story.reported else ("measured",))
    ]
    rows = (
        (title, *(column[key] for column in columns))
        for key, title in {**_SHARES, **_LOSSES, **_COUNTS, "seconds": "time"}.items()
        if any(column[key] != NOTHING for column in columns)
    )
    return Table(("", *head), tuple(rows))


def _columns(story: RunStory) -> Iterator[dict[str, str]]:
    yield _written(measured(story)) | {"test_accuracy": rate(story.test.accuracy)}
    if story.reported:
        yield _written(story.reported)


def _written(figures: Mapping[str, float | None]) -> dict[str, str]:
    return {
        **{key: _figure(figures.get(key), lambda v: in_percent(v, digits=1)) for key in _SHARES},
        **{key: _figure(figures.get(key), "{:.3f}".format) for key in _LOSSES},
        **{key: _figure(figures.get(key), "{:,.0f}".format) for key in _COUNTS},
        "seconds": _figure(figures.get("seconds"), duration),
    }


def _figure(value: float | None, write: Callable[[float], str]) -> str:
    return NOTHING if value is None else write(value)
