import subprocess
import sys

import pytest

from tlcore import catalog
from tlcore.errors import RecipeError
from tlcore.recipe import Head, Model
from tlcore.schedule import FreezeSchedule
from tlcore.schedule.plan import Plan

NAMES = [card.name for card in catalog.CARDS]


def test_names_and_aliases_are_never_ambiguous():
    names = [*NAMES, *(alias for card in catalog.CARDS for alias in card.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("card", catalog.CARDS, ids=lambda card: card.name)
def test_every_card_says_what_a_student_wants_to_know(card):
    assert card.title
    assert card.source
    assert card.licence or card.kind == "scratch"
    assert card.parameters > 1000
    assert card.multiply_adds() > 10**6
    assert 8 <= card.smallest <= card.usual


def test_cost_grows_with_the_area_of_the_picture():
    card = catalog.lookup("mobilenetv2_100")
    assert card
    assert card.multiply_adds() == 299_494_272
    assert card.multiply_adds(112) == pytest.approx(card.multiply_adds() / 4)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("resnet18", "resnet18"),
        ("resnet-18", "resnet18"),
        ("resnet18.tv_in1k", "resnet18"),
        ("mobilenetv1-0.25", "mobilenetv1_025"),
        ("mobilenetv2", "mobilenetv2_100"),
    ],
)
def test_a_card_is_found_by_name_alias_or_tag(name, found):
    card = catalog.lookup(name)
    assert card
    assert card.name == found


@pytest.mark.parametrize("name", ["", "regnetx_002", "resnet", "../resnet18", "hf-hub:a/b"])
def test_of_other_names_the_catalogue_knows_nothing(name):
    assert catalog.lookup(name) is None
    assert catalog.outline_for(Model(backbone=name or "x"), classes=10) is None


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "resnet18/..", "a\0b", "resnet18.*"]
)
def test_a_name_never_leads_out_of_the_folders_for_weights(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TL_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("TL_WEIGHTS", raising=False)
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    assert catalog.here(name) is None


def test_weights_are_seen_where_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("TL_HOME", str(tmp_path))
    (tmp_path / "weights").mkdir()
    path = tmp_path / "weights" / "vgg16.tv_in1k.safetensors"
    path.touch()
    assert catalog.here("vgg16") == path
    assert catalog.here("vgg19") is None


@pytest.mark.parametrize(
    ("model", "size", "field"),
    [
        (Model(backbone="inception_v3"), 74, "input.size"),
        (Model(backbone="vit_tiny_patch16_224"), 100, "input.size"),
        (Model(backbone="scratch-plain", weights="none"), 16, "input.size"),
        (Model(backbone="scratch-e"), 32, "model.weights"),
    ],
)
def test_what_can_t_be_built_is_said_without_torch(model, size, field):
    with pytest.raises(RecipeError) as caught:
        catalog.check(model, size)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_what_can_be_built_or_is_unknown_passes():
    catalog.check(Model(backbone="inception_v3"), 75)
    catalog.check(Model(backbone="vit_tiny_patch16_224"), 96)
    catalog.check(Model(backbone="regnetx_002"), 8)


def test_report_d_trains_exactly_what_it_reported():
    model = Model(backbone="efficientnet_b0", head=Head(hidden=(256,), batchnorm=True))
    outline = catalog.outline_for(model, classes=100, size=224)
    assert outline
    trained = {
        preset: Plan(FreezeSchedule(preset=preset), outline, epochs=1).counts()[0].trainable
        for preset in ("full", "head-only")
    }
    assert trained == {"full": 4_361_696, "head-only": 354_148}


def test_counting_parameters_loads_no_torch():
    program = (
        "import sys; from tlcore import catalog; from tlcore.recipe import Model;"
        "assert catalog.outline_for(Model(backbone='resnet18'), 10).size == 11_181_642;"
        "catalog.here('resnet18');"
        "assert not {'torch', 'timm', 'huggingface_hub'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
