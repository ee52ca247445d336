import pytest
import torch

from tlcore.nn.networks.build import build
from tlcore.nn.networks.own import PEBBLES, SCRATCH
from tlcore.recipe import Head, Model


def _network(name, hidden=(), size=32):
    head = Head(hidden=hidden)
    return build(Model(backbone=name, weights="none", head=head), 10, size, seed=0)


def _size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_report_c_has_exactly_the_reported_parameters():
    network = _network("scratch-c", hidden=(512,))
    assert _size(network) == 1_250_858
    assert network.head[1].in_features == 2304


def test_the_plain_network_has_those_of_introductory_courses():
    assert _size(_network("scratch-plain", hidden=(64,))) == 122_570


def test_report_e_has_three_normed_convolutions_and_pools_after_the_first_two():
    network = _network("scratch-e", hidden=(512,))
    kinds = [[type(layer).__name__ for layer in block] for block in network.backbone[:3]]
    normed = ["Conv2d", "BatchNorm2d", "ReLU"]
    assert kinds == [[*normed, "MaxPool2d"], [*normed, "MaxPool2d"], normed]
    assert network.head[1].in_features == 128 * 8 * 8


@pytest.mark.parametrize("name", SCRATCH)
@pytest.mark.parametrize("size", [18, 32, 45])
def test_scratch_networks_take_any_size_that_leaves_something_to_look_at(name, size):
    network = _network(name, size=size)
    assert network.eval()(torch.rand(2, 3, size, size)).shape == (2, 10)
    assert network.exact


@pytest.mark.parametrize("name", SCRATCH)
def test_signals_neither_die_nor_explode_at_the_start(name):
    features = _network(name).train().backbone(torch.randn(8, 3, 32, 32))
    assert 0.05 < features.square().mean() < 20


@pytest.mark.parametrize(
    ("name", "most"), [("pebble-shapes", 800_000), ("pebble-photo", 3_000_000)]
)
def test_pebbles_are_small_enough_to_carry(name, most):
    assert _size(PEBBLES[name]()) <= most


@pytest.mark.parametrize("name", PEBBLES)
def test_pebbles_are_of_the_layers_that_processors_are_fast_at(name):
    convolutions = [m for m in PEBBLES[name]().modules() if isinstance(m, torch.nn.Conv2d)]
    assert {(c.kernel_size, c.groups) for c in convolutions} == {((3, 3), 1)}
