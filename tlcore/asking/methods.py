"""The ways to ask a network why, as people choose and read them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A way to explain an answer.

    Attributes:
        name: As questions name it.
        title: As people name it.
        says: How to read its map.
        signed: Whether the map also shows what speaks against the class.
        looks: How often it has the network look at the picture, for an idea of how long it takes.
    """

    name: str
    title: str
    says: str
    signed: bool
    looks: int


METHODS = (
    Method(
        "grad-cam",
        "Grad-CAM",
        "Where the features of the last block speak for the class. Coarse, because that block "
        "has few positions.",
        signed=False,
        looks=3,
    ),
    Method(
        "attention",
        "Attention",
        "Which patches the attention of all blocks carries to the class.",
        signed=False,
        looks=3,
    ),
    Method(
        "gradients",
        "Integrated gradients",
        "How much each pixel adds to the class, on the way from a grey picture to this one.",
        signed=True,
        looks=96,
    ),
    Method(
        "occlusion",
        "Occlusion",
        "How much probability is lost where a grey square covers the picture.",
        signed=True,
        looks=50,
    ),
    Method(
        "lime",
        "LIME",
        "What each part of the picture is worth to a small linear model of the network, fitted to "
        "its answers with parts covered at random.",
        signed=True,
        looks=256,
    ),
)


def method(name: str) -> Method | None:
    """The method of this name.

    >>> method("lime").title
    'LIME'
    """
    return next((each for each in METHODS if each.name == name), None)
