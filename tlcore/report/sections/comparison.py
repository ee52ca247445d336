"""Each further run against the first: on the same pictures, which it fixed and which it broke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tlcore import strict
from tlcore.analysis.comparison import Changes, changes
from tlcore.analysis.intervals import Rows
from tlcore.formatting import quantity
from tlcore.recipe.text import to_fields
from tlcore.report.document.blocks import (
    Block,
    Code,
    Facts,
    Figure,
    Gallery,
    Paragraph,
    Picture,
    Section,
)
from tlcore.report.document.charts.curves import draw_runs
from tlcore.report.sections.ethics import cost
from tlcore.report.sections.shared import beside, class_name, spread, thumbnail
from tlcore.runs.result import RunStory

_LIBRARIES = ("torch", "torchvision", "timm", "numpy", "Pillow")


def reproduce(stories: Sequence[RunStory]) -> Section:
    """Recipe, seed, versions, hardware, time, energy."""
    return Section("How to reproduce this", (Paragraph(_HOW), *beside(stories, _blocks)))


_HOW = (
    "Save the recipe as recipe.yaml and run it: python -m tlcore run recipe.yaml. On the same kind "
    "of processor, with the same versions and number of threads, every number comes out the same."
)


def _blocks(story: RunStory) -> Iterator[Block]:
    yield Facts(tuple(_facts(story)))
    yield Code(strict.dump(to_fields(story.recipe)), "yaml")


def _facts(story: RunStory) -> Iterator[tuple[str, str]]:
    known = story.environment
    yield "run", story.run
    yield "recipe", story.recipe.id
    yield "seed", str(story.recipe.seed)
    yield "device", f"{story.device}, {story.precision}"
    if not known:
        yield "machine", "not kept with this run"
    else:
        yield "machine", _machine(story)
        yield "versions", ", ".join(_versions(story))
    yield "time, energy", cost(story)


def _machine(story: RunStory) -> str:
    known = story.environment
    parts = (known.get("processor"), known.get("system"), _threads(known))
    return ", ".join(str(part) for part in parts if part)


def _threads(known: Mapping[str, Any]) -> str:
    threads = known.get("threads")
    return quantity(threads, "thread") if isinstance(threads, int) else ""


def _versions(story: RunStory) -> Iterator[str]:
    known = story.environment
    yield f"Thaw {known.get('thaw', '?')}"
    yield f"Python {known.get('python', '?')}"
    libraries = known.get("libraries")
    if isinstance(libraries, dict):
        yield from (f"{name} {libraries[name]}" for name in _LIBRARIES if name in libraries)


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
