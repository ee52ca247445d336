"""Recipes as YAML and JSON, with errors a person can act on.

>>> recipe = from_text("epochs: 3\\noptimiser: {rate: 1e-2}")
>>> from_text(to_yaml(recipe)) == recipe == from_text(to_json(recipe))
True
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from tlcore.errors import Problem, RecipeError
from tlcore.recipe import VERSION, Recipe

LARGEST_FILE = 256 * 1024

_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""How to read an older format: version n to the fields of version n + 1."""


def from_text(text: str, *, where: str = "") -> Recipe:
    """Read a recipe written as YAML or JSON."""
    return from_fields(parse(text, where=where), where=where)


def from_file(path: str | Path) -> Recipe:
    """Read a recipe file; a preset file (see `tlcore.presets`) counts by its recipe."""
    fields = parse(read(path), where=str(path))
    if isinstance(fields, dict) and isinstance(fields.get("recipe"), dict):
        fields = fields["recipe"]
    return from_fields(fields, where=str(path))


def read(path: str | Path) -> str:
    """The text of a recipe file, or one clear error."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _broken("is too large for a recipe (more than 256 KB)", path)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _broken("does not exist", path) from None
    except IsADirectoryError:
        raise _broken("is a folder, not a recipe file", path) from None
    except UnicodeDecodeError:
        raise _broken("is not text (UTF-8)", path) from None
    except OSError as error:
        raise _broken(f"can't be read: {error.strerror}", path) from None


def from_fields(fields: object, *, where: str = "") -> Recipe:
    """Build a recipe from plain values, or raise one `RecipeError` that lists every problem."""
    if not isinstance(fields, dict):
        raise RecipeError(
            [Problem("recipe", _shown(fields), "must be fields with values, such as epochs: 5")],
            where=where,
        )
    try:
        return Recipe.model_validate(_migrated(fields, where))
    except ValidationError as error:
        problems = [p for detail in error.errors() for p in _problems(detail)]
        raise RecipeError(problems, where=where) from None


def to_fields(recipe: Recipe) -> dict[str, Any]:
    """The fields that differ from the defaults, and the version."""
    return {"version": VERSION, **recipe.model_dump(mode="json", exclude_defaults=True)}


def to_yaml(recipe: Recipe) -> str:
    """The recipe as people write it."""
    return yaml.safe_dump(to_fields(recipe), sort_keys=False, allow_unicode=True)


def to_json(recipe: Recipe) -> str:
    """The recipe as programs exchange it."""
    return json.dumps(to_fields(recipe), indent=2, ensure_ascii=False)


class _Loader(yaml.SafeLoader):
    """YAML without its surprises: no aliases, no repeated fields, 1e-3 is a number, no is text."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):  # type: ignore[no-untyped-call]
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", mark)
        return super().compose_node(parent, index)  # type: ignore[no-any-return]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value} stands here twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag.endswith((":int", ":null"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|nan)$"),
    list("-+0123456789."),
)


def parse(text: str, *, where: str = "") -> object:
    """YAML (and so JSON) to plain values, or one `RecipeError` with the line."""
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        reason = getattr(error, "problem", None) or "it can't be read"
    except (RecursionError, ValueError) as error:
        place, reason = "", str(error) or "it is nested too deeply"
    rule = f"is not valid YAML or JSON{place}: {reason}"
    raise RecipeError([Problem("text", "", rule)], where=where)


def _migrated(fields: dict[str, Any], where: str) -> dict[str, Any]:
    version = fields.get("version", VERSION)
    if type(version) is not int or not 1 <= version <= VERSION:
        known = f"must be a whole number from 1 to {VERSION}; update the lab to read newer recipes"
        raise RecipeError([Problem("version", _shown(version), known)], where=where)
    while version < VERSION:
        fields = {**_MIGRATIONS[version](fields), "version": version + 1}
        version += 1
    return fields


def _problems(detail: Any) -> list[Problem]:
    """One pydantic finding as problems in our words."""
    field = ".".join(str(part) for part in detail["loc"])
    value = _shown(detail["input"])
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        *parents, name = detail["loc"]
        names = _field_names(parents)
        place = ".".join(str(part) for part in parents) or "a recipe"
        return [Problem(field, "", f"is no field of {place}", *_near(str(name), names))]
    if kind == "literal_error":
        choices = [c.strip("'") for c in re.findall(r"'[^']*'|\d+", context["expected"])]
        rule = f"must be one of {', '.join(choices)}"
        return [Problem(field, value, rule, *_near(str(detail["input"]), choices))]
    if kind == "value_error":
        return _own_rules(field, value, str(context["error"]))
    return [Problem(field, value, _RULES.get(kind, detail["msg"].lower()).format(**context))]


def _own_rules(field: str, value: str, text: str) -> list[Problem]:
    """Rules that our validators raised; those over several parts name their own fields."""
    if not field:
        return [Problem(*line.split(": ", 1)[:1], "", line.split(": ", 1)[1]) for line in
                text.splitlines()]
    return [Problem(field, "" if value.startswith("{") else value, text)]


_RULES = {
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters",
    "tuple_type": "must be a list",
    "model_type": "must be fields with values",
    "model_attributes_type": "must be fields with values",
    "missing": "must be given",
}


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= 60 else f"{text[:57]}..."


def _near(name: str, names: list[str]) -> list[str]:
    return get_close_matches(name.lower().replace("_", "-"), names, n=1) or get_close_matches(
        name.lower().replace("-", "_"), names, n=1
    )


def _field_names(path: list[str | int]) -> list[str]:
    """The fields at a place in the recipe."""
    model: Any = Recipe
    for part in path:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            inner = [a for a in (annotation, *get_args(annotation)) if _is_part(a)]
            model = inner[0]
    return list(model.model_fields)


def _is_part(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _broken(rule: str, path: Path) -> RecipeError:
    return RecipeError([Problem("file", "", rule)], where=str(path))
