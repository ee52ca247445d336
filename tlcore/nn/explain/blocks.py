"""What each block makes of a picture: its strongest features, as small pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlcore.nn.explain.passage import as_maps, pass_through
from tlcore.nn.network import Network

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
