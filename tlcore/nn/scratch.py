"""The convolutional networks that the reports trained from scratch.

Only their convolutions are here. Their dense layers are the recipe's head, so that a scratch
network and a backbone with a head are one and the same thing to the lab.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from torch import nn


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
