"""What a recipe begins with: the fields that belong together, as these pictures ask for them.

The rule was chosen by measurement on the photo sets at hand (docs/DEFAULTS.md): the best backbone
whose weights are here, pictures as large as the time allows, and a head that is solved exactly.
Whatever a person typed stands; what doesn't go with it then follows it.

>>> from tlcore.recipe import Data
>>> found = suited(Recipe(data=Data(name="cifar10")), here=lambda name: True)
>>> found.recipe.model.backbone, found.recipe.input.size, found.recipe.optimiser.name
('tf_efficientnet_lite0', 96, 'exact')
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tlcore import catalog
from tlcore.catalog import Backbone
from tlcore.data.counts import Counts, count_pictures, typical_side
from tlcore.errors import DataError, RecipeError
from tlcore.recipe import Data, Recipe
from tlcore.recipe.text import Fields, from_fields, to_fields

DRAWN = ("shapes", "digits")
"""Data sets of drawings; for these the recipe's own defaults were made."""

FOR_PHOTOS: Mapping[str, float] = {
    "tf_efficientnet_lite0": 61.9,
    "mobilenetv1_100": 61.8,
    "resnet18": 59.0,
    "mobilenetv2_100": 58.8,
    "mobilenetv2_035": 57.2,
    "squeezenet1_1": 55.8,
    "mobilenetv1_025": 54.8,
    "pebble-photo": 49.0,
}
"""Backbones for photos, the best first: how many of 100 test pictures were right at 128 px, the
carried one at 32 px, on average over the photo sets that it has not seen (docs/DEFAULTS.md)."""

AT_SIZE: Mapping[int, float] = {32: 33.1, 64: 53.6, 96: 61.3, 128: 63.5, 160: 65.8}
"""The same of the first of them, by the size of its pictures, over all photo sets."""

SIZES = (224, 192, 160, 128, 96)
"""What networks that know ImageNet are shown, the largest first."""

ENLARGED_TO = 160
"""Smaller pictures are enlarged up to this: beyond, nothing was gained."""

COST = 1.5e12
"""Multiply-adds that all pictures together may cost: some fifteen seconds on two cores."""

STRENGTHS = 11
"""Penalties that an exact head is solved for."""

FEWEST_STEPS, FEWEST_EPOCHS, MOST_EPOCHS = 600, 5, 60
"""Of a run that learns step by step: many epochs for few pictures, few for many."""

BELONGING = (
    "model.backbone",
    "model.weights",
    "input.size",
    "schedule",
    "optimiser",
    "rate_schedule",
    "augmentation",
    "epochs",
    "batch",
)
"""What is set here, unless a person has."""

Here = Callable[[str], bool]


@dataclass(frozen=True)
class Suited:
    """A recipe that suits its pictures.

    Attributes:
        recipe: With everything that was free to be set.
        why: What was set and why, in a line; empty if nothing was to be set.
    """

    recipe: Recipe
    why: str


def suited(
    recipe: Recipe,
    *,
    typed: Collection[str] = (),
    before: Recipe | None = None,
    here: Here | None = None,
) -> Suited:
    """The recipe with what belongs to its data and backbone.

    Args:
        recipe: With the data, and perhaps the backbone, that somebody has just chosen.
        typed: Fields that a person has set, in dots: they stand.
        before: What the recipe was before that choice: what had been set for it here is free.
        here: Whether a backbone's weights are on this machine; unset, looks.
    """
    here = here or (lambda name: catalog.here(name) is not None)
    fields = to_fields(recipe)
    former = _wanted(to_fields(before), before.data, _ALL_BUT_BACKBONE, here) if before else {}
    if before and before.data.name not in DRAWN:
        former["model.backbone"] = _best(here)
    free = [
        path
        for path in BELONGING
        if not _is_typed(path, typed) and _at(fields, path) in (_DEFAULTS[path], former.get(path))
    ]
    for path in free:
        _put(fields, path, _DEFAULTS[path])
    for path, value in _wanted(fields, recipe.data, free, here).items():
        if path in free:
            _put(fields, path, value)
    found = from_fields(fields)
    return Suited(found, _why(found, here))


def same_in_what_belongs(recipe: Recipe, other: Recipe) -> bool:
    """Whether two recipes agree in all that is set here."""
    one, two = to_fields(recipe), to_fields(other)
    return all(_at(one, path) == _at(two, path) for path in BELONGING)


def size_warning(recipe: Recipe, *, here: Here | None = None) -> str:
    """What pictures far smaller than the weights were trained on usually cost; empty if they
    are large enough."""
    card, size = catalog.lookup(recipe.model.backbone), recipe.input.size
    if card is None or card.kind != "pretrained" or recipe.model.weights == "none":
        return ""
    if size >= min(SIZES[-1], card.usual // 2):
        return ""
    near, large = min(AT_SIZE, key=lambda each: abs(each - size)), max(AT_SIZE)
    return (
        f"{size} px is far below the {card.usual} px that {card.title} was trained at. On our "
        f"photos, {near} px got {AT_SIZE[near]:.0f} of 100 right and {large} px got "
        f"{AT_SIZE[large]:.0f}."
    )


def _wanted(fields: Fields, data: Data, free: Collection[str], here: Here) -> dict[str, Any]:
    """What suits, by path; what isn't among these is best left at its default."""
    wanted: dict[str, Any] = {}
    if "model.backbone" in free and data.name not in DRAWN:
        wanted["model.backbone"] = _best(here)
    name = str(wanted.get("model.backbone") or _at(fields, "model.backbone"))
    card = catalog.lookup(name)
    if card is None or (data.name in DRAWN and card.kind == "own"):
        return wanted
    wanted["input.size"] = _size(card, data)
    if card.kind == "scratch":
        wanted["model.weights"] = "none"
    if "none" in (wanted.get("model.weights"), _at(fields, "model.weights")):
        wanted["schedule"] = {"preset": "full"}
    if _can_be_solved({**fields, **_parts(wanted, free)}):
        return {**wanted, "optimiser": {"name": "exact"}, "epochs": STRENGTHS}
    return {**wanted, "epochs": _epochs(data)}


def _parts(wanted: Mapping[str, Any], free: Collection[str]) -> Fields:
    """What an exact head would be solved under."""
    schedule = {"schedule": wanted["schedule"]} if "schedule" in wanted else {}
    optimiser = {"optimiser": {"name": "exact"}} if "optimiser" in free else {}
    return {**schedule, **optimiser, **({"epochs": STRENGTHS} if "epochs" in free else {})}


def _can_be_solved(fields: Fields) -> bool:
    """Whether the blocks stay frozen and nothing else speaks against an exact head."""
    try:
        return from_fields(fields).optimiser.name == "exact"
    except RecipeError:
        return False


def _best(here: Here) -> str:
    """The best backbone for photos that is here; there is always the carried one."""
    return next((name for name in FOR_PHOTOS if here(name)), "pebble-photo")


def _size(card: Backbone, data: Data) -> int:
    """As large as the weights know it, the pictures are worth it and the time allows."""
    if card.kind != "pretrained":
        return card.usual
    side, counts = side_of(data), _counts(data)
    pictures = counts.train + counts.validation + counts.test if counts else 0
    for size in SIZES:
        fits = size <= card.usual and (side is None or size <= max(ENLARGED_TO, side))
        if fits and pictures * card.multiply_adds(size) <= COST:
            return size
    return max(SIZES[-1], card.smallest)


def side_of(data: Data) -> int | None:
    """The usual side of its pictures; None if nobody can say."""
    try:
        return typical_side(data) or None
    except DataError:
        return None


def _counts(data: Data) -> Counts | None:
    try:
        return count_pictures(data)
    except DataError:
        return None


def _epochs(data: Data) -> int:
    """Enough for some hundreds of steps."""
    counts = _counts(data)
    steps = max(1, -(-counts.train // _BATCH)) if counts else 30
    return min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(FEWEST_STEPS / steps)))


def _why(recipe: Recipe, here: Here) -> str:
    """What was set, in a line that a person reads."""
    card = catalog.lookup(recipe.model.backbone)
    if card is None or recipe.data.name in DRAWN:
        return ""
    parts = [f"{card.title} at {recipe.input.size} px, because these are photos"]
    if card.name == _best(here):
        parts = [f"{card.title} at {recipe.input.size} px: the best for photos that is here"]
    if recipe.optimiser.name == "exact":
        parts.append("the head is solved exactly, which suits any number of labels")
    else:
        parts.append(f"{recipe.epochs} epochs for so many labels")
    return "; ".join(parts) + "." + _gain(card, here)


def _gain(card: Backbone, here: Here) -> str:
    """What a better backbone would bring, where the best isn't here."""
    better = next(iter(FOR_PHOTOS), "")
    if not better or here(better) or card.name not in FOR_PHOTOS:
        return ""
    known, gain = catalog.lookup(better), FOR_PHOTOS[better] - FOR_PHOTOS[card.name]
    title = known.title if known else better
    return f" {title} would get {gain:.0f} more of 100 photos right, but has to be fetched."


def _is_typed(path: str, typed: Collection[str]) -> bool:
    """Whether a person has set this field, or one within it."""
    return any(each == path or each.startswith(f"{path}.") for each in typed)


def _at(fields: Mapping[str, Any], path: str) -> Any:
    """What stands there, or its default."""
    place: Any = fields
    for name in path.split("."):
        if not isinstance(place, Mapping) or name not in place:
            return _DEFAULTS[path]
        place = place[name]
    return place


def _put(fields: Fields, path: str, value: Any) -> None:
    parent, _, name = path.rpartition(".")
    place = fields.setdefault(parent, {}) if parent else fields
    place[name] = value


def _default(path: str) -> Any:
    place: Any = Recipe()
    for name in path.split("."):
        place = getattr(place, name)
    return {} if hasattr(place, "model_dump") else place


_ALL_BUT_BACKBONE = BELONGING[1:]
_BATCH = Recipe().batch
_DEFAULTS: Mapping[str, Any] = {path: _default(path) for path in BELONGING}
