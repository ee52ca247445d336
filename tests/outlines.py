"""A network small enough to count by hand."""

from tlcore.schedule.outline import HEAD, Layer, Outline

WIDTHS = {"stem": 2, "layer1": 3, "layer2": 4, "layer3": 5, "layer4": 6}
"""Each block is a convolution of `10 * width` weights and a batch norm of `2 * width`."""


def _layers(block: str, width: int) -> list[Layer]:
    norm = ((f"{block}.bn.weight", width), (f"{block}.bn.bias", width))
    return [
        Layer(f"{block}.conv", "Conv2d", block, ((f"{block}.conv.weight", 10 * width),)),
        Layer(f"{block}.bn", "BatchNorm2d", block, norm),
    ]


FIVE_BLOCKS = Outline(
    (
        *(layer for block, width in WIDTHS.items() for layer in _layers(block, width)),
        Layer("fc", "Linear", HEAD, (("fc.weight", 60), ("fc.bias", 10))),
    )
)
BLOCKS = FIVE_BLOCKS.blocks
