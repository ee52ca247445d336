"""Recipes as YAML and JSON, with errors a person can act on.

>>> recipe = from_text("epochs: 3\\noptimiser: {rate: 1e-2}")
>>> from_text(to_yaml(recipe)) == recipe == from_text(to_json(recipe))
True
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError

from tlcore import strict
from tlcore.errors import NotReadable, Problem, RecipeError
from tlcore.recipe.corrections import Correction, in_words, listed
from tlcore.recipe.model import VERSION, Recipe
from tlcore.recipe.problems import problems_of, shown

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


LARGEST_FILE = strict.LARGEST_TEXT

Fields: TypeAlias = dict[str, Any]
Migration: TypeAlias = Callable[[Fields], Fields]

MIGRATIONS: dict[int, Migration] = dict.fromkeys((1, 2), lambda fields: fields)
"""How to read an older format: version n to the fields of version n + 1.

Versions 2 and 3 read as version 1 does; what they compute otherwise is in `tlcore.recipe.changes`.
"""


def from_text(text: str, *, where: str = "") -> Recipe:
    """Read a recipe written as YAML or JSON."""
    return from_fields(parse(text, where=where), where=where)


def from_file(path: str | Path) -> Recipe:
    """Read a recipe file; a preset file (see `tlcore.recipe.presets`) counts by its recipe."""
    fields = parse(read(path), where=str(path))
    if isinstance(fields, dict) and isinstance(fields.get("recipe"), dict):
        fields = fields["recipe"]
    return from_fields(fields, where=str(path))


def from_fields(fields: object, *, where: str = "") -> Recipe:
    """Build a recipe from plain values, or raise one `RecipeError` that lists every problem."""
    if not isinstance(fields, dict):
        found = "empty" if fields is None else shown(fields)
        rule = "must be fields with values, such as epochs: 5"
        raise RecipeError([Problem("recipe", found, rule)], where=where)
    try:
        return Recipe.model_validate(migrated(fields, where=where))
    except ValidationError as error:
        raise RecipeError(problems_of(error), where=where) from None


def version_of(text: str) -> int:
    """In which version a recipe was written; the newest where it says none or can't be read.

    >>> version_of("version: 1"), version_of("epochs: 3") == VERSION
    (1, True)
    """
    try:
        fields = strict.load(text)
    except NotReadable:
        return VERSION
    if isinstance(fields, dict) and isinstance(fields.get("recipe"), dict):
        fields = fields["recipe"]  # a preset's file
    found = fields.get("version", VERSION) if isinstance(fields, dict) else VERSION
    return found if type(found) is int else VERSION


def to_fields(recipe: Recipe, version: int = VERSION) -> Fields:
    """The fields that differ from the defaults, and the version in which it was asked for."""
    return {"version": version, **recipe.model_dump(mode="json", exclude_defaults=True)}


def to_yaml(recipe: Recipe, version: int = VERSION) -> str:
    """The recipe as people write it."""
    return strict.dump(to_fields(recipe, version))


def to_json(recipe: Recipe, version: int = VERSION) -> str:
    """The recipe as programs exchange it."""
    return json.dumps(to_fields(recipe, version), indent=2, ensure_ascii=False)


def read(path: str | Path) -> str:
    """The text of a recipe file, or one clear error."""
    path = Path(path)
    try:
        return _read(path)
    except FileNotFoundError:
        raise _broken("does not exist", path) from None
    except UnicodeDecodeError:
        raise _broken("is not text (UTF-8)", path) from None
    except OSError as error:
        raise _broken(f"can't be read: {error.strerror}", path) from None
    except ValueError:  # a NUL byte in the name
        raise _broken("has a name that no file can have", path) from None


def parse(text: str, *, where: str = "") -> object:
    """YAML (and so JSON) to plain values, or one `RecipeError` with the line."""
    try:
        return strict.load(text)
    except NotReadable as error:
        place = f" ({error.where})" if error.where else ""
        rule = f"is not valid YAML or JSON{place}: {error.what}"
        raise RecipeError([Problem("text", "", rule)], where=where) from None


def migrated(
    fields: Fields,
    *,
    where: str = "",
    migrations: Mapping[int, Migration] = MIGRATIONS,
    newest: int = VERSION,
) -> Fields:
    """The fields as the newest format has them, brought there version by version.

    >>> milliseconds = {1: lambda old: {"wait": old["wait_ms"] / 1000}}
    >>> migrated({"version": 1, "wait_ms": 250}, migrations=milliseconds, newest=2)
    {'wait': 0.25, 'version': 2}
    """
    version = fields.get("version", newest)
    if type(version) is not int or not 1 <= version <= newest:
        rule = f"must be a whole number up to {newest}; a newer recipe needs a newer lab"
        raise RecipeError([Problem("version", shown(version), rule)], where=where)
    for step in range(version, newest):
        fields = {**migrations[step](fields), "version": step + 1}
    return fields


def _read(path: Path) -> str:
    if path.exists() and not path.is_file():  # a pipe or a device may have no end
        raise _broken("is a folder or a device, not a recipe file", path)
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise _broken("is too large for a recipe (more than 256 KB)", path)
    return data.decode("utf-8-sig")  # some editors begin a file with a byte order mark


def _broken(rule: str, path: Path) -> RecipeError:
    return RecipeError([Problem("file", "", rule)], where=str(path))
