"""A folded network says the same as the one it was made from, and that one stays as it was."""

import copy

import pytest
import torch
from torch import nn

from tlcore.nn.engine.fusing import folded
from tlcore.nn.networks.build import build
from tlcore.recipe import Model

SIZES = {"resnet18": 64, "mobilenetv2_100": 64, "efficientnet_b0": 64, "pebble-shapes": 32}


def lived_in(backbone):
    """A network whose BatchNorm statistics and scales are not what they start as."""
    size = SIZES[backbone]
    network = build(Model(backbone=backbone, weights="none"), 10, size, seed=0).eval()
    chance = torch.Generator().manual_seed(0)
    for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
        assert norm.running_var is not None
        assert norm.running_mean is not None
        for tensor in (norm.running_var, norm.weight):
            tensor.data.uniform_(0.5, 1.5, generator=chance)
        for tensor in (norm.running_mean, norm.bias):
            tensor.data.normal_(0, 0.2, generator=chance)
    return network, torch.rand(2, 3, size, size, generator=chance)


def norms_in(network):
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize("backbone", SIZES)
def test_it_computes_the_same_with_no_batch_norm_left(backbone):
    network, pictures = lived_in(backbone)
    blocks = len(network.stages)
    fast = folded(network, pictures[:1], blocks)
    assert norms_in(fast.backbone) == 0 < norms_in(network.backbone)
    with torch.no_grad():
        for boundary in range(1, blocks + 1):
            wanted, found = (each.prefix(pictures, boundary) for each in (network, fast))
            assert (found - wanted).norm() < 1e-4 * wanted.norm()


def test_blocks_behind_the_boundary_are_left_alone():
    network, pictures = lived_in("resnet18")
    fast = folded(network, pictures[:1], 1)
    assert norms_in(fast) == norms_in(network) - 1


def test_the_network_itself_is_not_touched():
    network, pictures = lived_in("pebble-shapes")
    before = copy.deepcopy(network.state_dict())
    folded(network, pictures[:1], len(network.stages))
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_folding_that_changes_the_result_is_not_believed(monkeypatch):
    network, pictures = lived_in("pebble-shapes")
    monkeypatch.setattr("tlcore.nn.engine.fusing.CLOSE_ENOUGH", 0.0)
    assert norms_in(folded(network, pictures[:1], 2)) == norms_in(network)
