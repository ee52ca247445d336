"""Data sets of the hub that teach something, with what a person should know before getting one.

Sizes and licences are as their pages state them; the button asks the hub again before it fetches.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

STATES_NONE = "unknown: its page states none"


@dataclass(frozen=True)
class HubCard:
    """A data set of the hub in a person's words.

    Attributes:
        name: What `get` calls it.
        title: For a heading.
        repo: Its name on the hub.
        pictures: How many there are, in words.
        classes: How many classes.
        size: Width and height of its pictures, in words.
        megabytes: What would be fetched, about.
        licence: As its page states it.
        source: Who made it.
        good_for: What it teaches.
        revision: The commit that is fetched; empty for the newest, which the recipe then keeps.
        config: Which configuration, if there are several.
        label: The column of its labels, if there are several.
    """

    name: str
    title: str
    repo: str
    pictures: str
    classes: int
    size: str
    megabytes: int
    licence: str
    source: str
    good_for: str
    revision: str = ""
    config: str = ""
    label: str = ""


CARDS = (
    HubCard(
        "cifar10", "CIFAR-10", "uoft-cs/cifar10", "50,000 to train, 10,000 to test", 10, "32 px",
        144, STATES_NONE, "A. Krizhevsky (2009)",
        "Comparing: the set that most reports are about.",
        revision="0b2714987fa478483af9968de7c934580d0bb9a2",
    ),
    HubCard(
        "cifar100", "CIFAR-100", "uoft-cs/cifar100", "50,000 to train, 10,000 to test", 100,
        "32 px", 143, STATES_NONE, "A. Krizhevsky (2009)",
        "Many classes: 100 fine ones within 20 coarse ones.",
        revision="aadb3af77e9048adbea6b47c21a81e47dd092ae5", label="fine_label",
    ),
    HubCard(
        "beans", "Bean leaves", "AI-Lab-Makerere/beans", "1,034 to train, 133 to choose by, "
        "128 to test", 3, "500 px", 180, "MIT", "AI Lab of Makerere University, Uganda",
        "A real problem, photographed with phones. Few test pictures make wide intervals.",
    ),
    HubCard(
        "eurosat", "EuroSAT", "timm/eurosat-rgb", "27,000", 10, "64 px", 92, "MIT",
        "P. Helber and others (2019), from Sentinel-2",
        "Fields and towns from a satellite: far from everyday photos, and no people.",
    ),
    HubCard(
        "pets", "Oxford pets", "timm/oxford-iiit-pet", "3,680 to train, 3,669 to test", 37,
        "about 500 px", 791, "CC BY-SA 4.0", "O. Parkhi and others (2012)",
        "Breeds that look alike; is it a cat or a dog comes along as a group.", label="label",
    ),
    HubCard(
        "trashnet", "TrashNet", "garythung/trashnet", "2,527", 6, "512 px", 43, "MIT",
        "G. Thung and M. Yang (2016)",
        "Rubbish before a plain wall: see it fail on your own photos.",
    ),
    HubCard(
        "fashion", "Fashion-MNIST", "zalando-datasets/fashion_mnist",
        "60,000 to train, 10,000 to test", 10, "28 px, grey", 33, "MIT",
        "H. Xiao and others (2017)", "Where learning from scratch can win.",
    ),
    HubCard(
        "mnist", "MNIST", "ylecun/mnist", "60,000 to train, 10,000 to test", 10, "28 px, grey", 18,
        "MIT", "Y. LeCun and others (1998)",
        "Where everything works: little is learned from a high score here.",
    ),
    HubCard(
        "histology", "Tissue (not for diagnosis)", "1aurent/Kather-texture-2016", "5,000", 8,
        "150 px", 188, "CC BY 4.0", "J. Kather and others (2016)",
        "Medical textures. **Not for diagnosis**: it shows how such studies work, no more.",
    ),
    HubCard(
        "weeds", "DeepWeeds", "Project-AgML/DeepWeeds_classification", "17,509", 9, "256 px", 493,
        "CC BY 4.0", "A. Olsen and others (2019)",
        "Weeds in Australia; half of the pictures show none of them.",
    ),
)  # fmt: skip
"""All of them. A test keeps their names apart."""


def lookup(name: str) -> HubCard | None:
    """A card by what `get` calls it, or by its name on the hub."""
    return next((card for card in CARDS if name in (card.name, card.repo)), None)


def allowed() -> frozenset[str]:
    """The data sets and weights that anybody may get in a lab that is open to anybody: those that
    its owner lists in `TL_HUB`, by their short names or as owner/name."""
    listed = os.environ.get("TL_HUB", "").replace(",", " ").split()
    return frozenset(card.repo if (card := lookup(name)) else name for name in listed)
