"""How to get the same numbers again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tlcore import notation
from tlcore.analysis.wording import quantity
from tlcore.recipe_text import to_fields
from tlcore.report.blocks import Block, Code, Facts, Paragraph, Section
from tlcore.report.sections.ethics import cost
from tlcore.report.sections.shared import beside
from tlcore.report.story import RunStory

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
    yield Code(notation.dump(to_fields(story.recipe)), "yaml")


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
