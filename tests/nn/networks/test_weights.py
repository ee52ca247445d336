import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file, save_file

from tlcore import catalog
from tlcore.errors import WeightsError, WeightsMissing
from tlcore.events import Note, Tested
from tlcore.nn.engine import train
from tlcore.nn.engine.saved_network import load_network, save_network
from tlcore.nn.networks.build import build
from tlcore.nn.networks.weights import find, source_for
from tlcore.nn.preprocessing import Preparation
from tlcore.recipe import Model
from tlcore.recipe.text import from_fields

NAME = "mobilenetv1_025"
FULL = {"preset": "full"}


@pytest.fixture(scope="module")
def tensors():
    """Weights that fit it, and are not its own."""
    state = build(Model(backbone=NAME, weights="none"), 10, 32, seed=1).backbone.state_dict()
    return {name: tensor.contiguous() for name, tensor in state.items()}


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without weights and without a network."""
    monkeypatch.setenv("TL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TL_WEIGHTS", raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def _same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def _with_classifier(tensors):
    extra = {"classifier.weight": torch.zeros(1000, 256), "classifier.bias": torch.zeros(1000)}
    return {**tensors, **extra}


def _of_a_network_of_ours(tensors):
    ours = {f"backbone.{name}": tensor for name, tensor in tensors.items()}
    return {**ours, "head.classifier.weight": torch.zeros(10, 256)}


def _without_counters(tensors):
    return {n: t for n, t in tensors.items() if not n.endswith("num_batches_tracked")}


def _half_precise(tensors):
    return {n: t.half() if t.is_floating_point() else t for n, t in tensors.items()}


@pytest.mark.parametrize("ending", [".safetensors", ".pt", ".pth", ".bin"])
@pytest.mark.parametrize(
    "change", [dict, _with_classifier, _of_a_network_of_ours, _without_counters]
)
def test_weights_that_fit_are_loaded_to_the_last_number(tensors, tmp_path, ending, change):
    path = tmp_path / f"weights{ending}"
    (save_file if ending == ".safetensors" else torch.save)(change(tensors), path)
    network = build(Model(backbone=NAME, weights=str(path)), 10, 32, seed=0)
    loaded = network.backbone.state_dict()
    counters = {n for n in loaded if n.endswith("num_batches_tracked")}
    assert all(torch.equal(loaded[n], tensors[n]) for n in loaded if n not in counters)


def test_a_training_script_s_wrapping_is_taken_off(tensors, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save({"state_dict": tensors, "epoch": 3}, path)
    network = build(Model(backbone=NAME, weights=str(path)), 10, 32, seed=0)
    assert _same(network.backbone.state_dict(), tensors)


def test_torch_s_old_file_format_is_read_too(tensors, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    network = build(Model(backbone=NAME, weights=str(path)), 10, 32, seed=0)
    assert _same(network.backbone.state_dict(), tensors)


def test_half_precise_weights_become_single_precise(tensors, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file(_half_precise(tensors), path)
    network = build(Model(backbone=NAME, weights=str(path)), 10, 32, seed=0)
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_a_vision_transformer_s_positions_are_resampled_to_the_size_of_the_pictures(tmp_path):
    path = tmp_path / "vit.safetensors"
    large = build(Model(backbone="vit_tiny_patch16_224", weights="none"), 10, 96, seed=1)
    save_file(large.backbone.state_dict(), path)
    small = build(Model(backbone="vit_tiny_patch16_224", weights=str(path)), 10, 32, seed=0)
    new, old = (dict(net.backbone.named_parameters()) for net in (small, large))
    assert new["pos_embed"].shape == (1, 5, 192)
    assert torch.equal(new["cls_token"], old["cls_token"])
    assert torch.equal(new["pos_embed"][:, :1], old["pos_embed"][:, :1])


def test_what_the_file_says_of_its_training_goes_to_the_network(tensors, tmp_path):
    path = tmp_path / "weights.safetensors"
    says = {"mean": "[0.1,0.2,0.3]", "std": "[0.4,0.5,0.6]", "create_kwargs": "pad_type='same'"}
    save_file(tensors, path, metadata=says)
    network = build(Model(backbone=NAME, weights=str(path)), 10, 32, seed=0)
    assert network.trained_with == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert network.options == {"pad_type": "same"}


def test_the_network_of_an_earlier_run_can_be_started_from(tmp_path):
    recipe = from_fields({"model": {"backbone": NAME, "weights": "none"}, "schedule": FULL})
    options = {"pad_type": "same", "bn_eps": 0.001}
    earlier = build(recipe.model, 3, 32, seed=5, options=options)
    prepare = Preparation(32, "bilinear", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    save_network(tmp_path / "kept.safetensors", recipe, ("a", "b", "c"), prepare, earlier)
    model = Model(backbone=NAME, weights=str(tmp_path / "kept.safetensors"))
    later = build(model, 10, 32, seed=0)
    assert _same(earlier.backbone.state_dict(), later.backbone.state_dict())
    assert later.trained_with == (prepare.mean, prepare.std)
    assert later.options == options


NORMALISED = ("imagenet", "half", "zero-one", "dataset", "raw")


def test_a_network_trained_with_any_normalisation_can_be_started_from(tmp_path, stand_in_weights):
    for normalise in NORMALISED:
        fields = {
            "data": {"name": "shapes", "shapes": {"per_class": 4, "test_per_class": 2, "size": 16}},
            "input": {"size": 32, "normalise": normalise},
            "model": {"backbone": NAME, "weights": str(stand_in_weights(NAME))},
            "epochs": 1,
            "precision": "float32",
        }
        path = tmp_path / f"{normalise}.safetensors"
        next(e for e in train(from_fields(fields)) if isinstance(e, Tested)).save(path)
        later = build(Model(backbone=NAME, weights=str(path)), 3, 32, seed=0)
        prepare = load_network(path).prepare
        assert later.trained_with == (tuple(prepare.mean), tuple(prepare.std)), normalise


def test_options_that_are_none_are_no_options(tensors, tmp_path):
    path = tmp_path / "weights.safetensors"
    for told in ("", " ", "{}", "null", "None", "num_classes=0"):
        save_file(tensors, path, metadata={"create_kwargs": told})
        source = source_for(Model(backbone=NAME, weights=str(path)))
        assert source
        assert source.options == {}, told


def test_a_mean_and_a_deviation_are_read_as_a_list_or_as_people_write_them(tensors, tmp_path):
    path = tmp_path / "weights.safetensors"
    for mean in ("[0.0, 0.5, -0.25]", "0 0.5 -0.25", "0.0,0.5,-0.25", "(0, 0.5, -0.25)"):
        save_file(tensors, path, metadata={"mean": mean, "std": "1 1 1"})
        source = source_for(Model(backbone=NAME, weights=str(path)))
        assert source
        assert source.trained_with == ((0.0, 0.5, -0.25), (1.0, 1.0, 1.0)), mean
        assert source.note == ""


def test_a_file_that_says_no_statistics_is_taken_for_its_backbone_s_usual_weights(
    tensors, tmp_path
):
    path = tmp_path / "mine.safetensors"
    save_file(tensors, path)
    usual = {NAME: catalog.HALF, "resnet18": catalog.IMAGENET, "regnetx_002": catalog.IMAGENET}
    for backbone, expected in usual.items():
        source = source_for(Model(backbone=backbone, weights=str(path)))
        assert source
        assert source.trained_with == expected, backbone
        assert "mine.safetensors doesn't say" in source.note
        assert "usual for its backbone" in source.note
    unknown = source_for(Model(backbone="pebble-shapes", weights=str(path)))
    assert unknown
    assert unknown.trained_with is None
    assert "training pictures' own" in unknown.note


def test_a_run_says_that_statistics_were_assumed_where_its_recipe_takes_them(tensors, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file(tensors, path)
    for normalise, told in (("auto", True), ("half", False)):
        fields = {
            "data": {"name": "shapes", "shapes": {"per_class": 4, "test_per_class": 2, "size": 16}},
            "input": {"size": 32, "normalise": normalise},
            "model": {"backbone": NAME, "weights": str(path)},
            "epochs": 1,
            "precision": "float32",
        }
        notes = [event.text for event in train(from_fields(fields)) if isinstance(event, Note)]
        assert any("mine.safetensors doesn't say" in text for text in notes) == told


def test_a_recipe_names_stand_in_weights_by_the_name_of_their_file(nowhere, tensors):
    path = _put(nowhere / "home" / "weights", "resnet50.tv_in1k_ktb.safetensors", tensors)
    for name in ("resnet50.tv_in1k_ktb", "resnet50.tv_in1k_ktb.safetensors", str(path)):
        source = source_for(Model(backbone="resnet50", weights=name))
        assert source
        assert source.path == path
    with pytest.raises(WeightsMissing, match=r"resnet50\.tv_in1k is not there"):
        source_for(Model(backbone="resnet50", weights="resnet50.tv_in1k"))


def test_padding_asked_of_a_network_that_has_none_is_an_error(tmp_path, tensors):
    path = tmp_path / "weights.safetensors"
    save_file(tensors, path, metadata={"create_kwargs": "pad_type='same'"})
    with pytest.raises(WeightsError, match="made for another network than resnet18"):
        build(Model(backbone="resnet18", weights=str(path)), 10, 32, seed=0)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(WeightsMissing, match="not there"):
        source_for(Model(backbone=NAME, weights=str(tmp_path / "nothing.pt")))


def _put(folder, name, tensors, **metadata):
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / name, metadata=metadata)
    return folder / name


def _fetched(nowhere, repository, tensors):
    """As the hub's tools lay files down."""
    folder = nowhere / "hub" / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc123")
    return _put(folder / "snapshots" / "abc123", "model.safetensors", tensors)


@pytest.mark.parametrize("file", ["resnet18", "resnet-18", "resnet18.a1_in1k", "resnet18.my_own"])
def test_a_file_in_a_folder_is_found_by_name_alias_or_tag(nowhere, file, tensors):
    path = _put(nowhere / "home" / "weights", f"{file}.safetensors", tensors)
    assert find("resnet18") == find("resnet-18") == path


def test_a_tag_in_the_recipe_finds_no_other_weights(nowhere, tensors):
    _put(nowhere / "home" / "weights", "resnet18.a1_in1k.safetensors", tensors)
    with pytest.raises(WeightsMissing):
        find("resnet18.tv_in1k")


def test_folders_come_before_what_the_hub_s_tools_have_kept(nowhere, monkeypatch, tensors):
    kept = _fetched(nowhere, "timm/resnet18.a1_in1k", tensors)
    assert find("resnet18") == kept
    ours = _put(nowhere / "mine", "resnet18.safetensors", tensors)
    monkeypatch.setenv("TL_WEIGHTS", str(nowhere / "mine"))
    assert find("resnet18") == ours


def test_what_timm_knows_of_kept_weights_is_used(nowhere, tensors):
    _fetched(nowhere, "timm/mobilenetv1_100.ra4_e3600_r224_in1k", tensors)
    source = source_for(Model(backbone="mobilenetv1_100"))
    assert source
    assert source.trained_with == catalog.HALF


def test_other_timm_networks_are_found_in_the_hub_s_cache_by_their_usual_tag(nowhere, tensors):
    kept = _fetched(nowhere, "timm/regnetx_002.pycls_in1k", tensors)
    assert find("regnetx_002") == kept


def test_weights_that_are_nowhere_are_an_error_that_says_where_it_looked_and_what_to_do(nowhere):
    with pytest.raises(WeightsMissing) as caught:
        build(Model(backbone="resnet18"), 10, 32, seed=0)
    text = str(caught.value)
    assert str(nowhere / "home" / "weights") in text
    assert str(nowhere / "hub") in text
    assert "python -m tlcore get timm/resnet18.a1_in1k" in caught.value.remedy
    assert "resnet18.safetensors" in caught.value.remedy
    assert "set model.weights to none" in caught.value.remedy


def test_a_run_asks_no_hub_for_weights(nowhere, monkeypatch):
    def reached(*given):
        raise AssertionError("somebody asked")

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr("socket.socket.connect", reached)
    with pytest.raises(WeightsMissing):
        find("resnet18")


def test_a_pebble_that_was_never_pre_trained_is_made_with_one_command(nowhere, monkeypatch):
    monkeypatch.setattr("tlcore.paths.PROJECT", nowhere)
    with pytest.raises(WeightsMissing) as caught:
        find("pebble-shapes")
    assert "python -m tlcore pretrain pebble-shapes" in caught.value.remedy


def test_weights_here_are_offered_instead(nowhere, tensors):
    _put(nowhere / "home" / "weights", f"{NAME}.safetensors", tensors)
    with pytest.raises(WeightsMissing) as caught:
        find("resnet18")
    assert "MobileNet, a quarter as wide" in caught.value.remedy


REAL = {
    "mobilenetv1_025": {"pad_type": "same"},
    "mobilenetv1_100": {"pad_type": "same"},
    "mobilenetv2_035": {"pad_type": "same", "bn_eps": 1e-3},
    "mobilenetv2_100": {"pad_type": "same"},
    "tf_efficientnet_lite0": {},
    "squeezenet1_1": {},
    "resnet18": {},
    "resnet50": {},
}
OF_IMAGENET = ("squeezenet1_1", "resnet18", "resnet50")


@pytest.mark.parametrize("name", REAL)
def test_real_weights_are_all_used_and_nothing_but_a_classifier_is_left(shared, monkeypatch, name):
    monkeypatch.setenv("TL_WEIGHTS", str(shared / "weights"))
    network = build(Model(backbone=name), 10, 32, seed=0)
    loaded, file = network.backbone.state_dict(), load_file(find(name))
    assert network.options == REAL[name]
    assert network.trained_with == (catalog.IMAGENET if name in OF_IMAGENET else catalog.HALF)
    assert set(loaded) <= set(file)
    left_over = {name.rpartition(".")[0] for name in set(file) - set(loaded)}
    assert left_over <= {"classifier", "fc"}
    assert all(torch.equal(loaded[n], file[n].to(loaded[n].dtype)) for n in loaded)
    assert network.exact


def _photos(archive, folder, count):
    names = [name for name in archive.namelist() if f"/train/{folder}" in name]
    for name in names[:count]:
        picture = ImageOps.fit(Image.open(io.BytesIO(archive.read(name))), (160, 160))
        yield torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255


def test_mobilenetv2_with_its_old_classifier_still_knows_ants_and_bees(shared, monkeypatch):
    """Names and shapes would also fit with every number in the wrong place."""
    monkeypatch.setenv("TL_WEIGHTS", str(shared / "weights"))
    network = build(Model(backbone="mobilenetv2_100"), 10, 160, seed=0).eval()
    file = load_file(find("mobilenetv2_100"))
    with zipfile.ZipFile(shared / "data" / "hymenoptera_ants_bees.zip") as archive:
        photos = [*_photos(archive, "ants/", 8), *_photos(archive, "bees/", 8)]
    mean, std = (torch.tensor(t)[:, None, None] for t in network.trained_with or ())
    with torch.no_grad():
        features = network.backbone((torch.stack(photos) - mean) / std)
    logits = features @ file["classifier.weight"].T + file["classifier.bias"]
    ant, bee = 310, 309
    best_of_1000 = logits.topk(5).indices
    found = [c in best for c, best in zip([ant] * 8 + [bee] * 8, best_of_1000, strict=True)]
    assert sum(found) >= 13
