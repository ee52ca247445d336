"""Which patches a vision transformer's attention carries to a class (Chefer et al., 2021).

Plain attention rollout says the same for every class and knows nothing of the head. Here each
attention counts by the gradient of the class's number, so it is this class's map and this head's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tlcore.errors import AnswerError
from tlcore.nn.network import Network


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
