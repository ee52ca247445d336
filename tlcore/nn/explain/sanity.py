"""Whether a map is about what the network learned at all (Adebayo et al., 2018).

A map that looks the same with shuffled weights shows the picture's edges, not the network's
reasons.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray

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


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's, from -1 to 1; 0 where one of the maps is the same all over.

    >>> rank_correlation(np.float32([[1, 2], [3, 40]]), np.float32([[1, 2], [3, 4]]))
    1.0
    """
    from scipy.stats import rankdata

    ranks = [rankdata(each.ravel()) for each in (one, other)]
    centred = [each - each.mean() for each in ranks]
    lengths = [float(np.linalg.norm(each)) for each in centred]
    if min(lengths) == 0:
        return 0.0
    return round(float(centred[0] @ centred[1]) / (lengths[0] * lengths[1]), 12)
