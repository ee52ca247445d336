import pytest

from tlcore import catalog
from tlcore.errors import RecipeError
from tlcore.recipe.presets import FOLDER, find, presets
from tlcore.recipe.text import from_file
from tlcore.schedule.plan import Plan

CLASSES = {"cifar10": 10, "cifar100": 100, "shapes": 10}
REPORTS = [preset for preset in presets() if preset.report]


def _outline(recipe):
    return catalog.outline_for(recipe.model, CLASSES[recipe.data.name], recipe.input.size)


def _counts(name):
    recipe = find(name).recipe
    return Plan(recipe.schedule, _outline(recipe), recipe.epochs).counts()


def test_every_system_of_the_reports_is_there():
    assert len(REPORTS) == 18
    assert [preset.report for preset in REPORTS] == sorted(p.report for p in REPORTS)
    for report in "ABCE":
        kinds = {p.recipe.model.weights for p in REPORTS if p.report == report}
        assert kinds == {"pretrained", "none"}, f"report {report} compares transfer with scratch"
    assert len([p for p in REPORTS if p.report == "D"]) == 4


def test_every_preset_is_told_in_full_and_can_be_built(subtests):
    for preset in presets():
        with subtests.test(preset=preset.name):
            assert preset.title
            assert preset.recipe.name
            assert preset.differs or not preset.report
            assert all(isinstance(text, str) and text.endswith(".") for text in preset.differs)
            catalog.check(preset.recipe.model, preset.recipe.input.size)
            assert _outline(preset.recipe) is not None


def test_reported_shares_are_shares(subtests):
    for preset in presets():
        with subtests.test(preset=preset.name):
            for name, value in preset.reported.items():
                assert value > 0
                if name.endswith(("accuracy", "precision", "recall", "f1")):
                    assert value < 1


def test_the_file_itself_is_a_recipe_too(subtests):
    for preset in presets():
        with subtests.test(preset=preset.name):
            assert from_file(FOLDER / f"{preset.name}.yaml").id == preset.recipe.id


def test_presets_are_told_apart_by_more_than_their_names():
    assert len({preset.recipe.id for preset in presets()}) == len(presets())


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(RecipeError, match="c-scratch"):
        find("c_scrach")
    with pytest.raises(RecipeError, match="no recipe"):
        find("../../recipe")


@pytest.mark.parametrize("name", ["c-scratch", "d-efficientnet-frozen"])
def test_parameter_counts_are_the_reported_ones(name):
    (count,) = _counts(name)
    reported = find(name).reported
    assert count.trainable == reported.get("trainable", reported.get("parameters"))


def test_report_d_s_whole_network_has_keras_s_statistics_less():
    (count,) = _counts("d-efficientnet")
    statistics = sum(
        layer.size for layer in _outline(find("d-efficientnet").recipe).layers if layer.is_norm
    )
    assert count.trainable == find("d-efficientnet").reported["trainable"]
    assert count.total + statistics == find("d-efficientnet").reported["parameters"]


def test_report_c_has_keras_s_convolution_biases_less():
    (count,) = _counts("c-resnet50")
    outline = _outline(find("c-resnet50").recipe)
    biases = sum(layer.size // 2 for layer in outline.backbone if layer.is_norm)
    reported = find("c-resnet50").reported
    assert [layer.size for layer in outline.head] == [2_098_176, 524_800, 5_130]
    assert (count.trainable, biases) == (26_136_138, 26_560)
    assert count.trainable + biases == reported["trainable"]
    assert count.trainable + biases + 2 * biases == reported["parameters"]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("a-resnet50-last-100", 61),
        ("b-mobilenetv2-frozen", 0),
        ("b-mobilenetv2-first-10-frozen", 104 - 7),
        ("c-resnet50", 106),
        ("e-vgg16", 13),
    ],
)
def test_as_many_layers_train_as_the_report_says(name, layers):
    recipe = find(name).recipe
    outline = _outline(recipe)
    trainable = Plan(recipe.schedule, outline, recipe.epochs).at(0).trainable
    assert sum(layer.parameters[0][0] in trainable for layer in outline.backbone) == layers


def test_report_e_thaws_three_layers_of_vgg16_after_ten_epochs():
    recipe = find("e-two-phase").recipe
    plan = Plan(recipe.schedule, _outline(recipe), recipe.epochs)
    assert not any(name.startswith("backbone") for name in plan.at(9).trainable)
    thawed = {name.rpartition(".")[0] for name in plan.at(10).trainable}
    last = {f"backbone.features.{place}" for place in (24, 26, 28)}
    assert thawed == {"head.classifier", *last}
    assert plan.at(10).rates["head"] == pytest.approx(0.1)


def test_the_two_systems_of_the_demo_see_the_same_pictures_as_often():
    scratch, transfer = find("demo-scratch").recipe, find("demo-transfer").recipe
    assert scratch.data == transfer.data
    assert (scratch.epochs, scratch.batch) == (transfer.epochs, transfer.batch)
    assert scratch.model.backbone == transfer.model.backbone


def test_every_backbone_of_ours_can_be_made():
    own = [card.name for card in catalog.CARDS if card.kind == "own"]
    assert {find(f"pretrain-{name}").recipe.model.backbone for name in own} == set(own)
