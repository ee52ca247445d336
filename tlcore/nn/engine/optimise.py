"""The optimiser, in parameter groups that stay the same for the whole run.

One group per block and kind (weights that decay, norms and biases that don't). What the freeze
schedule changes from epoch to epoch is only `requires_grad` and each group's rate, so a
checkpoint's optimiser state always fits.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from tlcore.nn.networks.network import Network
from tlcore.recipe import Optimiser
from tlcore.schedule.plan import Thaw


def build_optimiser(network: Network, recipe: Optimiser) -> Optimizer:
    """The optimiser over every parameter, frozen ones too: without a gradient they stay put."""
    groups = _groups(network, recipe.weight_decay)
    if recipe.name == "sgd":
        return SGD(
            groups, lr=recipe.rate, momentum=recipe.momentum, nesterov=recipe.nesterov, fused=True
        )
    if recipe.name == "adam":
        return Adam(groups, lr=recipe.rate, fused=True)
    return AdamW(groups, lr=recipe.rate, fused=True)


def _groups(network: Network, weight_decay: float) -> list[dict[str, Any]]:
    parameters = dict(network.named_parameters())
    spared = spared_from_decay(network)
    found: dict[tuple[str, bool], list[Tensor]] = defaultdict(list)
    for layer in network.outline.layers:
        for name, _ in layer.parameters:
            decays = not (layer.is_norm or name.endswith("bias") or name in spared)
            found[layer.block, decays].append(parameters[name])
    return [
        {"params": tensors, "block": block, "decays": decays}
        | {"weight_decay": weight_decay if decays else 0.0}
        for (block, decays), tensors in found.items()
    ]


def spared_from_decay(network: Network) -> set[str]:
    """What is no weight, though it is neither norm nor bias: tokens and positions, as timm lists
    them, and the scales of layers, which have one dimension."""
    listed: set[str] = getattr(network.backbone, "no_weight_decay", set)()
    flat = {name for name, value in network.backbone.named_parameters() if value.ndim <= 1}
    return {f"backbone.{name}" for name in {*listed, *flat}}


def newly_spared(network: Network) -> set[str]:
    """Of these, what version 1 of recipes let decay: the optimiser has it in another place now."""
    known = {
        name
        for layer in network.outline.layers
        for name, _ in layer.parameters
        if layer.is_norm or name.endswith("bias")
    }
    return spared_from_decay(network) - known


def set_rates(optimiser: Optimizer, rate: float, thaw: Thaw) -> None:
    """Give each block its learning rate for the coming step."""
    for group in optimiser.param_groups:
        group["lr"] = rate * thaw.rates[group["block"]]


def shape_gradients(optimiser: Optimizer, recipe: Optimiser) -> None:
    """Add the L1 penalty's pull and shorten gradients that are too long."""
    if recipe.l1:
        for group in optimiser.param_groups:
            for parameter in group["params"]:
                if group["decays"] and parameter.grad is not None:
                    parameter.grad.add_(parameter.detach().sign(), alpha=recipe.l1)
    if recipe.clip:
        every = [p for group in optimiser.param_groups for p in group["params"]]
        torch.nn.utils.clip_grad_norm_([p for p in every if p.grad is not None], recipe.clip)
