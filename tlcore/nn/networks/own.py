"""The convolutional networks that the reports trained from scratch.

Only their convolutions are here. Their dense layers are the recipe's head, so that a scratch
network and a backbone with a head are one and the same thing to the lab.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import squeezenet1_1


class SqueezeNet(nn.Module):
    """With the two halves of a forward pass that timm's networks have."""

    def __init__(self) -> None:
        super().__init__()
        self.features = squeezenet1_1().features

    def forward(self, pictures: Tensor) -> Tensor:
        return self.forward_head(self.features(pictures), pre_logits=True)

    def forward_head(self, activations: Tensor, pre_logits: bool) -> Tensor:
        return F.adaptive_avg_pool2d(activations, 1).flatten(1)


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
        self.first = _pebble_convolution(width, width)
        self.second = _pebble_convolution(width, width)

    def forward(self, activations: Tensor) -> Tensor:
        added: Tensor = activations + self.second(self.first(activations))
        return added


def _pebble(stem: int, widths: list[int], features: int = 0) -> nn.Sequential:
    """A stem, a block for each width, and all pooled; `features` widens the last block."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(stem=_pebble_convolution(3, stem))
    channels = stem
    for number, width in enumerate(widths, start=1):
        layers[f"block{number}"] = nn.Sequential(
            _pebble_convolution(channels, width, 2), Residual(width)
        )
        channels = width
    if features:
        last = nn.Sequential(
            *layers.popitem()[1].children(), _pebble_convolution(channels, features)
        )
        layers[f"block{len(widths)}"] = last
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers)


def _pebble_convolution(channels: int, width: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(OrderedDict(conv=convolution, norm=nn.BatchNorm2d(width), relu=nn.ReLU()))


def report_c() -> nn.Sequential:
    """Report C: two pairs of convolutions, the second of each without padding.

    With a head of 512 hidden units, on 32 pixels and 10 classes: 1,250,858 parameters. The
    dropout after the second pair is the head's first dropout.
    """
    first = (*_convolution(3, 32), *_convolution(32, 32, padding=0))
    second = (*_convolution(32, 64), *_convolution(64, 64, padding=0))
    return _network(
        [
            nn.Sequential(*first, nn.MaxPool2d(2), nn.Dropout(0.25)),
            nn.Sequential(*second, nn.MaxPool2d(2)),
        ]
    )


def report_e() -> nn.Sequential:
    """Report E: three convolutions with batch norm, the first two followed by pooling."""
    return _network(
        [
            nn.Sequential(*_convolution(3, 32, norm=True), nn.MaxPool2d(2)),
            nn.Sequential(*_convolution(32, 64, norm=True), nn.MaxPool2d(2)),
            nn.Sequential(*_convolution(64, 128, norm=True)),
        ]
    )


def report_e_custom() -> nn.Sequential:
    """Report E's second network: three times convolution and pooling. Widths are our guess."""
    return _network(
        [
            nn.Sequential(*_convolution(3, 32), nn.MaxPool2d(2)),
            nn.Sequential(*_convolution(32, 64), nn.MaxPool2d(2)),
            nn.Sequential(*_convolution(64, 128), nn.MaxPool2d(2)),
        ]
    )


def plain() -> nn.Sequential:
    """The small network of introductory courses, for reports that only say "a scratch CNN".

    With a head of 64 hidden units, on 32 pixels and 10 classes: 122,570 parameters.
    """
    return _network(
        [
            nn.Sequential(*_convolution(3, 32, padding=0), nn.MaxPool2d(2)),
            nn.Sequential(*_convolution(32, 64, padding=0), nn.MaxPool2d(2)),
            nn.Sequential(*_convolution(64, 64, padding=0)),
        ]
    )


SCRATCH: dict[str, Callable[[], nn.Sequential]] = {
    "scratch-plain": plain,
    "scratch-c": report_c,
    "scratch-e": report_e,
    "scratch-custom": report_e_custom,
}


def _network(blocks: list[nn.Module]) -> nn.Sequential:
    named = {f"block{number}": block for number, block in enumerate(blocks, start=1)}
    return nn.Sequential(OrderedDict(named, flatten=nn.Flatten()))


def _convolution(
    channels: int, width: int, *, padding: int = 1, norm: bool = False
) -> tuple[nn.Module, ...]:
    """A convolution of 3 x 3 and a ReLU, initialised for each other."""
    convolution = nn.Conv2d(channels, width, 3, padding=padding)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    norms = (nn.BatchNorm2d(width),) if norm else ()
    return convolution, *norms, nn.ReLU()
