"""The outline of a real network: its layers in order, each with the block it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from tlcore.nn.stages import Stage
from tlcore.outline import HEAD, Layer, Outline


def outline_of(backbone: nn.Module, head: nn.Module, stages: Sequence[Stage]) -> Outline:
    """Draw the outline.

    A layer of the backbone goes by its path there, as timm names it; a parameter by its path in
    the whole network, as an optimiser names it. What is made not to train is left out.
    """
    order = [stage.name for stage in stages]
    owner = {name: stage.name for stage in stages for name in stage.parameters}
    layers = _layers(backbone, "backbone.", owner)
    tail = _layers(head, "head.", {name: HEAD for name, _ in head.named_parameters()})
    named_apart = (Layer(f"head.{x.name}", x.kind, x.block, x.parameters) for x in tail)
    return Outline((*sorted(layers, key=lambda x: order.index(x.block)), *named_apart))


def _layers(root: nn.Module, prefix: str, owner: Mapping[str, str]) -> list[Layer]:
    """Every module that owns parameters itself; what the root owns are layers of their own."""
    layers = []
    for path, module in root.named_modules():
        own = {
            name: parameter.numel()
            for name, parameter in module.named_parameters(recurse=False)
            if parameter.requires_grad
        }
        if path and own:
            sizes = tuple((f"{prefix}{path}.{name}", size) for name, size in own.items())
            first = f"{path}.{next(iter(own))}"
            layers.append(Layer(path, type(module).__name__, owner[first], sizes))
        else:
            layers += [
                Layer(name, "Parameter", owner[name], ((f"{prefix}{name}", size),))
                for name, size in own.items()
            ]
    return layers
