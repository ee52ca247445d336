"""How each network was made, what was frozen when, and how many parameters it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.data.cards import DatasetCard
from tlcore.data.cards import card_of as card_of_data
from tlcore.recipe import Data, Shapes
from tlcore.recipe.corrections import in_words, listed
from tlcore.report.document.blocks import Block, Facts, Figure, Items, Paragraph, Section, Table
from tlcore.report.document.charts.strip import draw_strip
from tlcore.report.sections.shared import beside
from tlcore.report.words import method_facts, phase_words
from tlcore.runs.result import RunStory
from tlcore.schedule.outline import HEAD, Outline
from tlcore.schedule.plan import Plan, Thaw


def data(stories: Sequence[RunStory]) -> Section:
    """The data set of each run; told once if all have the same."""
    first = stories[0]
    same = all(
        story.recipe.data == first.recipe.data and story.pictures == first.pictures
        for story in stories
    )
    return Section("Data", beside(stories[:1] if same else stories, _data_blocks))


def card_of(story: RunStory) -> DatasetCard:
    """What is known of the data set."""
    return card_of_data(story.recipe.data)


def _data_blocks(story: RunStory) -> Iterator[Block]:
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


MOST_PHASES = 3


def method(stories: Sequence[RunStory]) -> Section:
    """Recipe in words, freeze strip, model summary."""
    return Section("Method", beside(stories, _blocks))


def _blocks(story: RunStory) -> Iterator[Block]:
    yield Facts(tuple(method_facts(story.recipe)))
    if story.outline is None:
        yield from _without_outline(story)
        return
    plan = Plan(story.recipe.schedule, story.outline, story.recipe.epochs)
    yield Figure(
        draw_strip(plan, story.epochs), f"Freeze strip. {_schedule(story, story.outline)}."
    )
    yield _summary(plan)


def _schedule(story: RunStory, outline: Outline) -> str:
    phases = story.recipe.schedule.phases_for(story.recipe.epochs, len(outline.blocks))
    starts = [sum(p.epochs or 0 for p in phases[:i]) for i in range(len(phases))]
    said = (phase_words(p, s, p.epochs or 0) for p, s in zip(phases, starts, strict=True))
    text = "; ".join(said)
    return text[0].upper() + text[1:]


def _summary(plan: Plan) -> Table:
    """Parameters by block, and how many of them train in each phase."""
    blocks = (*plan.outline.blocks, HEAD)
    thaws = plan.thaws if len(plan.thaws) <= MOST_PHASES else (plan.thaws[0], plan.thaws[-1])
    phases = [f"epoch {thaw.start + 1} on" for thaw in thaws]
    rows = [(block, *_counts(plan.outline, thaws, block)) for block in blocks]
    totals = [sum(column) for column in zip(*(row[1:] for row in rows), strict=True)]
    return Table(
        ("block", "layers", "parameters", *phases),
        tuple(
            (str(name), *(f"{number:,}" for number in numbers))
            for name, *numbers in (*rows, ("all", *totals))
        ),
        "Model summary, from the pictures to the classes: parameters, and how many of them train.",
    )


def _counts(outline: Outline, thaws: Sequence[Thaw], block: str) -> tuple[int, ...]:
    layers = [layer for layer in outline.layers if layer.block == block]
    sizes = [pair for layer in layers for pair in layer.parameters]
    trains = (sum(size for name, size in sizes if name in thaw.trainable) for thaw in thaws)
    return len(layers), sum(size for _, size in sizes), *trains


def _without_outline(story: RunStory) -> Iterator[Block]:
    """A backbone that isn't in the catalogue: what the run itself counted."""
    rows = tuple(
        (f"from epoch {phase.epoch + 1}", phase.thawed, f"{phase.trainable:,}")
        for phase in story.phases
    )
    yield Table(("phase", "thawed", "parameters that train"), rows)
    yield Paragraph(
        f"{story.parameters:,} parameters in all. The catalogue doesn't know this backbone, so its "
        "blocks can't be drawn without loading it."
    )
