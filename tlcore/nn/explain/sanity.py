"""Whether a map is about what the network learned at all (Adebayo et al., 2018).

A map that looks the same with shuffled weights shows the picture's edges, not the network's
reasons.
"""

from __future__ import annotations

from copy import deepcopy

import torch

from tlcore.nn.chance import generator_for
from tlcore.nn.network import Network


def shuffled(network: Network, *, head_only: bool = False) -> Network:
    """A copy in which every tensor of weights has its numbers in another order.

    So nothing that was learned is left, while every layer's numbers are as large as before.
    """
    copy = deepcopy(network)
    part = copy.head if head_only else copy
    with torch.no_grad():
        for name, weights in part.named_parameters():
            order = torch.randperm(weights.numel(), generator=generator_for(0, "shuffled", name))
            weights.copy_(weights.flatten()[order].reshape(weights.shape))
    return copy
