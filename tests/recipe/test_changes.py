"""Recipes of earlier versions are found and read as before, and say what has changed for them."""

import pytest

from tlcore.recipe import VERSION, Recipe
from tlcore.recipe.changes import CHANGES, changes_since
from tlcore.recipe.presets import presets
from tlcore.recipe.text import from_fields, from_text, to_fields, version_of

CONCERNED: dict[str, dict[str, object]] = {
    "balance": {"balance": "weights"},
    "balance: robust": {"balance": "robust"},
    "augmentation.views": {"augmentation": {"flip": True, "views": 2}},
    "rate_schedule.warmup": {"rate_schedule": {"name": "exponential", "warmup": 2}},
    "input.interpolation": {"input": {"interpolation": "bicubic"}},
    "optimiser.weight_decay": {
        "model": {"backbone": "vit_tiny_patch16_224"},
        "input": {"size": 32},
        "optimiser": {"weight_decay": 0.05},
    },
    "precision": {"precision": "bfloat16"},
    "optimiser.name": {"optimiser": {"name": "exact"}},
}


@pytest.mark.parametrize("name", CONCERNED)
def test_a_recipe_of_version_1_keeps_its_id_and_says_what_has_changed(name):
    fields = {"precision": "float32", **CONCERNED[name]}
    old = from_fields({"version": 1, **fields})
    new = from_fields({"version": VERSION, **fields})
    assert old == new
    assert old.id == new.id
    (change,) = changes_since(1, old)
    assert change.startswith(name.partition(":")[0])
    assert changes_since(VERSION, new) == []


def test_a_recipe_that_computes_as_before_says_nothing():
    assert changes_since(1, Recipe(precision="float32")) == []
    warm = from_fields({"precision": "float32", "rate_schedule": {"name": "cosine", "warmup": 1}})
    assert changes_since(1, warm) == []


@pytest.mark.parametrize("precision", ["auto", "bfloat16", "float16"])
def test_every_precision_that_may_round_says_so(precision):
    assert len(changes_since(1, Recipe(precision=precision))) == 1


def test_every_change_is_of_a_version_that_exists_and_concerns_somebody():
    assert len(CONCERNED) == len(CHANGES)
    assert {change.version for change in CHANGES} <= set(range(2, VERSION + 1))


def test_every_preset_of_the_lab_is_read_as_one_of_version_1_too():
    for preset in presets():
        old = {**to_fields(preset.recipe), "version": 1}
        assert from_fields(old).id == preset.recipe.id


def test_the_version_of_a_text_is_the_newest_where_it_says_none():
    assert version_of('{"version": 1, "epochs": 3}') == 1
    assert version_of("epochs: 3") == version_of("[") == version_of("version: old") == VERSION
    assert from_text("version: 1").version == VERSION
