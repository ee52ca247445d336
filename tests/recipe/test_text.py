import json
import random

import pytest
import yaml

from tlcore.errors import RecipeError
from tlcore.recipe import VERSION, Data, Head, Model, Optimiser, Recipe
from tlcore.recipe import text as text_module
from tlcore.recipe.text import (
    MIGRATIONS,
    from_fields,
    from_file,
    from_text,
    migrated,
    to_fields,
    to_json,
    to_yaml,
)
from tlcore.schedule import FreezeSchedule, Phase

EVERY_KIND_OF_VALUE = Recipe(
    name="Ångström: 5 % – 'naïve' 🧊🔥 #1",
    data=Data(name="folder", path="photos/my class", validation=0.25, labels_per_class=10),
    model=Model(weights="none", head=Head(hidden=(1024, 512), final_dropout=0.5)),
    schedule=FreezeSchedule(preset="full"),
    optimiser=Optimiser(name="sgd", rate=1e-5, nesterov=True),
    seed=2**63 - 1,
)
PHASES = Recipe(
    epochs=4,
    schedule=FreezeSchedule(
        preset="custom",
        phases=(Phase(epochs=1), Phase(thaw="blocks layer3, layer4", rate=0.1, restart=True)),
    ),
)
NAMES_THAT_LOOK_LIKE_SOMETHING_ELSE = [
    *("1e-3", "08", "010", "1_000", "0x1F", "1:30", ".5", "+1", "-", "no", "true", "null", "~"),
    *("2024-01-01", "<<", "=", ".nan", "*name", "&name", "!tag", "# not a comment", "a: b"),
    *("'", '"', "{", "[", "%", "@", "`", "|", ">", "? a", "- a", " padded ", "\\", "\ufeff"),
]


@pytest.mark.parametrize("recipe", [Recipe(), EVERY_KIND_OF_VALUE, PHASES])
@pytest.mark.parametrize("write", [to_yaml, to_json])
def test_a_recipe_survives_being_written_and_read(recipe, write):
    assert from_text(write(recipe)) == recipe
    assert from_text(write(recipe)).id == recipe.id


@pytest.mark.parametrize("name", NAMES_THAT_LOOK_LIKE_SOMETHING_ELSE)
@pytest.mark.parametrize("write", [to_yaml, to_json])
def test_a_name_stays_text_whatever_it_looks_like(name, write):
    assert from_text(write(Recipe(name=name))).name == name


def test_names_of_random_letters_survive_both_notations():
    letters = [chr(code) for code in range(32, 0x3000) if chr(code).isprintable()]
    for _ in range(200):
        recipe = Recipe(name="".join(random.choices(letters, k=12)))
        assert from_text(to_yaml(recipe)) == recipe == from_text(to_json(recipe))


def test_what_we_write_other_readers_of_yaml_and_json_read_alike():
    fields = to_fields(EVERY_KIND_OF_VALUE)
    assert json.loads(to_json(EVERY_KIND_OF_VALUE)) == fields
    assert yaml.safe_load(to_yaml(EVERY_KIND_OF_VALUE)) == fields


def test_only_what_differs_from_the_defaults_is_written():
    assert to_fields(Recipe(epochs=6)) == {"version": VERSION, "epochs": 6}


@pytest.mark.parametrize(
    "text",
    [
        "epochs: 3\noptimiser:\n  rate: 1e-2\n",
        "\ufeffepochs: 3\r\noptimiser: {rate: 1e-2}\r\n",
        '{"epochs": 3,\n\t"optimiser": {"rate": 1E-2}}',
        "---\n# a comment\nversion: 1\nepochs: 3\noptimiser: {rate: .01}\n...\n",
    ],
)
def test_the_ways_people_write_recipes_are_read(text, tmp_path):
    file = tmp_path / "recipe.yaml"
    file.write_text(text, encoding="utf-8")
    assert from_file(file) == Recipe(epochs=3, optimiser=Optimiser(rate=0.01))


def test_json_of_other_programs_may_write_letters_as_pairs_of_escapes():
    assert from_text(r'{"name": "\ud83e\uddca"}').name == "🧊"


def test_a_preset_file_counts_by_its_recipe(tmp_path):
    file = tmp_path / "preset.yaml"
    file.write_text("title: Report A\nrecipe: {epochs: 3}\n")
    assert from_file(file) == Recipe(epochs=3)


def test_every_older_version_has_a_migration():
    assert set(MIGRATIONS) == set(range(1, VERSION))


def test_an_old_recipe_is_brought_to_the_newest_version_step_by_step():
    def rename_rate(old):
        fields = {key: value for key, value in old.items() if key != "lr"}
        return {**fields, "optimiser": {"rate": old["lr"]}}

    def count_seeds_from_one(old):
        return {**old, "seed": old["seed"] + 1}

    steps = {1: rename_rate, 2: count_seeds_from_one}
    old = {"version": 1, "lr": 0.1, "seed": 6}
    fields = migrated(old, migrations=steps, newest=3)
    assert fields == {"version": 3, "optimiser": {"rate": 0.1}, "seed": 7}
    assert old == {"version": 1, "lr": 0.1, "seed": 6}, "the caller's fields are left alone"
    halfway = migrated({"version": 2, "seed": 6}, migrations=steps, newest=3)
    assert halfway == {"version": 3, "seed": 7}


def test_reading_migrates_before_it_validates(monkeypatch):
    monkeypatch.setattr(text_module, "migrated", lambda fields, where: {"epochs": fields["rounds"]})
    assert from_fields({"rounds": 3}) == Recipe(epochs=3)


def test_fields_without_a_version_are_of_the_newest():
    assert migrated({"epochs": 3}, migrations={}, newest=9) == {"epochs": 3}


def test_all_problems_are_told_at_once_with_the_nearest_right_name():
    with pytest.raises(RecipeError) as caught:
        from_text("epochs: 0\nbatchsize: 8\noptimiser: {name: Adamm, lr: 0.1}", where="mine.yaml")
    found = {p.field: (p.value, p.suggestion) for p in caught.value.problems}
    assert found == {
        "epochs": ("0", ""),
        "batchsize": ("", "batch"),
        "optimiser.name": ("'Adamm'", "adam"),
        "optimiser.lr": ("", "rate"),
    }
    assert "4 problems (mine.yaml)" in str(caught.value)


def test_a_rule_over_two_parts_names_the_field_and_shows_its_value():
    with pytest.raises(RecipeError) as caught:
        from_text("{data: {validation: 0}, early_stopping: {patience: 3}}")
    [problem] = caught.value.problems
    assert (problem.field, problem.value) == ("early_stopping.patience", "3")
