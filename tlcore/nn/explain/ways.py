"""One entry to all methods: which of them fit a network, and the map of one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlcore.asking.methods import METHODS
from tlcore.errors import AnswerError
from tlcore.nn.explain.attention import attention_map, has_attention
from tlcore.nn.explain.gradcam import grad_cam
from tlcore.nn.explain.gradients import integrated_gradients
from tlcore.nn.explain.lime import lime
from tlcore.nn.explain.occlusion import occlusion
from tlcore.nn.explain.passage import places
from tlcore.nn.network import Network


@dataclass(frozen=True)
class Explanation:
    """Why, as a map.

    Attributes:
        map: Height x width; what a number in it means depends on the method.
        facts: What else there is to know, such as LIME's `fidelity`.
    """

    map: NDArray[np.float32]
    facts: dict[str, float] = field(default_factory=dict)


def ways_for(network: Network, size: int) -> tuple[str, ...]:
    """The methods that fit this network, in the order that they are offered."""
    unfit = set()
    if places(network, size) is None:
        unfit.add("grad-cam")
    if not has_attention(network):
        unfit.add("attention")
    return tuple(each.name for each in METHODS if each.name not in unfit)


def explain(
    network: Network,
    picture: Tensor,
    way: str,
    target: int,
    *,
    pause: Callable[[], None] = lambda: None,
) -> Explanation:
    """The map of one method, for one class.

    Args:
        network: Whose reasons.
        picture: Prepared: 1 x 3 x size x size.
        way: The method's name.
        target: The class.
        pause: Called every second or so by the methods that take long.
    """
    with torch.enable_grad():
        if way == "lime":
            found = lime(network, picture, target, pause=pause)
            facts = {"fidelity": found.fidelity, "parts": found.parts}
            return Explanation(found.map.numpy(), facts)
        if way not in _MAPS:
            raise AnswerError(f"There is no method {way!r}")
        drawn = _MAPS[way](network, picture, target, pause)
    facts = {}
    if way == "grad-cam" and (grid := places(network, picture.shape[-1])):
        facts = {"down": grid[0], "across": grid[1]}
    return Explanation(drawn.detach().float().numpy(), facts)


_MAPS: dict[str, Callable[[Network, Tensor, int, Callable[[], None]], Tensor]] = {
    "grad-cam": lambda network, picture, target, pause: grad_cam(network, picture, target),
    "attention": lambda network, picture, target, pause: attention_map(network, picture, target),
    "gradients": lambda network, picture, target, pause: integrated_gradients(
        network, picture, target, pause=pause
    ),
    "occlusion": lambda network, picture, target, pause: occlusion(
        network, picture, target, pause=pause
    ),
}
