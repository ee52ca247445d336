"""A picture on its way through a network: what each block makes of it, and what comes out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tlcore.nn.networks.network import Network

SHOWN = 8


@dataclass(frozen=True)
class BlockFeatures:
    """Some features of a block, as the block leaves them.

    Attributes:
        block: Its name.
        channels: How many features it has.
        maps: `uint8`, n x height x width: the strongest ones, each from its least to its greatest.
    """

    block: str
    channels: int
    maps: NDArray[np.uint8]


@torch.no_grad()
def features_by_block(network: Network, picture: Tensor) -> tuple[BlockFeatures, ...]:
    """The strongest features of every block, from the first to the last."""
    blocks = pass_through(network, picture).blocks
    return tuple(_strongest(name, as_maps(network, each)[0]) for name, each in blocks.items())


def _strongest(block: str, features: Tensor) -> BlockFeatures:
    """Those that vary most over the picture say most of what is where."""
    order = features.flatten(1).std(dim=1, correction=0).argsort(descending=True, stable=True)
    maps = features[order[:SHOWN]]
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    shades = (maps - low) / (high - low).clamp(min=1e-12) * 255
    return BlockFeatures(block, len(features), shades.round().to(torch.uint8).numpy())


ENOUGH = 3
"""Positions a side that a map needs to say where something is."""


@dataclass(frozen=True)
class Passage:
    """One picture's way.

    Attributes:
        blocks: What each block leaves behind it, by name; of the last one, before it is pooled.
            Where a network can't be cut into blocks, only the last one is here.
        logits: One number a class.
    """

    blocks: dict[str, Tensor]
    logits: Tensor


def pass_through(network: Network, picture: Tensor) -> Passage:
    """Let a prepared picture (1 x 3 x size x size) through; gradients may be taken of it all."""
    blocks: dict[str, Tensor] = {}
    activations = picture
    *before, last = network.stages
    for stage in before:
        activations = stage.run(activations)
        if network.exact:
            blocks[stage.name] = activations
    with _watching(network.backbone) as watch:
        features = last.run(activations)
    if watch.end is not None:
        blocks[last.name] = watch.end
    return Passage(blocks, network.head(features))


def last_map(network: Network, passage: Passage) -> Tensor | None:
    """The last activations that still have positions to speak of; None in a network of tokens.

    Small pictures lose them before the last block: then an earlier block's are taken.
    """
    maps = [each for each in passage.blocks.values() if each.dim() == 4]
    for enough in (ENOUGH, 2):
        for activations in reversed(maps):
            if min(as_maps(network, activations).shape[-2:]) >= enough:
                return activations
    return None


def as_maps(network: Network, activations: Tensor) -> Tensor:
    """Activations as n x channels x height x width, however the network itself lays them out.

    Tokens are put where their patches are; those that belong to no patch are left out.
    """
    backbone: Any = network.backbone
    if activations.dim() == 3:
        height, width = backbone.patch_embed.grid_size
        patches = activations[:, backbone.num_prefix_tokens :]
        return patches.transpose(1, 2).reshape(len(patches), -1, height, width)
    if getattr(backbone, "output_fmt", "NCHW") == "NHWC":
        return activations.permute(0, 3, 1, 2)
    return activations


@torch.no_grad()
def places(network: Network, size: int) -> tuple[int, int] | None:
    """How many positions the last map has, down and across; None if there is no such map."""
    passage = pass_through(network, torch.zeros(1, 3, size, size))
    found = last_map(network, passage)
    if found is None:
        return None
    height, width = as_maps(network, found).shape[-2:]
    return height, width


class _Watch:
    """Remembers what a backbone's last activations were before they lost their positions."""

    def __init__(self) -> None:
        self.end: Tensor | None = None
        self._pooled = False

    def note(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        """See what a module made of its input."""
        if not isinstance(output, Tensor) or output.dim() not in (3, 4):
            return
        if _has_positions(output):
            self.end, self._pooled = output, False
        elif inputs and _has_positions(inputs[0]) and next(module.parameters(), None) is None:
            self._pooled = True
        elif not self._pooled:
            self.end = output


def _has_positions(activations: Any) -> bool:
    """Whether there is more than one place, wherever the channels stand."""
    if not isinstance(activations, Tensor) or activations.dim() not in (3, 4):
        return False
    return sorted(activations.shape[1:])[-2] > 1


@contextmanager
def _watching(backbone: nn.Module) -> Iterator[_Watch]:
    watch = _Watch()
    hooks = [module.register_forward_hook(watch.note) for module in backbone.modules()]
    try:
        yield watch
    finally:
        for hook in hooks:
            hook.remove()
