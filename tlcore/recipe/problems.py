"""What pydantic finds wrong with a recipe, in our words: the field, its value and the rule.

Our own validators in `tlcore.recipe` and its parts speak in lines of `field: rule`, the field
counted from the part that speaks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from tlcore.errors import Problem
from tlcore.recipe.model import Recipe

_RULES = {
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters",
    "tuple_type": "must be a list",
    "model_type": "must be fields with values",
    "invalid_key": "must be the name of a field",
    "missing": "must be given",
}

_CALLED_ELSEWHERE = {"lr": "rate", "learning-rate": "rate"}


def problems_of(error: ValidationError) -> list[Problem]:
    """Everything that is wrong, in the order of the recipe."""
    return [problem for detail in error.errors() for problem in _problems(detail)]


def shown(value: object) -> str:
    """A value as a person wrote it, cut to a length that fits into a sentence."""
    try:
        text = repr(value) if isinstance(value, str) else json.dumps(value, default=repr)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _problems(detail: Any) -> list[Problem]:
    """One finding of pydantic's."""
    kind, place, given = detail["type"], detail["loc"], detail["input"]
    context = detail.get("ctx", {})
    field = ".".join(str(part) for part in place)
    if kind == "extra_forbidden":
        return [_unknown_field(place)]
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        rule = f"must be one of {', '.join(choices)}"
        return [Problem(field, shown(given), rule, *_near(str(given), choices))]
    if kind == "value_error" and isinstance(given, dict):
        lines = str(context["error"]).splitlines()
        return [_own_rule(place, given, line) for line in lines]
    if kind == "value_error":
        return [Problem(field, shown(given), str(context["error"]))]
    rule = _RULES.get(kind, detail["msg"]).format(**context)
    return [Problem(field, "" if kind == "missing" else shown(given), rule)]


def _unknown_field(place: tuple[str | int, ...]) -> Problem:
    *parents, name = place
    owner = ".".join(str(part) for part in parents) or "a recipe"
    names = _field_names(parents)
    rule = f"is no field of {owner}, which has {', '.join(names)}"
    return Problem(".".join(str(part) for part in place), "", rule, *_near(str(name), names))


def _own_rule(place: tuple[str | int, ...], given: dict[str, Any], line: str) -> Problem:
    """A line of `field: rule` from a validator that saw a whole part."""
    name, rule = line.split(": ", 1)
    value: Any = given
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
    field = ".".join(str(part) for part in (*place, name))
    return Problem(field, "" if value is None else shown(value), rule)


def _near(name: str, names: Sequence[str]) -> list[str]:
    """The nearest right name, if one is near; `-` and `_` are the same to people."""
    wanted = name.lower().replace("_", "-")
    wanted = _CALLED_ELSEWHERE.get(wanted, wanted)
    spelled = {each.replace("_", "-"): each for each in names}
    return [spelled[each] for each in get_close_matches(wanted, spelled, n=1)]


def _field_names(path: Sequence[str | int]) -> list[str]:
    """The fields at a place in the recipe."""
    model: Any = Recipe
    for part in path:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = next(a for a in (annotation, *get_args(annotation)) if _is_part(a))
    return list(model.model_fields)


def _is_part(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
