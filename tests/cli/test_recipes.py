import pytest

from tlcore.cli.recipes import class_count
from tlcore.data import open_dataset
from tlcore.recipe import Data, Input, Shapes
from tlcore.recipe.presets import find, presets
from tlcore.recipe.text import from_file, from_text


def test_every_preset_is_listed_with_what_was_reported(command):
    answer = command("recipes")
    assert answer.code == 0
    lines = {line.split()[0]: line for line in answer.out.splitlines() if line}
    assert {preset.name for preset in presets()} <= set(lines)
    assert "77.0%" in lines["c-scratch"]
    assert "needs cifar10" in lines["c-scratch"]
    assert len(command("recipes", "--json").json) == len(presets())


def test_a_printed_recipe_is_a_recipe_file(command, tmp_path):
    for preset in presets():
        answer = command("recipes", preset.name)
        assert from_text(answer.out) == preset.recipe
    (tmp_path / "mine.yaml").write_text(answer.out)
    assert from_file(tmp_path / "mine.yaml") == preset.recipe


def test_parameters_are_counted_before_anything_runs(command):
    assert (
        "354,148 of 4,361,696 parameters train" in command("recipes", "d-efficientnet-frozen").out
    )
    [phase] = command("recipes", "c-scratch", "--json").json["phases"]
    assert phase["trainable"] == phase["total"] == 1_250_858


def test_an_unknown_preset_suggests_the_nearest(command):
    for verb in ("recipes", "run"):
        answer = command(verb, "c-scrach", "--json")
        assert answer.code == 1
        assert "Did you mean 'c-scratch'?" in answer.err
        assert answer.json["error"]["problems"][0]["suggestion"] == "c-scratch"


def test_a_preset_is_run_by_its_name(command):
    answer = command("run", "c-scratch", "--set", "epochs=1", "--json")
    assert answer.json["preset"] == "c-scratch"
    assert answer.json["recipe"] != find("c-scratch").recipe.id


@pytest.mark.parametrize(
    "data",
    [
        *(Data(shapes=Shapes(classes=c, per_class=2, test_per_class=2)) for c in
          ("source", "target", "all")),
        Data(name="digits"),
    ],
)  # fmt: skip
def test_classes_are_counted_without_opening_the_data(data):
    assert class_count(data) == len(open_dataset(data, Input()).classes)


def test_nobody_knows_the_classes_of_a_folder_beforehand():
    assert class_count(Data(name="folder", path="photos")) is None
    assert class_count(Data(name="cifar100")) == 100
    assert class_count(Data(name="cifar100", labels="coarse")) == 20
