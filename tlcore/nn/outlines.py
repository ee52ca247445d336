"""Draw the curated backbones' outlines from the real networks: `python -m tlcore.nn.outlines`."""

from __future__ import annotations

import json
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from tlcore.catalog import CARDS, Backbone
from tlcore.files import written_whole
from tlcore.nn.backbones import build
from tlcore.nn.network import Network
from tlcore.outline import Outline
from tlcore.outlines import FOLDER, MEASURED
from tlcore.recipe import Model


def draw(card: Backbone) -> Network:
    """The network at its usual size; which weights it has doesn't matter."""
    return build(Model(backbone=card.name, weights="none"), classes=2, size=card.usual, seed=0)


def measure(network: Network, size: int) -> dict[str, int]:
    """Parameters, features and multiply-adds of a backbone."""
    picture = torch.zeros(1, 3, size, size)
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        features = network.backbone.eval()(picture)
    return {
        "parameters": sum(parameter.numel() for parameter in network.backbone.parameters()),
        "features": features.shape[1],
        "multiply_adds": counter.get_total_flops() // 2,
    }


def as_blocks(outline: Outline) -> dict[str, Any]:
    """Block to layers, each its name, kind and the sizes of its parameters."""
    return {
        block: [
            [
                layer.name,
                layer.kind,
                {_within(layer.name, name): size for name, size in layer.parameters},
            ]
            for layer in outline.backbone
            if layer.block == block
        ]
        for block in outline.blocks
    }


def _within(layer: str, parameter: str) -> str:
    """A parameter's name within its layer; nothing for one that is a layer of its own."""
    return parameter.removeprefix(f"backbone.{layer}").removeprefix(".")


def main() -> None:
    """Write one outline a backbone, and what was counted of all."""
    counted = {}
    for card in CARDS:
        network = draw(card)
        counted[card.name] = measure(network, card.usual)
        text = json.dumps(as_blocks(network.outline), separators=(",", ":"))
        with written_whole(FOLDER / f"{card.name}.json") as draft:
            draft.write_text(text.replace(',["', ',\n["') + "\n", encoding="utf-8")
    with written_whole(MEASURED) as draft:
        draft.write_text(json.dumps(counted, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
