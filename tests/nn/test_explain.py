"""Maps are held against captum's, and against what must be so of any map of a trained network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from timm.models.vision_transformer import VisionTransformer

from tlcore.analysis.heatmaps import rank_correlation
from tlcore.errors import AnswerError
from tlcore.inference.methods import METHODS
from tlcore.nn.explain import perturbation
from tlcore.nn.explain.forward_trace import features_by_block, last_map, pass_through, places
from tlcore.nn.explain.methods import (
    attention_map,
    explain,
    grad_cam,
    integrated_gradients,
    shuffled,
    ways_for,
)
from tlcore.nn.explain.perturbation import PATCHES_ACROSS, occlusion, superpixels
from tlcore.nn.networks.build import build
from tlcore.nn.networks.network import Network
from tlcore.nn.networks.stages import find_cut
from tlcore.recipe import Head, Model

TARGET = 3
CNN_WAYS = ("occlusion", "grad-cam", "gradients", "lime")
VIT_WAYS = ("occlusion", "attention", "gradients", "lime")


@pytest.fixture(autouse=True)
def fewer_samples(monkeypatch):
    monkeypatch.setattr(perturbation, "SAMPLES", 96)


@pytest.fixture(scope="module")
def network():
    """A network in evaluation mode, built once, whose head has opinions: `network("resnet18")`."""
    built = {}

    def make(name, size=32, weights="none"):
        which = (name, size, weights)
        if which not in built:
            head = Head(hidden=(16,))
            made: Any = build(Model(backbone=name, weights=weights, head=head), 5, size, seed=0)
            torch.nn.init.normal_(made.head.classifier.weight, generator=_chance(5))
            built[which] = made.eval().requires_grad_(False)
        return built[which]

    return make


@pytest.fixture
def pebble(network):
    """The carried backbone: it has learned something, unlike the others."""
    return network("pebble-shapes", weights="pretrained")


def _chance(seed):
    return torch.Generator().manual_seed(seed)


def picture(size=32, seed=1):
    """A grainy picture with something in it."""
    grain = torch.randn(1, 3, size, size, generator=_chance(seed)) * 0.3
    third = size // 3
    grain[:, :, third : 2 * third, third : 2 * third] += 1.5
    return grain


def _probabilities(network):
    return lambda pictures: network(pictures).softmax(dim=1)


# Held against captum


@pytest.mark.parametrize(
    ("backbone", "layer", "size"),
    [("pebble-shapes", "block3", 32), ("resnet18", "layer4", 96), ("mobilenetv2_035", "bn2", 96)],
)
def test_grad_cam_is_captums_at_the_last_block(network, backbone, layer, size):
    net, x = network(backbone, size), picture(size)
    watched = LayerGradCam(net, net.backbone.get_submodule(layer))
    theirs = watched.attribute(x.requires_grad_(), TARGET, relu_attributions=True)
    theirs = LayerGradCam.interpolate(theirs, (size, size), interpolate_mode="bilinear")
    ours = grad_cam(net, x, TARGET)
    assert ours.max() > 0
    torch.testing.assert_close(ours, theirs[0, 0].detach(), rtol=1e-4, atol=1e-6)


def test_integrated_gradients_are_captums(pebble):
    x = picture()
    theirs = IntegratedGradients(pebble).attribute(
        x, torch.zeros_like(x), TARGET, n_steps=32, method="riemann_middle"
    )
    ours = integrated_gradients(pebble, x, TARGET, steps=32)
    torch.testing.assert_close(ours, theirs[0].sum(dim=0).float(), rtol=1e-3, atol=1e-5)


def test_occlusion_is_captums(pebble):
    x, step = picture(), 32 // PATCHES_ACROSS
    theirs = Occlusion(_probabilities(pebble)).attribute(
        x, (3, 2 * step, 2 * step), (3, step, step), baselines=0, target=TARGET
    )
    ours = occlusion(pebble, x, TARGET)
    torch.testing.assert_close(ours, theirs[0, 0].float(), rtol=1e-4, atol=1e-6)


# Held against their own definitions


def test_integrated_gradients_add_up_to_what_the_class_gains(pebble):
    x = picture()
    gain = (pebble(x) - pebble(torch.zeros_like(x)))[0, TARGET]
    total = integrated_gradients(pebble, x, TARGET, steps=128).sum()
    assert float(total) == pytest.approx(float(gain), rel=0.05)


def test_limes_regression_is_scikit_learns():
    chance = np.random.default_rng(3)
    kept = chance.integers(0, 2, (200, 12)).astype(float)
    answers = chance.random(200)
    worth, fidelity = perturbation.fit(kept, answers)
    distance = 1 - np.sqrt(kept.mean(axis=1))
    weights = np.sqrt(np.exp(-((distance / perturbation.KERNEL) ** 2)))
    theirs = Ridge(alpha=perturbation.RIDGE).fit(kept, answers, sample_weight=weights)
    np.testing.assert_allclose(worth, theirs.coef_, atol=1e-8)
    expected = r2_score(answers, theirs.predict(kept), sample_weight=weights)
    assert fidelity == pytest.approx(expected, abs=1e-8)


def test_lime_finds_the_parts_that_an_additive_network_adds_up():
    kept = (np.random.default_rng(0).random((256, 10)) < 0.5).astype(float)
    truth = np.linspace(-1, 1, 10)
    worth, fidelity = perturbation.fit(kept, kept @ truth)
    np.testing.assert_allclose(worth, truth, atol=0.05)
    assert fidelity > 0.99


def test_superpixels_keep_to_edges_and_number_every_part():
    halves = np.zeros((32, 32, 3), np.float32)
    halves[:, 13:] = 2
    parts = superpixels(halves)
    assert set(parts[:, 12]).isdisjoint(parts[:, 13])
    assert sorted(set(parts.ravel())) == list(range(parts.max() + 1))


# What must be so of any map


@pytest.mark.parametrize("way", CNN_WAYS)
def test_a_map_has_the_size_of_the_picture_and_is_the_same_every_time(pebble, way):
    maps = [explain(pebble, picture(), way, TARGET).map for _ in range(2)]
    assert maps[0].shape == (32, 32)
    assert maps[0].dtype == np.float32
    assert np.isfinite(maps[0]).all()
    assert maps[0].any()
    np.testing.assert_array_equal(maps[0], maps[1])


@pytest.mark.parametrize("way", CNN_WAYS)
def test_shuffled_weights_change_the_map(pebble, way):
    """A map that survives them would show the picture, not the network."""
    with_trained = explain(pebble, picture(), way, TARGET).map
    without = explain(shuffled(pebble), picture(), way, TARGET).map
    assert abs(rank_correlation(with_trained, without)) < 0.5


@pytest.mark.parametrize(
    ("backbone", "way"),
    [*(("pebble-shapes", way) for way in CNN_WAYS), ("vit_tiny_patch16_224", "attention")],
)
def test_another_head_alone_changes_the_map(network, backbone, way):
    """Else it would be the bare backbone that is explained, not the classifier."""
    net = network(backbone, weights="pretrained" if backbone == "pebble-shapes" else "none")
    with_trained = explain(net, picture(), way, TARGET).map
    other_head = explain(shuffled(net, head_only=True), picture(), way, TARGET).map
    assert rank_correlation(with_trained, other_head) < 0.9
    before = net.prefix(picture(), len(net.stages))
    assert torch.equal(before, shuffled(net, head_only=True).prefix(picture(), len(net.stages)))


@pytest.mark.parametrize("way", CNN_WAYS)
def test_each_class_has_a_map_of_its_own(pebble, way):
    one, other = (explain(pebble, picture(), way, target).map for target in (0, TARGET))
    assert not np.allclose(one, other)


def test_where_the_evidence_is_the_maps_are():
    """A class made to depend on one corner alone: every method finds the corner."""

    class Corner(torch.nn.Module):
        def forward(self, pictures):
            inside = pictures[:, :, :16, :16].mean(dim=(1, 2, 3))
            return torch.stack([inside * 4, torch.zeros_like(inside)], dim=1)

    net: Any = Corner()
    x = torch.ones(1, 3, 32, 32)
    for found in (
        integrated_gradients(net, x, 0),
        occlusion(net, x, 0),
        perturbation.lime(net, x, 0).map,
    ):
        assert found[:14, :14].mean() > 5 * abs(found[18:, 18:].mean())


# Networks of every family

SIZES = {"inception_v3": 75, "vgg16": 32, "resnet18": 32}
FAMILIES = [
    *("resnet18", "vgg16", "inception_v3", "mobilenetv1_025", "mobilenetv2_035"),
    *("mobilenetv3_small_100", "tf_efficientnet_lite0", "convnext_atto", "squeezenet1_1"),
    *("scratch-c", "pebble-shapes", "regnetx_002"),
]


@pytest.mark.parametrize("backbone", FAMILIES)
def test_a_passage_gives_what_the_network_gives_and_the_last_map_has_places(network, backbone):
    size = SIZES.get(backbone, 64)
    net, x = network(backbone, size), picture(size)
    passage = pass_through(net, x)
    assert torch.equal(passage.logits, net(x))
    grid = places(net, size)
    assert grid is not None
    assert min(grid) >= 2
    assert ways_for(net, size) == CNN_WAYS
    assert last_map(net, passage) is not None
    assert grad_cam(net, x, TARGET).shape == (size, size)


def test_a_transformer_is_explained_by_its_attention(network):
    net, x = network("vit_tiny_patch16_224"), picture()
    assert ways_for(net, 32) == VIT_WAYS
    found = attention_map(net, x, TARGET)
    assert found.shape == (32, 32)
    assert found.min() >= 0
    assert found.max() > 0
    assert net.backbone.blocks[0].attn.fused_attn
    with pytest.raises(AnswerError, match="convolutional"):
        grad_cam(net, x, TARGET)


def test_with_a_single_block_the_map_is_what_the_class_token_attends_to(network):
    """Weighted by how the class's number would rise with it: the method's first and only step."""
    backbone: Any = VisionTransformer(32, 8, 3, 0, depth=1, embed_dim=24, num_heads=2).eval()
    cut, exact = find_cut(backbone, picture())
    net = Network(backbone, torch.nn.Linear(24, 5), cut, exact=exact)
    seen: list[torch.Tensor] = []
    attention = backbone.blocks[0].attn
    attention.fused_attn = False
    hook = attention.attn_drop.register_forward_hook(lambda *passed: seen.append(passed[2]))
    (slope,) = torch.autograd.grad(net(picture().requires_grad_())[0, TARGET], seen[0])
    hook.remove()
    attended = (seen[0] * slope).relu().mean(dim=1)[0, 0, 1:].detach().reshape(1, 1, 4, 4)
    expected = torch.nn.functional.interpolate(attended, (32, 32), mode="bilinear")[0, 0]
    torch.testing.assert_close(attention_map(net, picture(), TARGET), expected)


def test_a_method_that_does_not_fit_is_refused_in_words(pebble):
    with pytest.raises(AnswerError, match="no attention"):
        attention_map(pebble, picture(), TARGET)
    with pytest.raises(AnswerError, match="no method"):
        explain(pebble, picture(), "tea leaves", TARGET)


def test_every_method_that_people_can_choose_is_one_that_networks_know(network, pebble):
    known = {*ways_for(pebble, 32), *ways_for(network("vit_tiny_patch16_224"), 32)}
    assert known == {method.name for method in METHODS}


# Blocks


@pytest.mark.parametrize(
    ("backbone", "blocks", "channels"),
    [
        ("pebble-shapes", ["stem", "block1", "block2", "block3"], [32, 64, 96, 128]),
        ("vit_tiny_patch16_224", ["stem", *(f"blocks.{n}" for n in range(12))], [192] * 13),
    ],
)
def test_every_block_shows_its_strongest_features(network, backbone, blocks, channels):
    found = features_by_block(network(backbone), picture())
    assert [each.block for each in found] == blocks
    assert [each.channels for each in found] == channels
    for each in found:
        assert len(each.maps) == 8
        assert each.maps.dtype == np.uint8
        assert each.maps[0].max() > each.maps[0].min()
