"""torchvision's SqueezeNet 1.1 as a backbone: its convolutions, pooled."""

from __future__ import annotations

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
