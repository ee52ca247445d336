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
        "occlusion",
        "Occlusion",
        "A grey square covers one place after another. Green: covered, the network is less "
        "sure of this class; violet: surer.",
        signed=True,
        looks=50,
    ),
    Method(
        "grad-cam",
        "Grad-CAM",
        "Green: where the network found signs of this class. Coarse, because its last block sees "
        "the picture in a few large squares.",
        signed=False,
        looks=3,
    ),
    Method(
        "attention",
        "Attention",
        "Green: which parts of the picture the network paid attention to.",
        signed=False,
        looks=3,
    ),
    Method(
        "gradients",
        "Integrated gradients",
        "Green: pixels that make it surer of this class; violet: pixels that make it less sure.",
        signed=True,
        looks=96,
    ),
    Method(
        "lime",
        "LIME",
        "The network is asked many times with parts covered at random. Green: parts that speak "
        "for this class; violet: parts that speak against it.",
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
