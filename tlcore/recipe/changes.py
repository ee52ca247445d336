"""What the same recipe has come to mean since it was written: version by version, in words.

A recipe's id doesn't count its version, so runs, links and exported recipes of earlier versions
are found as before. Where their numbers were made in another way than they would be now, it is
said here.

>>> changes_since(1, Recipe(balance="weights"))[0].partition(":")[0]
'balance'
>>> changes_since(1, Recipe(precision="float32")), changes_since(2, Recipe(balance="weights"))
([], [])
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tlcore.catalog import lookup
from tlcore.recipe.model import Recipe

_WITH_TOKENS_OR_SCALES = ("Vision transformer", "ConvNeXt")


@dataclass(frozen=True)
class Change:
    """One thing that a version computes otherwise than the one before.

    Attributes:
        version: The first that does.
        concerns: Whether a recipe's numbers may be others by it.
        words: What was, and what is now.
    """

    version: int
    concerns: Callable[[Recipe], bool]
    words: str


def changes_since(version: int, recipe: Recipe) -> list[str]:
    """What has changed for this recipe since that version; nothing for most recipes."""
    return [
        change.words for change in CHANGES if change.version > version and change.concerns(recipe)
    ]


def _balances(recipe: Recipe, way: str) -> bool:
    return way in {recipe.balance, *(phase.balance for phase in recipe.schedule.phases)}


def _warms_up_otherwise(recipe: Recipe) -> bool:
    schedule = recipe.rate_schedule
    restarts = recipe.schedule.preset in ("lp-ft", "two-phase", "fine-tune", "custom")
    return schedule.warmup > 0 and (restarts or schedule.name not in ("constant", "cosine"))


def _has_views(recipe: Recipe) -> bool:
    return recipe.augmentation.views > 0 and recipe.augmentation.active


def _resizes_otherwise(recipe: Recipe) -> bool:
    stored = recipe.input.resize == "once" or recipe.data.name in ("folder", "hub")
    return recipe.input.interpolation in ("nearest", "bicubic") and not stored


def _decays_otherwise(recipe: Recipe) -> bool:
    card = lookup(recipe.model.backbone)
    may_have = card is None or card.family in _WITH_TOKENS_OR_SCALES
    return may_have and recipe.optimiser.weight_decay + recipe.optimiser.l1 > 0


def _judges_otherwise(recipe: Recipe) -> bool:
    """`auto` is a low precision too, where the machine computes one by itself."""
    return recipe.precision != "float32"


def _is_chosen_by_folds(recipe: Recipe) -> bool:
    return recipe.optimiser.name == "exact" and recipe.data.labels_per_class is None


CHANGES = (
    Change(
        2,
        lambda recipe: _balances(recipe, "weights"),
        "balance: weights made a rare class count less than a common one, because they were "
        "divided by those of the same batch; now every class counts the same.",
    ),
    Change(
        2,
        lambda recipe: _balances(recipe, "robust"),
        "balance: robust changed the stakes before a step and once for each part of a batch; now "
        "once after each step.",
    ),
    Change(
        2,
        _has_views,
        "augmentation.views: the views were drawn by the batch and only where they were kept; now "
        "each picture has the same views on every machine.",
    ),
    Change(
        2,
        _warms_up_otherwise,
        "rate_schedule.warmup: its epochs counted as decay, and a short phase could end before "
        "it; now every schedule begins after it, at the full rate.",
    ),
    Change(
        2,
        _resizes_otherwise,
        "input.interpolation: batches were resized by another kernel than stored pictures; now "
        "both are resized as Pillow does it.",
    ),
    Change(
        2,
        _decays_otherwise,
        "optimiser.weight_decay: tokens, positions and scales of layers were pulled towards 0, "
        "too; now they are left alone.",
    ),
    Change(
        2,
        _judges_otherwise,
        "precision: in bfloat16 or float16, which auto takes where the machine has it, validation "
        "and test rounded differently; now they are one arithmetic, float32 where low precision "
        "changes more than 2 % of the answers.",
    ),
    Change(
        3,
        _is_chosen_by_folds,
        "optimiser.name: exact chose its strength by the validation share; now by five folds of "
        "all labelled pictures, up to 3,000 of them.",
    ),
)
"""All of them, in the order in which they came."""
