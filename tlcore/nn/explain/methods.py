"""One entry to all methods: which of them fit a network, and the map of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tlcore.errors import AnswerError
from tlcore.inference.methods import METHODS
from tlcore.nn.explain.forward_trace import as_maps, last_map, pass_through, places
from tlcore.nn.explain.perturbation import lime, occlusion
from tlcore.nn.networks.network import Network
from tlcore.nn.seeding import generator_for


def has_attention(network: Network) -> bool:
    """Whether this is a transformer whose attention can be seen, with a grid of patches."""
    backbone: Any = network.backbone
    return bool(_attentions(backbone)) and hasattr(backbone, "num_prefix_tokens")


def attention_map(network: Network, picture: Tensor, target: int) -> Tensor:
    """How much of each place reaches the class `target`, 0 or more, as height x width."""
    if not has_attention(network):
        raise AnswerError(
            "This network has no attention to look at",
            remedy="Choose Grad-CAM, gradients, occlusion or LIME.",
        )
    backbone: Any = network.backbone
    with _attention_seen(backbone) as seen:
        score = network(picture.detach().requires_grad_())[0, target]
    gradients = torch.autograd.grad(score, seen)
    relevance = _followed([a.detach() for a in seen], gradients)
    row = _read_out(relevance, backbone)
    grid = row.reshape(1, 1, *backbone.patch_embed.grid_size)
    return F.interpolate(grid, picture.shape[-2:], mode="bilinear")[0, 0]


def _followed(attentions: list[Tensor], gradients: tuple[Tensor, ...]) -> Tensor:
    """How much each token knows of each other after the last block, beyond itself."""
    itself = torch.eye(attentions[0].shape[-1])
    relevance = itself
    for attention, gradient in zip(attentions, gradients, strict=True):
        carried = (attention * gradient).relu().mean(dim=1)[0]
        relevance = relevance + carried @ relevance
    return relevance - itself


def _read_out(relevance: Tensor, backbone: Any) -> Tensor:
    """What the head sees of each patch: through the class token, or averaged over all patches."""
    prefix = backbone.num_prefix_tokens
    rows = relevance[:1] if backbone.global_pool == "token" else relevance[prefix:]
    return rows.mean(dim=0)[prefix:]


@contextmanager
def _attention_seen(backbone: nn.Module) -> Iterator[list[Tensor]]:
    """Have attention computed step by step, and keep each block's shares."""
    seen: list[Tensor] = []
    attentions = _attentions(backbone)
    fused = [attention.fused_attn for attention in attentions]
    hooks = [
        attention.attn_drop.register_forward_hook(lambda *passed: seen.append(passed[2]))
        for attention in attentions
    ]
    try:
        for attention in attentions:
            attention.fused_attn = False
        yield seen
    finally:
        for attention, before, hook in zip(attentions, fused, hooks, strict=True):
            attention.fused_attn = before
            hook.remove()


def _attentions(backbone: nn.Module) -> list[Any]:
    """The attentions of timm's plain vision transformers, in order."""
    blocks = getattr(backbone, "blocks", ())
    found = [getattr(block, "attn", None) for block in blocks]
    parts = ("qkv", "attn_drop", "fused_attn")
    return found if all(all(hasattr(a, part) for part in parts) for a in found) else []


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


def grad_cam(network: Network, picture: Tensor, target: int) -> Tensor:
    """How strongly each place speaks for the class `target`, 0 or more, as height x width.

    Each feature counts by how much the class's number would rise with it, on average over places.
    What speaks against the class is left out, as the method has it.
    """
    passage = pass_through(network, picture.detach().requires_grad_())
    activations = last_map(network, passage)
    if activations is None:
        raise AnswerError(
            "Grad-CAM needs a convolutional network",
            remedy="Choose attention, gradients, occlusion or LIME.",
        )
    (gradient,) = torch.autograd.grad(passage.logits[0, target], activations)
    features, slopes = as_maps(network, activations), as_maps(network, gradient)
    importance = slopes.mean(dim=(2, 3), keepdim=True)
    speaks_for = (importance * features).sum(dim=1, keepdim=True).relu()
    return F.interpolate(speaks_for.detach(), picture.shape[-2:], mode="bilinear")[0, 0]


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
