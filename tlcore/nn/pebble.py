"""The house's own backbones: residual networks small enough to be carried and to train on a CPU.

Plain 3 x 3 convolutions, because those are what CPUs are fast at, each with batch norm and
ReLU. Every block halves the picture once and goes on with a residual pair; the last one of
`pebble-photo` ends in a wider convolution, because a linear head reads more from more features.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn


def pebble_shapes() -> nn.Sequential:
    """For `shapes`: pictures of 32 pixels, 0.72 million parameters."""
    return _pebble(32, [64, 96, 128])


def pebble_photo() -> nn.Sequential:
    """For photos: twice as wide at its end, 2.8 million parameters."""
    return _pebble(32, [64, 128, 256], features=384)


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


def _pebble(stem: int, widths: list[int], features: int = 0) -> nn.Sequential:
    """A stem, a block for each width, and all pooled; `features` widens the last block."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(stem=_convolution(3, stem))
    channels = stem
    for number, width in enumerate(widths, start=1):
        layers[f"block{number}"] = nn.Sequential(_convolution(channels, width, 2), Residual(width))
        channels = width
    if features:
        last = nn.Sequential(*layers.popitem()[1].children(), _convolution(channels, features))
        layers[f"block{len(widths)}"] = last
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers)


def _convolution(channels: int, width: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(OrderedDict(conv=convolution, norm=nn.BatchNorm2d(width), relu=nn.ReLU()))
