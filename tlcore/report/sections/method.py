"""How each network was made, what was frozen when, and how many parameters it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.outline import HEAD, Outline
from tlcore.plan import Plan, Thaw
from tlcore.report.blocks import Block, Facts, Figure, Paragraph, Section, Table
from tlcore.report.charts.strip import draw_strip
from tlcore.report.sections.shared import beside
from tlcore.report.story import RunStory
from tlcore.report.words import method_facts, phase_words

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
