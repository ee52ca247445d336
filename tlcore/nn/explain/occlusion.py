"""Occlusion: what the answer loses when a part of the picture is covered (Zeiler, Fergus, 2014)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from tlcore.nn.network import Network

PATCHES_ACROSS = 8
"""Steps that the cover takes from one side to the other; it is two steps wide."""

_PIXELS_AT_ONCE = 64 * 64 * 64


def occlusion(
    network: Network, picture: Tensor, target: int, *, pause: Callable[[], None] = lambda: None
) -> Tensor:
    """How much probability of the class each place holds, as height x width.

    A grey cover is moved over the picture; a place gets the mean loss of all covers it lay under.
    """
    size = picture.shape[-1]
    covers = torch.stack(list(_covers(size)))
    left = covered(network, picture, covers, target, pause)
    losses = _probability(network, picture, target) - left
    shared = (losses[:, None, None] * covers).sum(dim=0)
    return shared / covers.sum(dim=0)


@torch.no_grad()
def covered(
    network: Network, picture: Tensor, covers: Tensor, target: int, pause: Callable[[], None]
) -> Tensor:
    """The class's probability under each cover (n x height x width, 1 where it covers).

    What lies under a cover has the mean colour of what the network was trained on.
    """
    found = []
    for some in covers.split(max(1, _PIXELS_AT_ONCE // picture.shape[-1] ** 2)):
        found.append(_probability(network, picture * (1 - some[:, None]), target))
        pause()
    return torch.cat(found)


@torch.no_grad()
def _probability(network: Network, pictures: Tensor, target: int) -> Tensor:
    logits: Tensor = network(pictures)
    return logits.float().softmax(dim=1)[:, target]


def _covers(size: int) -> Iterator[Tensor]:
    """Squares a quarter as wide as the picture, half over each other; the last ones stop at the
    edge."""
    step = max(1, size // PATCHES_ACROSS)
    width = 2 * step
    starts = range(0, max(1, size - width + step), step)
    for top in starts:
        for left in starts:
            cover = torch.zeros(size, size)
            cover[top : top + width, left : left + width] = 1
            yield cover
