"""What data sets there are, where they come from, and whether this machine has them."""

from __future__ import annotations

from dataclasses import dataclass

from tlcore.data import cifar
from tlcore.data.drawn.silhouettes import SOURCE, TARGET
from tlcore.data.sources.curated import STATES_NONE, lookup
from tlcore.data.sources.repository import find, remedy
from tlcore.recipe import Data


@dataclass(frozen=True)
class DatasetCard:
    """A data set in a person's words.

    Attributes:
        name: As recipes name it.
        title: For a heading.
        pictures: How many there are, in words.
        size: Their width and height, in words.
        classes: How many classes, in words.
        licence: Who may use it for what.
        source: Who made it.
        here: Whether a run could start now.
        remedy: What to do if not.
    """

    name: str
    title: str
    pictures: str
    size: str
    classes: str
    licence: str
    source: str
    here: bool
    remedy: str = ""


def card_of(data: Data) -> DatasetCard:
    """The card of the data set that a recipe names."""
    if data.name == "hub":
        return _of_the_hub(data)
    return next(card for card in describe() if card.name == data.name)


def _of_the_hub(data: Data) -> DatasetCard:
    known, found = lookup(data.repo), find(data.repo, data.revision, data.config)
    licence = (found and found.licence) or (known and known.licence) or STATES_NONE
    return DatasetCard(
        name="hub",
        title=known.title if known else data.repo,
        pictures=known.pictures if known else "as many as its page says",
        size=known.size if known else "any, stored at the recipe's input size",
        classes=f"{known.classes}" if known else "as its page says",
        licence=licence,
        source=f"{f'{known.source}; ' if known else ''}{data.repo} on the hub, "
        f"commit {data.revision[:12]}",
        here=found is not None,
        remedy="" if found else remedy(data.repo, data.revision),
    )


def describe() -> tuple[DatasetCard, ...]:
    """A card for each data set that a recipe can name.

    >>> [card.name for card in describe() if card.here]
    ['shapes', 'digits', 'folder']
    """
    return (_SHAPES, _DIGITS, _cifar("cifar10"), _cifar("cifar100"), _FOLDER)


_SHAPES = DatasetCard(
    name="shapes",
    title="Drawn shapes",
    pictures="as many as you ask for",
    size="16 to 256 px",
    classes=f"{len(SOURCE)} source, {len(TARGET)} target",
    licence="the lab's own",
    source="drawn by the lab's code",
    here=True,
)

_DIGITS = DatasetCard(
    name="digits",
    title="Handwritten digits",
    pictures="1,797; no test set of their own",
    size="8 px, grey",
    classes="10",
    licence="CC BY 4.0",
    source="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits (1998), as "
    "scikit-learn carries it",
    here=True,
)

_FOLDER = DatasetCard(
    name="folder",
    title="Your own pictures",
    pictures="yours",
    size="any, stored at the recipe's input size",
    classes="one a folder, at least two",
    licence="you are responsible for the right to use these pictures",
    source="a folder of class folders, or a zip of one",
    here=True,
)


def _cifar(name: cifar.Name) -> DatasetCard:
    ten = name == "cifar10"
    here = cifar.find(name) is not None
    return DatasetCard(
        name=name,
        title="CIFAR-10" if ten else "CIFAR-100",
        pictures="50,000 to train, 10,000 to test",
        size="32 px",
        classes="10" if ten else "100 fine or 20 coarse",
        licence="none stated; for research, with citation",
        source="A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images (2009)",
        here=here,
        remedy="" if here else cifar.remedy(name),
    )
