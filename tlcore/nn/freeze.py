"""Making a network's state what the freeze schedule says of an epoch."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tlcore.nn.network import Network
from tlcore.plan import Thaw


def apply(network: Network, thaw: Thaw) -> None:
    """Set what trains and how every module behaves, whatever held before.

    Wholly frozen blocks run as in evaluation: no dropout, no dropped branches, BatchNorm with the
    statistics it has. Blocks that train, if only in part, are live, except a BatchNorm whose own
    scale and shift are frozen. The policies `frozen` and `adapted` then overrule all BatchNorm of
    the backbone: none, or every one, uses and updates the statistics of its batch. The head
    always trains.
    """
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in thaw.trainable)
    network.train()
    for module, live in _with_liveness(network, thaw):
        module.train(live)
    for module in network.backbone.modules():
        if isinstance(module, _BatchNorm):
            module.train(_uses_batch_statistics(module, thaw))


def _with_liveness(network: Network, thaw: Thaw) -> Iterator[tuple[nn.Module, bool]]:
    """The backbone's modules from the outside in, and whether each is part of a thawed block.

    A module without parameters, such as a dropout, does as the module that it is a part of.
    """
    layers = network.outline.backbone
    block = {name: layer.block for layer in layers for name, _ in layer.parameters}
    thawed = {block[name] for name in thaw.trainable if name in block}
    live = {"": bool(thawed)}
    for path, module in network.named_modules():
        if not path.startswith("backbone"):
            continue
        blocks = {block.get(f"{path}.{name}") for name, _ in module.named_parameters()}
        live[path] = bool(blocks & thawed) if blocks else live[path.rpartition(".")[0]]
        yield module, live[path]


def _uses_batch_statistics(module: _BatchNorm, thaw: Thaw) -> bool:
    if thaw.batchnorm != "trained":
        return thaw.batchnorm == "adapted"
    own = list(module.parameters(recurse=False))
    return any(parameter.requires_grad for parameter in own) if own else module.training
