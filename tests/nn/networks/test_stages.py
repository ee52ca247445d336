from itertools import groupby

import pytest
import timm
import torch
from torch import nn

from tlcore.nn.networks.build import build
from tlcore.nn.networks.network import outline_of
from tlcore.nn.networks.stages import find_cut, keep_whole
from tlcore.recipe import Model

FAMILIES = {
    "resnet18": ["stem", "layer1", "layer2", "layer3", "layer4"],
    "resnet50": ["stem", "layer1", "layer2", "layer3", "layer4"],
    "vgg16": ["block1", "block2", "block3", "block4", "block5"],
    "inception_v3": ["stem", "conv", "mixed5", "mixed6", "mixed7"],
    "mobilenetv1_025": ["stem", *(f"blocks.{n}" for n in range(5))],
    "mobilenetv2_035": ["stem", *(f"blocks.{n}" for n in range(7)), "conv_head"],
    "mobilenetv3_small_100": ["stem", *(f"blocks.{n}" for n in range(6)), "conv_head"],
    "mobilenetv3_large_100": ["stem", *(f"blocks.{n}" for n in range(7)), "conv_head"],
    "efficientnet_b0": ["stem", *(f"blocks.{n}" for n in range(7)), "conv_head"],
    "tf_efficientnet_lite0": ["stem", *(f"blocks.{n}" for n in range(7)), "conv_head"],
    "convnext_atto": ["stem", *(f"stages.{n}" for n in range(4))],
    "vit_tiny_patch16_224": ["stem", *(f"blocks.{n}" for n in range(12))],
    "squeezenet1_1": ["block1", "block2", "block3", "block4"],
    "scratch-c": ["block1", "block2"],
    "pebble-shapes": ["stem", "block1", "block2", "block3"],
}
WHOLE = {
    "regnetx_002": ["stem", "s1", "s2", "s3", "s4"],
    "ghostnet_050": ["stem", *(f"blocks.{n}" for n in range(10))],
    "deit_tiny_distilled_patch16_224": ["stem", *(f"blocks.{n}" for n in range(12))],
}
SIZE = {"inception_v3": 75}


@pytest.fixture(scope="module")
def network():
    """A network from scratch, built once: `network("resnet18")`."""
    built = {}

    def make(name):
        if name not in built:
            model = Model(backbone=name, weights="none")
            built[name] = build(model, 10, SIZE.get(name, 32), seed=0).eval()
        return built[name]

    return make


def _pictures(name, count=2):
    size = SIZE.get(name, 32)
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", FAMILIES)
@torch.no_grad()
def test_stages_one_after_another_are_the_backbone_bit_for_bit(network, name):
    net, pictures = network(name), _pictures(name)
    backbone = net.backbone
    if hasattr(backbone, "forward_features"):
        features = backbone.forward_head(backbone.forward_features(pictures), pre_logits=True)
    else:
        features = backbone(pictures)
    assert net.exact
    assert torch.equal(net.prefix(pictures, len(net.stages)), features)


@pytest.mark.parametrize("name", FAMILIES)
@torch.no_grad()
def test_at_every_boundary_the_two_parts_are_the_whole(network, name):
    net, pictures = network(name), _pictures(name)
    logits = net(pictures)
    for boundary in range(len(net.stages) + 1):
        between = net.prefix(pictures, boundary)
        before = between.clone()
        assert torch.equal(net.suffix(between, boundary), logits)
        assert torch.equal(between, before), "what is cached must not be changed by using it"


@pytest.mark.parametrize(("name", "blocks"), [*FAMILIES.items(), *WHOLE.items()])
def test_blocks_are_the_family_s_own_stages(network, name, blocks):
    net = network(name)
    assert list(net.outline.blocks) == blocks
    assert [stage.name for stage in net.stages] == blocks


@pytest.mark.parametrize("name", [*FAMILIES, *WHOLE])
def test_every_parameter_belongs_to_one_block_and_blocks_are_not_interleaved(network, name):
    net = network(name)
    listed = [n for layer in net.outline.layers for n, _ in layer.parameters]
    assert sorted(listed) == sorted(n for n, _ in net.named_parameters())
    order = [layer.block for layer in net.outline.layers]
    assert len([block for block, _ in groupby(order)]) == len(set(order))


@pytest.mark.parametrize("name", WHOLE)
@torch.no_grad()
def test_a_backbone_that_resists_runs_whole_and_says_so(network, name):
    net, pictures = network(name), _pictures(name)
    assert not net.exact
    assert torch.equal(net.prefix(pictures, len(net.stages) - 1), pictures)
    assert torch.equal(net.prefix(pictures, len(net.stages)), net.backbone(pictures))


def test_layers_go_by_timm_s_names_and_parameters_by_the_optimiser_s(network):
    outline = network("resnet50").outline
    names = [layer.name for layer in outline.backbone]
    assert names[:3] == ["conv1", "bn1", "layer1.0.conv1"]
    assert outline.backbone[0].parameters == (("backbone.conv1.weight", 9408),)
    assert outline.head[0].name == "head.classifier"


def test_the_last_hundred_keras_layers_of_resnet50_are_the_last_61_of_ours(network):
    names = [layer.name for layer in network("resnet50").outline.backbone]
    assert len(names) - names.index("layer2.3.bn2") == 61


def test_the_first_ten_keras_layers_of_mobilenetv2_are_the_first_seven_of_ours(network):
    names = [layer.name for layer in network("mobilenetv2_035").outline.backbone[:7]]
    assert names == [
        "conv_stem", "bn1",
        "blocks.0.0.conv_dw", "blocks.0.0.bn1", "blocks.0.0.conv_pw", "blocks.0.0.bn2",
        "blocks.1.0.conv_pw",
    ]  # fmt: skip


def test_what_a_vision_transformer_adds_to_its_patches_is_a_layer(network):
    layers = {layer.name: layer for layer in network("vit_tiny_patch16_224").outline.backbone}
    assert layers["pos_embed"].parameters == (("backbone.pos_embed", 5 * 192),)
    assert layers["pos_embed"].block == "stem"
    assert layers["norm"].block == "blocks.11"


class Twisted(nn.Sequential):
    """Looks like a chain of blocks and isn't one."""

    def forward(self, pictures):
        return super().forward(pictures) + pictures.mean()


class InPlace(nn.Module):
    """Spoils its own input."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, activations):
        return activations.mul_(2) * self.scale


@pytest.mark.parametrize(
    "backbone",
    [
        Twisted(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Sequential(nn.Conv2d(3, 4, 3), InPlace(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    ],
    ids=["a hidden shortcut", "a stage that changes its input"],
)
def test_a_cut_is_not_believed_before_it_was_tried(backbone):
    picture = torch.rand(1, 3, 8, 8)
    cut, exact = find_cut(backbone.eval(), picture)
    assert not exact
    (stage,) = cut(backbone)
    assert torch.equal(stage.run(picture), backbone(picture))


def test_a_norm_alone_at_the_end_belongs_to_the_block_before_it():
    with torch.device("meta"):
        swin = timm.create_model("swin_tiny_patch4_window7_224", num_classes=0)
    stages = keep_whole(swin)
    assert [stage.name for stage in stages] == ["stem", *(f"layers.{n}" for n in range(4))]
    assert stages[-1].parameters[-1] == "norm.bias"


def test_what_is_made_not_to_train_is_no_part_of_the_outline():
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Flatten())
    backbone[1].bias.requires_grad_(False)
    outline = outline_of(backbone, nn.Linear(4, 2), keep_whole(backbone))
    assert "backbone.1.bias" not in {n for layer in outline.layers for n, _ in layer.parameters}
