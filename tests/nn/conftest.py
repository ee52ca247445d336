"""Weights that stand in for pre-trained ones: random, but saved and loaded as real ones are."""

import pytest
import torch
from safetensors.torch import save_file

from tlcore.nn.networks.build import build
from tlcore.recipe import Model


@pytest.fixture(scope="session")
def stand_in_weights(tmp_path_factory):
    """A file of random weights for a backbone: `stand_in_weights("resnet18")`."""
    folder = tmp_path_factory.mktemp("weights")

    def make(backbone):
        path = folder / f"{backbone}.safetensors"
        if not path.exists():
            network = build(Model(backbone=backbone, weights="none"), 10, 32, seed=7)
            tensors = {n: _lively(n, t) for n, t in network.backbone.state_dict().items()}
            save_file(tensors, path, metadata={"mean": "[0.5,0.5,0.5]", "std": "[0.5,0.5,0.5]"})
        return path

    return make


def _lively(name, tensor):
    """Fresh residual networks end each branch in a norm of weight 0; pre-trained ones don't."""
    dead = name.endswith("weight") and not tensor.any()
    return torch.ones_like(tensor) if dead else tensor.contiguous()
