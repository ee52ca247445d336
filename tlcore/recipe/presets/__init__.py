"""The recipes that come with the lab: the reports' systems, and the house's own.

>>> preset = find("c-scratch")
>>> preset.report, preset.reported["test_accuracy"], preset.recipe.model.backbone
('C', 0.77, 'scratch-c')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from tlcore.errors import Problem, RecipeError
from tlcore.recipe.model import Recipe
from tlcore.recipe.text import from_fields, read
from tlcore.strict import load

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Preset:
    """A recipe with its story.

    Attributes:
        name: Of its file, and on the command line.
        title: What it does, in a line.
        recipe: What runs.
        report: Whose system it is, `A` to `E`; empty for the house's own.
        reported: What the report says came out: shares from 0 to 1, losses, counts, seconds.
            Never measured here.
        differs: What is not as in the report, or not said there, and what stands in for it.
    """

    name: str
    title: str
    recipe: Recipe
    report: str
    reported: Mapping[str, float]
    differs: tuple[str, ...]


@cache
def presets() -> tuple[Preset, ...]:
    """All of them: the reports' first, in the reports' order, then the house's."""
    every = (_read(path) for path in sorted(FOLDER.glob("*.yaml")))
    return tuple(sorted(every, key=lambda preset: preset.report or "Z"))


@cache
def find(name: str) -> Preset:
    """One by its name.

    Raises:
        RecipeError: There is none of that name; it suggests the nearest.
    """
    names = [path.stem for path in FOLDER.glob("*.yaml")]
    if name not in names:
        near = get_close_matches(name.lower().replace("_", "-"), names, n=1)
        raise RecipeError([Problem("preset", repr(name), "is no recipe of the lab's", *near)])
    return _read(FOLDER / f"{name}.yaml")


def _read(path: Path) -> Preset:
    fields: Any = load(read(path))
    return Preset(
        name=path.stem,
        title=fields["title"],
        recipe=from_fields({"name": fields["title"], **fields["recipe"]}, where=str(path)),
        report=fields.get("report", ""),
        reported=fields.get("reported", {}),
        differs=tuple(fields.get("differs", ())),
    )
