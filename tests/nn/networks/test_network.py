import copy
import pickle

import pytest
import torch
from timm.layers.drop import DropPath

from tlcore.errors import RecipeError, WeightsError
from tlcore.nn.networks.build import build
from tlcore.recipe import Head, Model

SCRATCH = Model(backbone="mobilenetv2_035", weights="none")


def _weights(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_the_same_seed_makes_the_same_network_and_another_seed_another():
    one, same, other = (build(SCRATCH, 10, 32, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(_weights(one), _weights(same))
    assert not torch.equal(_weights(one.backbone), _weights(other.backbone))
    assert not torch.equal(_weights(one.head), _weights(other.head))


def test_building_depends_on_no_earlier_chance_and_leaves_none_behind():
    torch.manual_seed(1)
    one = build(SCRATCH, 10, 32, seed=0)
    after = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(3))
    torch.manual_seed(2)
    assert torch.equal(_weights(one), _weights(build(SCRATCH, 10, 32, seed=0)))


def test_the_head_starts_the_same_whatever_backbone_came_before(stand_in_weights):
    weights = str(stand_in_weights("mobilenetv2_035"))
    loaded = build(SCRATCH.model_copy(update={"weights": weights}), 10, 32, seed=0)
    bare = build(SCRATCH, 10, 32, seed=0)
    assert torch.equal(_weights(loaded.head), _weights(bare.head))
    assert not torch.equal(_weights(loaded.backbone), _weights(bare.backbone))


def test_parameters_are_named_by_where_they_are():
    names = [name for name, _ in build(SCRATCH, 10, 32, seed=0).named_parameters()]
    assert {name.partition(".")[0] for name in names} == {"backbone", "head"}
    assert "backbone.blocks.1.0.conv_pw.weight" in names


@pytest.mark.parametrize("way", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_runs_its_own_weights(way):
    network = build(SCRATCH, 10, 32, seed=0).eval()
    pictures = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        before = network(pictures)
        twin = way(network)
        for parameter in twin.parameters():
            parameter.zero_()
        assert torch.equal(network(pictures), before)
        assert not twin(pictures).any()


@pytest.mark.parametrize(
    ("options", "trained_with"), [({}, None), ({"pad_type": "same", "bn_eps": 1e-3}, None)]
)
def test_a_network_remembers_how_it_was_built(options, trained_with):
    network = build(SCRATCH, 10, 32, seed=0, options=options)
    again = build(SCRATCH, 10, 32, seed=0, options=network.options)
    pictures = torch.rand(2, 3, 32, 32)
    assert network.options == options
    assert network.trained_with == trained_with
    assert torch.equal(network.eval()(pictures), again.eval()(pictures))


def test_padding_that_weights_were_trained_with_changes_what_a_network_says():
    pictures = torch.rand(2, 3, 32, 32)
    plain = build(SCRATCH, 10, 32, seed=0).eval()(pictures)
    same = build(SCRATCH, 10, 32, seed=0, options={"pad_type": "same"}).eval()(pictures)
    assert not torch.allclose(plain, same)


def test_options_that_could_do_anything_else_are_refused():
    with pytest.raises(WeightsError, match="checkpoint_path"):
        build(SCRATCH, 10, 32, seed=0, options={"checkpoint_path": "/etc/passwd"})


@pytest.mark.parametrize(
    ("model", "size", "words"),
    [
        (Model(backbone="inception_v3", weights="none"), 74, ["at least 75", "InceptionV3"]),
        (Model(backbone="vgg16", weights="none"), 31, ["at least 32", "VGG16"]),
        (Model(backbone="vit_tiny_patch16_224", weights="none"), 40, ["multiple of 16"]),
        (Model(backbone="vit_tiny_patch16_224", weights="none"), 8, ["at least 16"]),
        (Model(backbone="vit_small_patch32_224", weights="none"), 40, ["multiple of 32"]),
        (Model(backbone="vgg11", weights="none"), 16, ["can't take", "vgg11"]),
        (Model(backbone="scratch-c"), 32, ["model.weights", "none"]),
        (Model(backbone="resnt18", weights="none"), 32, ["resnt18", "resnet18"]),
        (Model(backbone="ResNet-18 ", weights="none"), 32, ["no backbone"]),
        (Model(backbone="hf-hub:timm/resnet18", weights="none"), 32, ["no backbone"]),
        (Model(backbone="local-dir:/etc", weights="none"), 32, ["no backbone"]),
        (Model(backbone="../resnet18", weights="none"), 32, ["no backbone"]),
        (Model(backbone="vgg16", weights="none", drop_path=0.1), 32, ["model.drop_path", "vgg16"]),
        (Model(backbone="scratch-c", weights="none", drop_path=0.1), 32, ["model.drop_path"]),
    ],
)
def test_what_a_backbone_can_t_do_is_said_in_one_clear_error(model, size, words):
    with pytest.raises(RecipeError) as caught:
        build(model, 10, size, seed=0)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("name", ["resnet-18", "resnet18.tv_in1k", "mobilenetv2"])
def test_a_backbone_may_be_called_by_an_alias_or_with_a_tag(name):
    assert build(Model(backbone=name, weights="none"), 10, 32, seed=0).exact


def test_branches_are_dropped_where_the_recipe_says_so():
    model = Model(backbone="convnext_atto", weights="none", drop_path=0.3)
    modules = build(model, 10, 32, seed=0).modules()
    rates = [float(module.drop_prob) for module in modules if isinstance(module, DropPath)]
    assert max(rates) == pytest.approx(0.3)


def test_the_whole_network_trains_with_any_head():
    model = Model(backbone="scratch-e", weights="none", head=Head(hidden=(8,), batchnorm=True))
    network = build(model, 3, 32, seed=0)
    network(torch.rand(4, 3, 32, 32)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
