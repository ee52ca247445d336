"""`--set optimiser.rate=1e-2`: a recipe with some fields changed, held to the same rules."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any, TypeAlias

from tlcore.errors import Problem, RecipeError

Override: TypeAlias = tuple[str, str]
"""A field in dots, and its new value as it was typed."""


def read_override(text: str) -> Override:
    """Split what was typed; what the value means is for the recipe to say.

    >>> read_override("data.path=photos/a=b.zip")
    ('data.path', 'photos/a=b.zip')
    """
    field, equals, value = text.partition("=")
    if not equals or not all(field.split(".")):
        raise ArgumentTypeError(f"{text!r} must be FIELD=VALUE, such as epochs=3")
    return field, value


def changed(fields: dict[str, Any], overrides: Sequence[Override]) -> dict[str, Any]:
    """The fields of a recipe with the overrides put in, the last one of a field winning.

    >>> changed({"epochs": 5, "optimiser": {"name": "sgd"}}, [("optimiser.rate", "1e-2")])
    {'epochs': 5, 'optimiser': {'name': 'sgd', 'rate': 0.01}}
    """
    from tlcore.recipe_text import parse

    for field, text in overrides:
        fields = _put(fields, field.split("."), parse(text, where=f"--set {field}"), field)
    return fields


def _put(fields: dict[str, Any], path: list[str], value: object, field: str) -> dict[str, Any]:
    name, *rest = path
    if not rest:
        return {**fields, name: value}
    inner = fields.get(name, {})
    if not isinstance(inner, dict):
        above = field.removesuffix("." + ".".join(rest))
        rule = f"can't be set, because {above} has no fields; set {above} as a whole"
        raise RecipeError([Problem(field, "", rule)], where="--set")
    return {**fields, name: _put(inner, rest, value, field)}
