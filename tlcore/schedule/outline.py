"""A network as the plain room sees it: blocks, layers and how many parameters each has.

`tlcore.nn.networks.network` draws an outline from a real network; the catalogue carries those of
the curated backbones, so a page can count what a schedule trains without loading torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

NORMS = ("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RmsNorm", "RMSNorm")
HEAD = "head"


@dataclass(frozen=True)
class Layer:
    """A module that owns parameters itself.

    Attributes:
        name: Its path in the network, such as `layer1.0.conv2`.
        kind: Its class, such as `Conv2d`.
        block: The block it belongs to; `head` for the new classifier.
        parameters: Name and number of elements of each parameter.
    """

    name: str
    kind: str
    block: str
    parameters: tuple[tuple[str, int], ...]

    @property
    def is_norm(self) -> bool:
        return any(norm in self.kind for norm in NORMS)

    @property
    def size(self) -> int:
        return sum(count for _, count in self.parameters)


@dataclass(frozen=True)
class Outline:
    """All layers, from the pictures to the classes.

    >>> stem = Layer("conv1", "Conv2d", "stem", (("conv1.weight", 432),))
    >>> head = Layer("fc", "Linear", "head", (("fc.weight", 160), ("fc.bias", 10)))
    >>> outline = Outline((stem, head))
    >>> outline.blocks, outline.size
    (('stem',), 602)
    """

    layers: tuple[Layer, ...]

    @cached_property
    def backbone(self) -> tuple[Layer, ...]:
        """The layers before the head."""
        return tuple(layer for layer in self.layers if layer.block != HEAD)

    @cached_property
    def head(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if layer.block == HEAD)

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """The backbone's blocks in order, without the head."""
        return tuple(dict.fromkeys(layer.block for layer in self.backbone))

    @property
    def size(self) -> int:
        """Parameters in all."""
        return sum(layer.size for layer in self.layers)
