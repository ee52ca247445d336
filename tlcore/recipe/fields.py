"""Every field of a recipe, read from its classes: what may stand there, and what it means.

>>> rate = field_cards()["optimiser.rate"]
>>> rate.kind, rate.default, rate.values, rate.meaning
('number', 0.001, 'number above 0', 'The full learning rate.')
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from tlcore.recipe.model import Recipe
from tlcore.strict import Part

Kind = Literal["choice", "whole number", "number", "truth", "text", "list"]


@dataclass(frozen=True)
class FieldCard:
    """A field in a person's words.

    Attributes:
        path: Where it is in the recipe, in dots.
        kind: What it holds.
        choices: All that a choice may be.
        default: What it is where the recipe leaves it out; None where that is unset, or where it
            has to be given.
        values: What may stand there, in words.
        meaning: What its class says of it.
    """

    path: str
    kind: Kind
    choices: tuple[str, ...]
    default: Any
    values: str
    meaning: str

    @property
    def name(self) -> str:
        """The last word of its path."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Section:
    """A part of a recipe: its own fields, without those of the parts within.

    Attributes:
        path: Where it is in the recipe, in dots; empty for the recipe itself.
        about: What its class says of it.
        fields: In the order of the class.
    """

    path: str
    about: str
    fields: tuple[FieldCard, ...]


@cache
def sections() -> tuple[Section, ...]:
    """The recipe itself, then its parts and the parts within them."""
    return tuple(_sections(Recipe, ""))


@cache
def field_cards() -> dict[str, FieldCard]:
    """Every field by its path."""
    return {card.path: card for section in sections() for card in section.fields}


def _sections(part: type[Part], path: str) -> Iterator[Section]:
    own = {name: f for name, f in part.model_fields.items() if _part_in(f.annotation) is None}
    about, meanings = _docstring(part)
    cards = (_card(f"{path}.{name}", f, meanings.get(name, "")) for name, f in own.items())
    yield Section(path.lstrip("."), about, tuple(cards))
    for name, field in part.model_fields.items():
        if inner := _part_in(field.annotation):
            yield from _sections(inner, f"{path}.{name}")


def _card(path: str, field: FieldInfo, meaning: str) -> FieldCard:
    choices = tuple(
        str(choice)
        for kind in _types_in(field.annotation)
        if get_origin(kind) is Literal
        for choice in get_args(kind)
    )
    kind = "choice" if choices else _kind(field)
    default = None if field.is_required() else field.default
    return FieldCard(path.lstrip("."), kind, choices, default, _values(field, choices), meaning)


def _kind(field: FieldInfo) -> Kind:
    if get_origin(field.annotation) is tuple:
        return "list"
    types = _types_in(field.annotation)
    kinds: dict[type, Kind] = {bool: "truth", int: "whole number", float: "number", str: "text"}
    return next(kind for type_, kind in kinds.items() if type_ in types)


def _values(field: FieldInfo, choices: tuple[str, ...]) -> str:
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices if choice)
    kinds = {int: "whole number", float: "number", bool: "`true`, `false`", str: "text"}
    found = [words for kind, words in kinds.items() if kind in _types_in(field.annotation)]
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


def _docstring(part: type[Part]) -> tuple[str, dict[str, str]]:
    """What a part is, and what each of its attributes means."""
    text = inspect.cleandoc(part.__doc__ or "")
    about, _, attributes = text.partition("\nAttributes:\n")
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", attributes, re.MULTILINE)
    return " ".join(about.split()), {name: " ".join(words.split()) for name, words in entries}


def _types_in(annotation: Any) -> list[Any]:
    """A type and the types it is made of."""
    if get_origin(annotation) is Literal:
        return [annotation]
    return [annotation, *(inner for a in get_args(annotation) for inner in _types_in(a))]


def _part_in(annotation: Any) -> type[Part] | None:
    types = _types_in(annotation)
    return next((a for a in types if isinstance(a, type) and issubclass(a, Part)), None)
