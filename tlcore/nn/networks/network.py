"""What the lab trains: a backbone, cut into blocks that run one after another, and a head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from tlcore.nn.networks.stages import Cut, Stage
from tlcore.schedule.outline import HEAD, Layer, Outline


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


Triple = tuple[float, float, float]


class Network(nn.Module):
    """A backbone and a head.

    Attributes:
        outline: Blocks, layers and parameters by name, as the plain room sees them.
        exact: The stages were seen to run one after another, bit for bit as the backbone does.
            Else all of them run in the last one.
        trained_with: Mean and deviation that the weights were trained with; None if unknown.
        options: How the backbone was built beside its name, which only its weights knew.
        note: What a person should know of what the weights were trained with.
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module,
        cut: Cut,
        *,
        exact: bool,
        trained_with: tuple[Triple, Triple] | None = None,
        options: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.exact = exact
        self.trained_with = trained_with
        self.options = dict(options or {})
        self.note = note
        self._cut = cut
        self.outline: Outline = outline_of(backbone, head, self.stages)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The blocks as functions, one for each block of the outline; the last one's result is
        pooled and flat."""
        return self._cut(self.backbone)

    def forward(self, pictures: Tensor) -> Tensor:
        """From pictures to one number a class."""
        return self.suffix(pictures, 0)

    def prefix(self, pictures: Tensor, boundary: int) -> Tensor:
        """What the first `boundary` blocks make of pictures."""
        for stage in self.stages[:boundary]:
            pictures = stage.run(pictures)
        return pictures

    def suffix(self, activations: Tensor, boundary: int) -> Tensor:
        """What the other blocks and the head make of that."""
        logits: Tensor = self.head(self.features(activations, boundary))
        return logits

    def features(self, activations: Tensor, boundary: int) -> Tensor:
        """What the other blocks make of that, pooled and flat, before the head."""
        for stage in self.stages[boundary:]:
            activations = stage.run(activations)
        return activations

    def __getstate__(self) -> dict[str, Any]:
        """Without the stages: a copy has to cut its own backbone, not run this one's."""
        return {name: value for name, value in self.__dict__.items() if name != "stages"}


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; then each module in the mode it was found in."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
