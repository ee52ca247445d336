"""What the numbers don't say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.label_errors import find_suspects, may_doubt
from tlcore.analysis.wording import quantity
from tlcore.report.blocks import Items, Section
from tlcore.report.sections.shared import beside
from tlcore.report.story import RunStory

_FEW_LABELS = 20


def limits(stories: Sequence[RunStory]) -> Section:
    """Each limit follows from a fact of the run; what holds for all runs is told once."""
    said = [tuple(_of(story)) for story in stories]
    common = [text for text in said[0] if all(text in texts for texts in said)]
    own = {story.run: [t for t in texts if t not in common]
           for story, texts in zip(stories, said, strict=True)}  # fmt: skip
    blocks = beside(stories, lambda story: [Items(tuple(own[story.run]))] if own[story.run] else [])
    return Section("Limits", (Items(tuple(common)), *(blocks if any(own.values()) else ())))


def _of(story: RunStory) -> Iterator[str]:
    yield from _of_measuring(story)
    yield from _of_the_data(story)
    yield from _of_the_report(story)


def _of_measuring(story: RunStory) -> Iterator[str]:
    yield (
        "One run, one seed. The intervals are over test pictures; another seed may move "
        "the numbers further."
    )
    if story.test.n < 1000:
        yield f"{quantity(story.test.n, 'test picture')} leave wide intervals."
    if story.recipe.data.limit_test:
        yield "Only a part of the test set was used, so the figures aren't those of the whole."
    if not story.pictures["validation"]:
        yield (
            "No pictures were set aside for checking while it trained, so the last epoch was taken."
        )
    if story.test.absent:
        yield f"Without a test picture, and so without a score: {', '.join(story.test.absent)}."
    if may_doubt(story.predictions) and (suspects := len(find_suspects(story.predictions))):
        share = quantity(suspects, "test label")
        yield f"Up to {share} may be wrong, so accuracy may be a little off either way."


def _of_the_data(story: RunStory) -> Iterator[str]:
    if story.recipe.data.name == "shapes":
        yield "The pictures are drawn by code: nothing follows for photographs."
    else:
        yield "The test pictures come from the same source as the training pictures; others differ."
    if story.pictures["train"] < _FEW_LABELS * len(story.predictions.classes):
        yield (
            f"It learned from {quantity(story.pictures['train'], 'picture')} only; other pictures "
            "of the same classes may give another network."
        )
    if not story.from_scratch:
        yield _origin(story.recipe.model.backbone)


def _origin(backbone: str) -> str:
    """Where the weights come from that it began with."""
    if backbone == "pebble-shapes":
        return "The pre-trained weights come from this lab's own drawn shapes."
    return (
        "The pre-trained weights come from pictures that were not looked at here; what they "
        "bring along is not known."
    )


def _of_the_report(story: RunStory) -> Iterator[str]:
    """Where a report's system can't be repeated letter by letter."""
    if story.preset and story.preset.report:
        yield from story.preset.differs
