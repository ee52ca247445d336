"""What a recipe is called in a few words."""

from tlcore.recipe import Recipe
from tlcore.recipe.summary import TITLES, name_of, summary_of
from tlcore.recipe.text import from_fields
from tlcore.ui.train.schedule import GROUPS, PRESETS


def recipe(**fields):
    return from_fields(fields)


def test_a_run_is_called_by_what_it_is():
    for fields, name in (
        ({}, "shapes · head only · 5 epochs"),
        ({"epochs": 1, "model": {"weights": "none"}, "schedule": {"preset": "full"}},
         "shapes · from scratch · 1 epoch"),
        ({"data": {"name": "cifar10", "labels_per_class": 10},
          "schedule": {"preset": "last-blocks", "count": 2}},
         "CIFAR-10, 10 labels a class · last 2 blocks · 5 epochs"),
        ({"data": {"name": "folder", "path": "/photos/pets.zip"},
          "schedule": {"preset": "last-blocks"}}, "pets · last block · 5 epochs"),
    ):  # fmt: skip
        assert name_of(recipe(**fields)) == name


def test_an_upload_goes_by_the_name_that_its_owner_gave_it():
    mine = recipe(data={"name": "folder", "path": f"upload:{'0' * 32}"})
    assert summary_of(mine, upload="Pets").data == "Pets"
    assert summary_of(mine).data == "own pictures"


def test_every_schedule_has_a_title_and_only_those():
    assert set(TITLES) == set(PRESETS) == {name for group in GROUPS.values() for name in group}
    for preset in TITLES:
        phases = [{"thaw": "all"}] if preset == "custom" else []
        schedule = {"preset": preset, **({"phases": phases} if phases else {})}
        assert summary_of(recipe(schedule=schedule)).schedule


def test_what_no_catalogue_knows_goes_by_its_own_name():
    assert summary_of(Recipe.model_validate({"model": {"backbone": "eva02"}})).backbone == "eva02"
