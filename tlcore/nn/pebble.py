"""The house's own backbones: residual networks small enough to be carried and to train on a CPU.

Plain 3 x 3 convolutions, because those are what CPUs are fast at, each with batch norm and
ReLU. Every block halves the picture once and ends in a residual pair.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn


def pebble_shapes() -> nn.Sequential:
    """For `shapes`: pictures of 32 pixels, 0.72 million parameters."""
    return _pebble(32, [(64, 1), (96, 1), (128, 1)])


def pebble_photo() -> nn.Sequential:
    """For photos: twice as wide, 2.3 million parameters."""
    return _pebble(64, [(128, 1), (128, 1), (256, 1)])


PEBBLES = {"pebble-shapes": pebble_shapes, "pebble-photo": pebble_photo}


class Residual(nn.Module):
    """Two convolutions whose result is added to what went in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _convolution(width, width)
        self.second = _convolution(width, width)

    def forward(self, activations: Tensor) -> Tensor:
        added: Tensor = activations + self.second(self.first(activations))
        return added


def _pebble(stem: int, blocks: list[tuple[int, int]]) -> nn.Sequential:
    """A stem, blocks given as width and number of residual pairs, and global average pooling."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(stem=_convolution(3, stem))
    channels = stem
    for number, (width, pairs) in enumerate(blocks, start=1):
        residuals = (Residual(width) for _ in range(pairs))
        layers[f"block{number}"] = nn.Sequential(_convolution(channels, width, 2), *residuals)
        channels = width
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers)


def _convolution(channels: int, width: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(OrderedDict(conv=convolution, norm=nn.BatchNorm2d(width), relu=nn.ReLU()))
