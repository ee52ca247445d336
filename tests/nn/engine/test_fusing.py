"""Fused convolutions say the same as the layers they were made of, or aren't believed."""

import copy

import pytest
import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import nn

from tests.nn.engine.test_folding import SIZES, lived_in
from tlcore.nn.device import computing_in
from tlcore.nn.engine.fusing import FusedConvolution, _possible, folded, fused


def fused_in(network):
    return sum(isinstance(module, FusedConvolution) for module in network.modules())


LEFT = {"resnet18": 8, "mobilenetv2_100": 0, "efficientnet_b0": 0, "pebble-shapes": 0}
"""Activations that don't follow a convolution but a sum."""


def activations_in(network):
    return sum(isinstance(module, (nn.ReLU, nn.ReLU6, nn.SiLU)) for module in network.modules())


@pytest.mark.parametrize("backbone", SIZES)
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16], ids=str)
def test_every_convolution_is_fused_and_as_exact_as_before(backbone, precision):
    network, pictures = lived_in(backbone)
    blocks = len(network.stages)
    plain = folded(network, pictures[:1], blocks)
    fast = fused(copy.deepcopy(plain), pictures[:1], blocks, precision, batch=len(pictures))
    if _possible(precision):
        assert fused_in(fast) == sum(isinstance(m, nn.Conv2d) for m in network.modules())
        assert activations_in(fast) == LEFT[backbone]
    else:  # this processor can't, and the network runs as it was
        assert fused_in(fast) == 0
    with torch.no_grad():
        for boundary in range(1, blocks + 1):
            exact = plain.prefix(pictures, boundary)
            with computing_in(precision, torch.device("cpu")):
                usual, found = (each.prefix(pictures, boundary) for each in (plain, fast))
            allowed = 1.5 * (usual.float() - exact).norm() + 1e-4 * exact.norm()
            assert (found.float() - exact).norm() < allowed


@pytest.mark.parametrize("size", [8, 9, 12, 15])
@pytest.mark.parametrize("kernel", [3, 5])
def test_a_padding_that_is_wider_on_the_right_is_kept(size, kernel):
    chance = torch.Generator().manual_seed(0)
    convolution = Conv2dSame(4, 8, kernel, stride=2)
    pictures = torch.rand(2, 4, size, size, generator=chance)
    both = FusedConvolution(convolution, nn.ReLU6(), torch.float32, pictures.shape)
    with torch.no_grad():
        wanted = nn.functional.relu6(convolution(pictures))
        torch.testing.assert_close(both(pictures), wanted, rtol=1e-4, atol=1e-5)


def test_blocks_behind_the_boundary_are_left_alone():
    network, pictures = lived_in("resnet18")
    assert fused_in(fused(network, pictures[:1], 1, torch.float32, batch=2)) == 1


def test_a_fusion_that_changes_the_result_is_not_believed(monkeypatch):
    network, pictures = lived_in("pebble-shapes")
    distances = iter([0.01, 0.0])  # of the fused way, of the usual one
    monkeypatch.setattr("tlcore.nn.engine.fusing._distance", lambda found, wanted: next(distances))
    before = network(pictures)
    put_back = fused(network, pictures[:1], 2, torch.float32, batch=2)
    assert fused_in(put_back) == 0
    assert torch.equal(put_back(pictures), before)


def test_a_sum_before_the_activation_is_not_skipped():
    """A residual block adds in place: the activation sees the very tensor, but another value."""
    network, pictures = lived_in("resnet18")
    fast = fused(network, pictures[:1], 2, torch.float32, batch=2)
    assert isinstance(fast.get_submodule("backbone.layer1.0.act2"), nn.ReLU)
