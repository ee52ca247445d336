"""The rows as recipes: what is trained, in which order, and how it differs from the preset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from tlcore import catalog
from tlcore.catalog.weight_files import named
from tlcore.errors import Problem, RecipeError
from tlcore.recipe import Recipe
from tlcore.recipe.presets import Preset, find
from tlcore.recipe.text import from_fields, to_fields
from tlcore.studies.reproduce.rows import ROWS, Fields, Row

SIZES = {"cifar10": (50_000, 10_000)}
"""Pictures to train with and to test on, where a part of them is used."""


@dataclass(frozen=True)
class Job:
    """One run of a row.

    Attributes:
        row: Whose.
        recipe: What to train.
        labels: Labels a class, where the row tries several; else None.
    """

    row: Row
    recipe: Recipe
    labels: int | None = None

    @property
    def seed(self) -> int:
        return self.recipe.seed

    @property
    def key(self) -> str:
        """Under which its measurement is kept: the same recipe is measured once, whatever row."""
        return f"{self.recipe.id}/{self.seed}"


def choose(names: Sequence[str]) -> tuple[Row, ...]:
    """The rows of these names, or of reports by their letter; all of them if none is named.

    Raises:
        RecipeError: There is no row of that name; it suggests the nearest.
    """
    known = [row.id for row in ROWS]
    letters = {find(row.preset).report for row in ROWS} - {""}
    for name in names:
        if name not in known and name not in letters:
            near = get_close_matches(name, [*known, *letters], n=1)
            raise RecipeError([Problem("--only", repr(name), "is no row of the table", *near)])
    return tuple(row for row in ROWS if not names or {row.id, letter(row)} & set(names))


def letter(row: Row) -> str:
    """The report's; none for the lab's own rows."""
    return "" if row.own else find(row.preset).report


def jobs(rows: Sequence[Row], *, quick: bool, seeds: int | None = None) -> Iterator[Job]:
    """All runs of these rows that can be done here: every row with its first seed before any
    with its second, so that there is a table at any time."""
    able = [row for row in rows if why_not(row, quick=quick) == ""]
    most = max((_seeds(row, seeds, quick) for row in able), default=0)
    for seed in range(most):
        for row in able:
            if seed < _seeds(row, seeds, quick):
                yield from _of_seed(row, seed, quick=quick)


def why_not(row: Row, *, quick: bool = False) -> str:
    """Why a row is not run here; nothing if it is."""
    if row.here is None:
        return missing(find(row.preset).recipe) or "too much for two cores"
    if quick and row.quick is None:
        return "left out of the quick table"
    return missing(next(_of_seed(row, 0, quick=quick)).recipe)


def missing(recipe: Recipe) -> str:
    """What a recipe needs that is not on this machine."""
    model = recipe.model
    if model.weights == "pretrained" and catalog.here(model.backbone) is None:
        card = catalog.lookup(model.backbone)
        return f"no weights of {card.title if card else model.backbone} here"
    if model.weights not in ("pretrained", "none") and not named(model.weights).is_file():
        return f"no file of weights {model.weights} here"
    return "" if _has_data(recipe) else f"no {recipe.data.name} here"


def command(row: Row) -> str:
    """What runs a row in full, on a machine that can."""
    return f"python -m tlcore run {row.preset}"


def scale(job: Job) -> list[str]:
    """What a run changes of its preset, a phrase each: first the amount, then the rest."""
    preset = find(job.row.preset).recipe
    before, after = (_flat(to_fields(recipe)) for recipe in (preset, job.recipe))
    both = _flat(preset.model_dump(mode="json"))
    told = []
    for name in {**after, **before}:
        if name in ("seed", "name", "version") or before.get(name) == after.get(name):
            continue
        told.append(_change(name, both.get(name), _flat(job.recipe.model_dump(mode="json"))[name]))
    return sorted(told, key=lambda text: text.startswith("`"))


def is_full(job: Job) -> bool:
    """Whether it is the preset itself, in full."""
    return not scale(job)


def preset_of(row: Row) -> Preset:
    """What the row begins as."""
    return find(row.preset)


def merged(fields: Fields, changes: Fields) -> dict[str, Any]:
    """Fields with others put in, part by part.

    >>> merged({"data": {"name": "a", "test": 1}}, {"data": {"test": 2}, "epochs": 3})
    {'data': {'name': 'a', 'test': 2}, 'epochs': 3}
    """
    result = dict(fields)
    for name, value in changes.items():
        inner = result.get(name)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        result[name] = merged(inner, value) if both else value  # type: ignore[arg-type]
    return result


def _of_seed(row: Row, seed: int, *, quick: bool) -> Iterator[Job]:
    fields = merged(to_fields(find(row.preset).recipe), row.here or {})
    points = row.points
    if quick:
        fields, points = merged(fields, row.quick or {}), row.quick_points
    for labels, changes in points.items() or [(None, {})]:
        chosen = merged(fields, {**changes, "seed": seed})
        if labels is not None:
            chosen = merged(chosen, {"data": {"labels_per_class": labels}})
        chosen["name"] = f"{row.id}, {labels} labels a class" if labels else row.id
        yield Job(row, from_fields(chosen, where=row.id), labels)


def _seeds(row: Row, asked: int | None, quick: bool) -> int:
    return asked or (1 if quick else row.seeds)


def _has_data(recipe: Recipe) -> bool:
    from tlcore.data.cards import card_of

    return card_of(recipe.data).here


def _flat(fields: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{above}{name}.")
        else:
            flat[f"{above}{name}"] = value
    return flat


def _change(name: str, before: object, after: object) -> str:
    train, test = SIZES["cifar10"]
    match name:
        case "epochs":
            many = isinstance(after, int) and isinstance(before, int) and after > before
            return f"{after} epochs for {before}" if many else f"{after} of {before} epochs"
        case "data.limit_train":
            return f"{after:,} of {train:,} pictures to learn from"
        case "data.limit_test":
            return f"{after:,} of {test:,} test pictures"
        case "input.size":
            return f"{after} px for {before}"
        case "data.labels_per_class":
            return f"{after} labels a class"
    return f"`{name}` {_shown(after)} for {_shown(before)}"


def _shown(value: object) -> str:
    return "none" if value in (None, "", []) else str(value).lower()
