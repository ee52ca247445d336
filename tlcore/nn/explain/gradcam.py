"""Grad-CAM: where the features of the last block speak for a class (Selvaraju et al., 2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tlcore.errors import AnswerError
from tlcore.nn.explain.passage import as_maps, last_map, pass_through
from tlcore.nn.network import Network


def grad_cam(network: Network, picture: Tensor, target: int) -> Tensor:
    """How strongly each place speaks for the class `target`, 0 or more, as height x width.

    Each feature counts by how much the class's number would rise with it, on average over places.
    What speaks against the class is left out, as the method has it.
    """
    passage = pass_through(network, picture.detach().requires_grad_())
    activations = last_map(network, passage)
    if activations is None:
        raise AnswerError(
            "Grad-CAM needs a convolutional network",
            remedy="Choose attention, gradients, occlusion or LIME.",
        )
    (gradient,) = torch.autograd.grad(passage.logits[0, target], activations)
    features, slopes = as_maps(network, activations), as_maps(network, gradient)
    importance = slopes.mean(dim=(2, 3), keepdim=True)
    speaks_for = (importance * features).sum(dim=1, keepdim=True).relu()
    return F.interpolate(speaks_for.detach(), picture.shape[-2:], mode="bilinear")[0, 0]
