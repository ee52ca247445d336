"""A recipe in a few words: what people call a run that nobody has given a name.

>>> name_of(Recipe(epochs=5))
'shapes · head only · 5 epochs'
>>> summary_of(Recipe()).line
'shapes · Pebble for shapes · head only'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from tlcore import catalog
from tlcore.recipe.model import Data, Recipe
from tlcore.schedule import FreezeSchedule

TITLES: Mapping[str, str] = {
    "head-only": "Head only",
    "last-blocks": "Last blocks",
    "first-blocks-frozen": "First blocks frozen",
    "first-layers-frozen": "First layers frozen",
    "last-layers": "Last layers",
    "full": "Everything",
    "lp-ft": "Head, then all",
    "two-phase": "Head, then layers",
    "fine-tune": "fastai’s way",
    "gradual": "Gradual",
    "layer-decay": "Layer decay",
    "surgical": "One block",
    "norm-bias": "Norms and biases",
    "custom": "Your own",
}
"""What pages call each freeze schedule."""

_UPLOAD = "upload:"


@dataclass(frozen=True)
class Summary:
    """What tells one recipe from another at a glance.

    Attributes:
        data: What it learns from.
        backbone: What it begins with.
        schedule: What is frozen, and when it thaws.
        epochs: How long it trains.
    """

    data: str
    backbone: str
    schedule: str
    epochs: str

    @property
    def line(self) -> str:
        """All but the epochs, which every list shows beside it."""
        return " · ".join((self.data, self.backbone, self.schedule))


def summary_of(recipe: Recipe, *, upload: str = "") -> Summary:
    """The recipe's parts, each in a word or a few.

    Args:
        recipe: Which.
        upload: What whoever asks calls the pictures that were uploaded, if any were.
    """
    card = catalog.lookup(recipe.model.backbone)
    backbone = card.title if card else recipe.model.backbone
    scratch = recipe.model.weights == "none" and (card is None or card.kind != "scratch")
    return Summary(
        data=_data(recipe.data, upload),
        backbone=f"{backbone} from scratch" if scratch else backbone,
        schedule=_schedule(recipe.schedule),
        epochs="1 epoch" if recipe.epochs == 1 else f"{recipe.epochs:,} epochs",
    )


def name_of(recipe: Recipe, *, upload: str = "") -> str:
    """What a run of this recipe is called unless somebody names it."""
    found = summary_of(recipe, upload=upload)
    scratch = ("from scratch",) if recipe.model.weights == "none" else ()
    return " · ".join((found.data, *(scratch or (found.schedule,)), found.epochs))


def _data(data: Data, upload: str) -> str:
    names = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}
    if data.name == "folder":
        uploaded = data.path.startswith(_UPLOAD)
        own = upload if uploaded else PurePath(data.path.rstrip("/\\").replace("\\", "/")).stem
        name = own or "own pictures"
    elif data.name == "hub":
        name = data.repo.rpartition("/")[2]
    else:
        name = names.get(data.name, data.name)
    labels = data.labels_per_class
    return f"{name}, {labels:,} labels a class" if labels else name


def _schedule(schedule: FreezeSchedule) -> str:
    """As its button says it, with the number where it counts."""
    words = {
        "last-blocks": ("last block", "last {} blocks"),
        "last-layers": ("last layer", "last {} layers"),
        "first-blocks-frozen": ("first block frozen", "first {} blocks frozen"),
        "first-layers-frozen": ("first layer frozen", "first {} layers frozen"),
        "two-phase": ("head, then last layer", "head, then last {} layers"),
    }
    if found := words.get(schedule.preset):
        return found[0] if schedule.count == 1 else found[1].format(f"{schedule.count:,}")
    if schedule.preset == "surgical":
        return f"{schedule.where} block only"
    title = TITLES[schedule.preset]
    return title[0].lower() + title[1:]
