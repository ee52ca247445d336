"""Where recipes differ: only the fields that do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tlcore.corrections import Correction, in_words, listed
from tlcore.recipe import Recipe

_UNSET = "–"


def differing_fields(recipes: Sequence[Recipe]) -> dict[str, tuple[str, ...]]:
    """Each field that isn't the same in all of them, with its values as text, a recipe each.

    >>> differing_fields([Recipe(epochs=3, seed=1, name="a"), Recipe(epochs=5, seed=1, name="b")])
    {'epochs': ('3', '5')}
    """
    every = [
        _flat(recipe.model_dump(mode="json", exclude={"name", "version"})) for recipe in recipes
    ]
    names = dict.fromkeys(name for fields in every for name in fields)
    values = {name: [fields.get(name) for fields in every] for name in names}
    return {
        name: tuple(_text(name, value) for value in said)
        for name, said in values.items()
        if len({json.dumps(value) for value in said}) > 1
    }


def _flat(fields: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        inner = isinstance(value, Mapping)
        flat |= _flat(value, f"{above}{name}.") if inner else {f"{above}{name}": value}
    return flat


def _text(name: str, value: Any) -> str:
    """As a recipe has it; a dash where it is unset. Of many corrections, the first few."""
    if value in (None, ""):
        return _UNSET
    if name == "data.corrections":
        corrections = [Correction(**each) for each in value]
        return f"{in_words(corrections)}: {listed(corrections)}" if corrections else _UNSET
    return value if isinstance(value, str) else json.dumps(value)
