"""Draw the curated backbones' outlines from the real networks: `python -m tools.outlines`."""

from __future__ import annotations

import json
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from tlcore.catalog import CARDS, Backbone
from tlcore.catalog.outlines import COSTS, FOLDER, MEASURED
from tlcore.files import written_whole
from tlcore.nn.networks.build import build
from tlcore.nn.networks.network import Network
from tlcore.recipe import Model
from tlcore.schedule.outline import Outline

NUMBER = 4
"""Bytes of a float32."""


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


def block_costs(network: Network, size: int) -> dict[str, list[int]]:
    """Of each block, for one picture: multiply-adds, numbers held for the way back, and numbers
    handed on."""
    activations = torch.zeros(2, 3, size, size)  # BatchNorm can't learn from one picture
    costs = {}
    for stage in network.train().stages:
        held = _Held(network)
        counter = FlopCounterMode(display=False)
        with counter, torch.autograd.graph.saved_tensors_hooks(held.pack, held.unpack):
            activations = stage.run(activations).detach()
        counts = counter.get_total_flops() // 2, held.numbers, activations.numel()
        costs[stage.name] = [count // 2 for count in counts]
    return costs


class _Held:
    """Counts what autograd keeps, but for the network's own parameters."""

    def __init__(self, network: Network) -> None:
        self._own = {parameter.data_ptr() for parameter in network.parameters()}
        self._found: dict[int, int] = {}

    @property
    def numbers(self) -> int:
        return sum(self._found.values())

    def pack(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._own:
            self._found[storage.data_ptr()] = storage.nbytes() // NUMBER
        return tensor

    @staticmethod
    def unpack(tensor: torch.Tensor) -> torch.Tensor:
        return tensor


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
    counted, costs = {}, {}
    for card in CARDS:
        network = draw(card)
        counted[card.name] = measure(network, card.usual)
        costs[card.name] = block_costs(network, card.usual)
        text = json.dumps(as_blocks(network.outline), separators=(",", ":"))
        with written_whole(FOLDER / f"{card.name}.json") as draft:
            draft.write_text(text.replace(',["', ',\n["') + "\n", encoding="utf-8")
    with written_whole(MEASURED) as draft:
        draft.write_text(json.dumps(counted, indent=1) + "\n", encoding="utf-8")
    with written_whole(COSTS) as draft:
        rows = (f" {json.dumps(name)}: {json.dumps(blocks)}" for name, blocks in costs.items())
        draft.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
