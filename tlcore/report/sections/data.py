"""What was learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.corrections import in_words, listed
from tlcore.data.cards import DatasetCard
from tlcore.data.cards import card_of as card_of_data
from tlcore.recipe import Data, Shapes
from tlcore.report.blocks import Block, Facts, Items, Section
from tlcore.report.sections.shared import beside
from tlcore.report.story import RunStory


def data(stories: Sequence[RunStory]) -> Section:
    """The data set of each run; told once if all have the same."""
    first = stories[0]
    same = all(
        story.recipe.data == first.recipe.data and story.pictures == first.pictures
        for story in stories
    )
    return Section("Data", beside(stories[:1] if same else stories, _blocks))


def card_of(story: RunStory) -> DatasetCard:
    """What is known of the data set."""
    return card_of_data(story.recipe.data)


def _blocks(story: RunStory) -> Iterator[Block]:
    yield Facts(tuple(_facts(story)))
    if story.notes:
        yield Items(story.notes)


def _facts(story: RunStory) -> Iterator[tuple[str, str]]:
    card, chosen = card_of(story), story.recipe.data
    yield "data set", card.title
    yield "source", f"{card.source}; licence: {card.licence}"
    yield "classes", f"{len(story.predictions.classes)}: {', '.join(story.predictions.classes)}"
    yield "to learn from", f"{story.pictures['train']:,} pictures{_labels(chosen)}"
    yield "to choose by", f"{story.pictures['validation']:,} pictures, never trained on"
    yield "to be tested on", f"{story.pictures['test']:,} pictures, seen once, at the end"
    if chosen.name == "shapes" and (dials := _dials(chosen.shapes)):
        yield "dials", dials
    if chosen.corrections:
        corrected = f"{in_words(chosen.corrections)} ({listed(chosen.corrections)})"
        yield "corrected by hand", corrected
    if story.predictions.groups:
        yield "known of each", ", ".join(story.predictions.groups)


def _labels(chosen: Data) -> str:
    given = chosen.labels_per_class
    return "" if given is None else f", {given} of each class"


def _dials(shapes: Shapes) -> str:
    """Those of the drawn world that were turned."""
    turned = shapes.model_dump(exclude_defaults=True)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in turned.items())
