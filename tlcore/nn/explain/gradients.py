"""Integrated gradients: each pixel's part in the answer (Sundararajan et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tlcore.nn.network import Network

STEPS = 32
_AT_ONCE = 4


def integrated_gradients(
    network: Network,
    picture: Tensor,
    target: int,
    *,
    steps: int = STEPS,
    pause: Callable[[], None] = lambda: None,
) -> Tensor:
    """How much each pixel adds to the class's number, as height x width.

    The way goes from a picture of the mean colour, which says nothing, to this one; the parts add
    up to what the class's number gains on it.
    """
    blank = torch.zeros_like(picture)
    slopes = torch.zeros_like(picture)
    middles = (torch.arange(steps) + 0.5) / steps
    for shares in middles.split(_AT_ONCE):
        on_the_way = blank + shares[:, None, None, None] * (picture - blank)
        on_the_way = on_the_way.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(network(on_the_way)[:, target].sum(), on_the_way)
        slopes += gradient.sum(dim=0) / steps
        pause()
    return ((picture - blank) * slopes)[0].sum(dim=0)
