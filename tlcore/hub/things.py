"""What can be got: a data set, or the weights of a backbone.

>>> thing = named("cifar10")
>>> thing.repo, thing.words
('uoft-cs/cifar10', '144 MB, licence unknown, from the hub')
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from tlcore import catalog
from tlcore.access import is_public
from tlcore.catalog import Backbone
from tlcore.data import cifar
from tlcore.data.sources import curated
from tlcore.data.sources.curated import HubCard
from tlcore.data.sources.repository import find
from tlcore.errors import FetchError
from tlcore.recipe import Data, Recipe

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Thing:
    """Something of the hub's.

    Attributes:
        kind: What it is.
        name: What `get` calls it.
        title: For people.
        repo: Its name on the hub.
        revision: The commit that is wanted; empty for the newest.
        config: Which configuration of a data set, if there are several.
        megabytes: What would be fetched, about; 0 where nobody knows before asking.
        licence: As its page states it, as far as is known.
    """

    kind: Literal["dataset", "model"]
    name: str
    title: str
    repo: str
    revision: str = ""
    config: str = ""
    megabytes: float = 0
    licence: str = ""

    @property
    def slug(self) -> str:
        """Names its files; one of a kind for one repository."""
        return f"{self.kind}s--{self.repo.replace('/', '--')}"

    @property
    def words(self) -> str:
        """What a button says before anything is fetched."""
        size = f"{self.megabytes:,.0f} MB" if self.megabytes else "size told by the hub"
        return f"{size}, licence {licence_in_words(self.licence)}, from the hub"

    @property
    def is_here(self) -> bool:
        """Whether it was fetched, or was here anyway."""
        if self.kind == "model":
            return catalog.here(self.name) is not None
        if self.name in ("cifar10", "cifar100") and cifar.find(_cifar(self.name)):
            return True
        return find(self.repo, self.revision, self.config) is not None


def licence_in_words(licence: str) -> str:
    """Short enough for a button.

    >>> licence_in_words(""), licence_in_words("MIT")
    ('unknown', 'MIT')
    """
    return "unknown" if not licence or licence.startswith("unknown") else licence


def named(name: str, *, revision: str = "", config: str = "") -> Thing:
    """What somebody means: a card's name, a backbone's, or owner/name of any data set.

    Raises:
        FetchError: It means nothing that could be got.
    """
    if card := curated.lookup(name):
        return of_card(card, revision=revision, config=config)
    if backbone := catalog.lookup(name):
        return of_backbone(backbone, name)
    if re.fullmatch(r"timm/[\w-]+\.[\w.-]+", name):  # data sets have no dot in their names
        tagged = name.removeprefix("timm/")
        return Thing("model", tagged, f"{tagged}’s weights", name)
    if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        return Thing("dataset", name, name, name, revision, config)
    names = [*(card.name for card in curated.CARDS), *(card.name for card in catalog.CARDS)]
    near = get_close_matches(name, names, n=1)
    remedy = f"Did you mean {near[0]}?" if near else (
        f"Name one of {', '.join(each.name for each in curated.CARDS)}, a backbone, or any data "
        "set of the hub as owner/name."
    )  # fmt: skip
    raise FetchError(f"Nobody knows what {name!r} is", remedy=remedy)


def of_card(card: HubCard, *, revision: str = "", config: str = "") -> Thing:
    """A curated data set."""
    return Thing(
        "dataset", card.name, card.title, card.repo, revision or card.revision,
        config or card.config, card.megabytes, card.licence,
    )  # fmt: skip


def of_backbone(card: Backbone, name: str = "") -> Thing:
    """The weights of a backbone of the catalogue.

    Raises:
        FetchError: There are none on the hub.
    """
    tagged = catalog.canonical(name) if "." in name else f"{card.name}.{card.tag}"
    if card.kind != "pretrained" or not card.tag:
        ways = {"own": f"Make them: python -m tlcore pretrain {card.name}",
                "scratch": "It is trained from scratch and needs none."}  # fmt: skip
        remedy = ways.get(card.kind, f"{card.source[:1].upper()}{card.source[1:]}.")
        raise FetchError(f"The hub has no weights of {card.title}", remedy=remedy)
    return Thing(
        "model", name or card.name, f"{card.title}’s weights", f"timm/{tagged}",
        megabytes=4 * card.parameters / 1e6, licence=card.licence,
    )  # fmt: skip


def of_data(data: Data) -> Thing | None:
    """What has to be got for a recipe's data; None where the hub has nothing to do with them."""
    if data.name in ("cifar10", "cifar100"):
        return named(data.name)
    if data.name != "hub":
        return None
    return named(data.repo, revision=data.revision, config=data.config)


def of_weights(recipe: Recipe) -> Thing | None:
    """The same for its pre-trained weights."""
    card = catalog.lookup(recipe.model.backbone)
    if recipe.model.weights != "pretrained" or card is None:
        return None
    try:
        return of_backbone(card, recipe.model.backbone)
    except FetchError:
        return None


def lacking(recipes: Iterable[Recipe]) -> tuple[Thing, ...]:
    """All that these recipes need and that is not here, each once."""
    found = [each for recipe in recipes for each in (of_data(recipe.data), of_weights(recipe))]
    return tuple({each.slug: each for each in found if each and not each.is_here}.values())


def refuse_unless_allowed(thing: Thing) -> None:
    """In a lab that is open to anybody, only what its owner has listed is fetched.

    Raises:
        FetchError: It isn't.
    """
    if is_public() and not {thing.repo, thing.name} & curated.allowed():
        raise FetchError(
            f"{thing.title} can't be fetched in a lab that is open to anybody",
            remedy="Its owner may allow it: TL_HUB lists what visitors may get.",
        )


def _cifar(name: str) -> cifar.Name:
    return "cifar10" if name == "cifar10" else "cifar100"
