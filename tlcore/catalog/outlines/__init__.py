"""Outlines of the curated backbones, drawn once from the real networks and kept as data.

`python -m tools.outlines` draws them anew; a test holds them against the networks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tlcore.schedule.outline import HEAD, Layer

if TYPE_CHECKING:
    from tlcore.recipe import Head

FOLDER = Path(__file__).parent
MEASURED = FOLDER / "measured.json"
COSTS = FOLDER / "costs.json"


@dataclass(frozen=True)
class Measured:
    """What was counted on the real network.

    Attributes:
        parameters: Of the backbone alone.
        features: How many the backbone gives at its usual size.
        multiply_adds: For one picture of the usual size.
    """

    parameters: int
    features: int
    multiply_adds: int


@dataclass(frozen=True)
class BlockCost:
    """What one picture of the usual size costs in a block, as counted on the real network.

    Attributes:
        multiply_adds: On the way through.
        held: Numbers that are kept for the way back, if the block trains.
        out: Numbers that are handed on to the next block.
    """

    multiply_adds: int
    held: int
    out: int


@cache
def block_costs() -> dict[str, dict[str, BlockCost]]:
    """What each block costs, by the backbone's name and the block's."""
    facts = json.loads(COSTS.read_text(encoding="utf-8"))
    return {
        name: {block: BlockCost(*counts) for block, counts in blocks.items()}
        for name, blocks in facts.items()
    }


@cache
def measured() -> dict[str, Measured]:
    """What was counted, by the backbone's name."""
    facts = json.loads(MEASURED.read_text(encoding="utf-8"))
    return {name: Measured(**counts) for name, counts in facts.items()}


@cache
def backbone_layers(name: str) -> tuple[Layer, ...]:
    """A curated backbone's layers, at its usual size."""
    blocks = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return tuple(
        Layer(layer, kind, block, _named(layer, sizes))
        for block, layers in blocks.items()
        for layer, kind, sizes in layers
    )


def _named(layer: str, sizes: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """A parameter without a module around it goes by the layer's own name."""
    return tuple(
        (f"backbone.{layer}.{name}" if name else f"backbone.{layer}", size)
        for name, size in sizes.items()
    )


def head_layers(head: Head, features: int, classes: int) -> tuple[Layer, ...]:
    """The layers that `tlcore.nn.networks.build.build_head` makes, by arithmetic.

    >>> from tlcore.recipe import Head
    >>> [layer.size for layer in head_layers(Head(hidden=(1024, 512)), 2048, 10)]
    [2098176, 524800, 5130]
    """
    layers = []
    for number, width in enumerate(head.hidden, start=1):
        layers.append(_head_layer(f"dense{number}", "Linear", features * width, width))
        if head.batchnorm:
            layers.append(_head_layer(f"norm{number}", "BatchNorm1d", width, width))
        features = width
    return (*layers, _head_layer("classifier", "Linear", features * classes, classes))


def _head_layer(name: str, kind: str, weights: int, biases: int) -> Layer:
    path = f"head.{name}"
    return Layer(path, kind, HEAD, ((f"{path}.weight", weights), (f"{path}.bias", biases)))
