"""Every field of a recipe as a page, drawn from its classes: `python docs/recipe_reference.py`."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pydantic.fields import FieldInfo

from tlcore import scope
from tlcore.part import Part
from tlcore.recipe import Recipe

PAGE = Path(__file__).parent / "RECIPE.md"
OPENING = """# Every field of a recipe

Made by `python docs/recipe_reference.py` from the classes in `tlcore/recipe.py`,
`tlcore/schedule.py` and `tlcore/rates.py`. All fields may be left out; what is left out has the
default. `python -m tlcore recipes NAME` prints whole recipes to start from.
"""


def drawn() -> str:
    """The page as it should be."""
    words = inspect.cleandoc(scope.__doc__ or "")
    return "\n".join([OPENING, *_section(Recipe, ""), "## How to say what thaws", "", words, ""])


def _section(part: type[Part], place: str) -> list[str]:
    """A table of a part's own fields, then the sections of the parts within."""
    own = {name: f for name, f in part.model_fields.items() if _part_in(f.annotation) is None}
    inner = {name: f for name, f in part.model_fields.items() if name not in own}
    about, meanings = _docstring(part)
    lines = [f"## {place or 'The recipe itself'}", "", about, ""]
    if own:
        lines += ["| field | values | default | meaning |", "|---|---|---|---|"]
        lines += [_row(name, field, meanings.get(name, "")) for name, field in own.items()]
        lines.append("")
    for name, field in inner.items():
        found = _part_in(field.annotation)
        assert found is not None
        lines += _section(found, f"{place}.{name}".lstrip("."))
    return lines


def _row(name: str, field: FieldInfo, meaning: str) -> str:
    default = "" if field.is_required() else _shown(field.default)
    return f"| `{name}` | {_values(field)} | {default} | {meaning} |"


def _values(field: FieldInfo) -> str:
    choices = [
        c for a in _parts_of(field.annotation) if get_origin(a) is Literal for c in get_args(a)
    ]
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices if choice)
    kinds = {int: "whole number", float: "number", bool: "`true`, `false`", str: "text"}
    found = [words for kind, words in kinds.items() if kind in _parts_of(field.annotation)]
    listed = "list of " if get_origin(field.annotation) is tuple else ""
    return listed + (found[0] + "s" if listed else found[0]) + _bounds(field)


def _bounds(field: FieldInfo) -> str:
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
    bounds = [
        f"{word} {getattr(rule, name):,}"
        for rule in field.metadata
        for name, word in words.items()
        if getattr(rule, name, None) is not None
    ]
    return f" {' '.join(bounds)}" if bounds else ""


def _shown(value: Any) -> str:
    if value is None or value in ("", ()):
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _docstring(part: type[Part]) -> tuple[str, dict[str, str]]:
    """What a part is, and what each of its attributes means."""
    text = inspect.cleandoc(part.__doc__ or "")
    about, _, attributes = text.partition("\nAttributes:\n")
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", attributes, re.MULTILINE)
    return " ".join(about.split()), {name: " ".join(words.split()) for name, words in entries}


def _parts_of(annotation: Any) -> list[Any]:
    """A type and the types it is made of."""
    if get_origin(annotation) is Literal:
        return [annotation]
    return [annotation, *(inner for a in get_args(annotation) for inner in _parts_of(a))]


def _part_in(annotation: Any) -> type[Part] | None:
    parts = _parts_of(annotation)
    return next((a for a in parts if isinstance(a, type) and issubclass(a, Part)), None)


if __name__ == "__main__":
    PAGE.write_text(drawn(), encoding="utf-8")
