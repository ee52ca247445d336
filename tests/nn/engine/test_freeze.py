import pytest
import torch
from torch import nn

from tlcore.nn.engine.loop import apply
from tlcore.nn.networks.build import build
from tlcore.recipe import Head, Model
from tlcore.schedule import FreezeSchedule, Phase
from tlcore.schedule.plan import Plan

POLICIES = ("trained", "frozen", "adapted")
HEAD = Head(hidden=(8,), dropout=0.5, batchnorm=True)


@pytest.fixture(scope="module")
def networks():
    """Networks to freeze, built once; every test states all that it relies on."""
    names = ("mobilenetv2_035", "resnet18", "convnext_atto")
    return {
        name: build(Model(backbone=name, weights="none", head=HEAD, drop_path=0.2), 10, 32, seed=0)
        for name in names
    }


def _thaw(network, words, batchnorm="trained"):
    schedule = FreezeSchedule(preset="custom", phases=(Phase(thaw=words),), batchnorm=batchnorm)
    return Plan(schedule, network.outline, epochs=1).at(0)


def _state(network):
    return (
        [(name, p.requires_grad) for name, p in network.named_parameters()],
        [(name, m.training) for name, m in network.named_modules()],
    )


def _norms(module):
    return [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]


def _forward(network):
    network(torch.rand(4, 3, 32, 32))


SCOPES = ["head", "all", "last 2 blocks", "first block only", "last 5 layers", "norm and bias"]


@pytest.mark.parametrize("words", SCOPES)
def test_exactly_what_the_schedule_thaws_is_trainable(networks, words):
    network = networks["mobilenetv2_035"]
    thaw = _thaw(network, words)
    apply(network, thaw)
    assert {n for n, p in network.named_parameters() if p.requires_grad} == thaw.trainable


@pytest.mark.parametrize("batchnorm", POLICIES)
def test_the_state_depends_on_the_epoch_alone_and_not_on_the_past(networks, batchnorm):
    network = networks["resnet18"]
    apply(network, _thaw(network, "last block only", batchnorm))
    fresh = _state(network)
    for words in SCOPES:
        apply(network, _thaw(network, words, "adapted"))
        apply(network, _thaw(network, "last block only", batchnorm))
        apply(network, _thaw(network, "last block only", batchnorm))
        assert _state(network) == fresh


@pytest.mark.parametrize("name", ["mobilenetv2_035", "resnet18", "convnext_atto"])
def test_frozen_blocks_behave_as_in_evaluation_and_thawed_ones_do_not(networks, name):
    network = networks[name]
    apply(network, _thaw(network, "last 2 blocks"))
    *frozen, _, last = network.stages
    modes = {
        stage.name: {
            network.backbone.get_submodule(parameter.rpartition(".")[0]).training
            for parameter in stage.parameters
        }
        for stage in network.stages
    }
    assert all(modes[stage.name] == {False} for stage in frozen)
    assert modes[last.name] == {True}
    assert all(module.training for module in network.head.modules())


def test_frozen_blocks_drop_no_branches(networks):
    network = networks["convnext_atto"]
    apply(network, _thaw(network, "last block only"))
    dropping = {n: m.training for n, m in network.named_modules() if hasattr(m, "drop_prob")}
    assert {mode for n, mode in dropping.items() if "stages.3" in n} == {True}
    assert {mode for n, mode in dropping.items() if "stages.3" not in n} == {False}


@pytest.mark.parametrize("batchnorm", POLICIES)
@pytest.mark.parametrize("words", ["head", "last 2 blocks", "first block only", "all"])
def test_batch_norm_statistics_follow_the_policy(networks, words, batchnorm):
    network = networks["mobilenetv2_035"]
    thaw = _thaw(network, words, batchnorm)
    apply(network, thaw)
    before = {n: b.clone() for n, b in network.named_buffers() if n.endswith("running_mean")}
    _forward(network)
    for name, buffer in network.named_buffers():
        if name not in before:
            continue
        weight = name.replace("running_mean", "weight")
        moved = not torch.equal(buffer, before[name])
        if name.startswith("head."):
            assert moved, "the head's own batch norm always trains"
        elif batchnorm == "trained":
            assert moved == (weight in thaw.trainable)
        else:
            assert moved == (batchnorm == "adapted")


def test_with_frozen_statistics_scale_and_shift_of_thawed_blocks_still_train(networks):
    network = networks["resnet18"]
    apply(network, _thaw(network, "all", "frozen"))
    norm = network.backbone.layer4[0].bn1
    assert norm.weight.requires_grad
    assert norm.bias.requires_grad
    assert not norm.training


def test_in_a_block_that_thaws_in_part_each_batch_norm_goes_by_its_own_parameters(networks):
    network = networks["resnet18"]
    apply(network, _thaw(network, "from layer layer4.1.bn1"))
    assert network.backbone.layer4[1].bn1.training
    assert network.backbone.layer4[1].bn2.training
    assert not any(norm.training for norm in _norms(network.backbone.layer4[0]))
    assert not any(norm.training for norm in _norms(network.backbone.layer3))


def test_norms_and_biases_alone_leave_every_batch_norm_live(networks):
    network = networks["resnet18"]
    apply(network, _thaw(network, "norm and bias"))
    assert all(norm.training for norm in _norms(network))
    assert not network.backbone.conv1.weight.requires_grad


def test_a_frozen_network_s_features_do_not_change_while_its_head_trains(networks):
    network = networks["mobilenetv2_035"]
    apply(network, _thaw(network, "head"))
    pictures = torch.rand(4, 3, 32, 32)
    one = network.prefix(pictures, len(network.stages))
    _forward(network)
    assert torch.equal(network.prefix(pictures, len(network.stages)), one)
