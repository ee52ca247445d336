"""A network for looking, not learning: each BatchNorm folded into the convolution before it.

With fixed statistics a BatchNorm is a factor and a summand for each channel, which the
convolution can take over: one pass over the activations less, for every layer.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from tlcore.nn.network import Network, evaluating

CLOSE_ENOUGH = 1e-3
"""Relative distance, in float32, beyond which a folding isn't believed."""


def folded(network: Network, picture: Tensor, boundary: int) -> Network:
    """A frozen copy whose first `boundary` blocks compute the same in fewer operations.

    Which convolution feeds which BatchNorm is seen on a picture that goes through; that the
    copy still computes the same is tried on it too, and if it doesn't, nothing is folded.
    """
    faster = _still(network)  # cut into stages only after folding: they hold their modules
    with torch.no_grad(), evaluating(network):
        for convolution, norm in _pairs(network, lambda: network.prefix(picture, boundary)):
            _fold(faster, convolution, norm)
        wanted, found = (each.prefix(picture, boundary) for each in (network, faster))
    distance = (found - wanted).norm() / wanted.norm().clamp_min(1e-12)
    return faster if bool(distance <= CLOSE_ENOUGH) else _still(network)


def _still(network: Network) -> Network:
    """A copy that doesn't learn."""
    return copy.deepcopy(network).eval().requires_grad_(False)


def _pairs(network: nn.Module, run: Callable[[], Tensor]) -> list[tuple[str, str]]:
    """Names of convolutions whose result goes through a BatchNorm, and of that BatchNorm."""
    made: dict[int, tuple[str, Tensor]] = {}
    seen: Counter[str] = Counter()
    pairs: list[tuple[str, str]] = []

    def look(name: str, module: nn.Module, given: tuple[Any, ...], result: Any) -> None:
        seen[name] += 1
        if isinstance(module, nn.Conv2d):
            made[id(result)] = (name, result)  # held, so that no other tensor gets its id
        elif id(given[0]) in made:
            pairs.append((made[id(given[0])][0], name))

    handles = [
        module.register_forward_hook(partial(look, name))
        for name, module in network.named_modules()
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))
    ]
    run()
    for handle in handles:
        handle.remove()
    return [pair for pair in pairs if all(seen[name] == 1 for name in pair)]


def _fold(network: nn.Module, convolution_name: str, norm_name: str) -> None:
    """Move a BatchNorm into a convolution; what it did beside normalising stays."""
    convolution, norm = map(network.get_submodule, (convolution_name, norm_name))
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    if norm.running_mean is None or norm.running_var is None:
        return  # it takes the statistics of each batch
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    # timm's BatchNorm brings its activation along.
    rest = [getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)]
    network.set_submodule(norm_name, nn.Sequential(*rest))
