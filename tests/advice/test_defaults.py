"""What a recipe begins with follows its pictures, and never a person's back."""

import zipfile
from io import BytesIO

import pytest
from PIL import Image

from tlcore.advice.defaults import BELONGING, FOR_PHOTOS, SIZES, size_warning, suited
from tlcore.recipe import Augmentation, Data, Input, Model, Optimiser, Recipe
from tlcore.schedule import FreezeSchedule

BEST = next(iter(FOR_PHOTOS))


def everywhere(name):
    return True


def carried(name):
    return name.startswith("pebble")


@pytest.fixture
def photos(tmp_path):
    """A zip of photos: `photos(each=10, side=240)`."""

    def make(*, each=10, side=240):
        path = tmp_path / f"photos {each} {side}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(2 * each):
                file = BytesIO()
                Image.new("RGB", (side + 40, side), (number * 7 % 256, 80, 90)).save(file, "JPEG")
                archive.writestr(f"{'cat' if number % 2 else 'dog'}/{number}.jpg", file.getvalue())
        return Data(name="folder", path=str(path))

    return make


def test_photos_get_the_best_backbone_that_is_here_at_a_size_it_knows(photos):
    found = suited(Recipe(data=photos()), here=everywhere)
    assert found.recipe.model.backbone == BEST
    assert found.recipe.input.size == 224
    assert found.recipe.optimiser.name == "exact"
    assert "224 px" in found.why


def test_with_only_what_is_carried_the_best_of_that_is_taken_and_the_gain_of_more_is_told(photos):
    found = suited(Recipe(data=photos()), here=carried)
    assert found.recipe.model.backbone == "pebble-photo"
    assert "more of 100 photos right" in found.why
    assert "more of 100" not in suited(Recipe(data=photos()), here=everywhere).why


def test_drawings_keep_the_backbone_for_drawings():
    for name in ("shapes", "digits"):
        found = suited(Recipe(data=Data(name=name)), here=everywhere)
        assert found.recipe == Recipe(data=Data(name=name))
        assert found.why == ""


def test_small_pictures_are_not_enlarged_for_nothing_and_many_not_for_hours(photos):
    assert suited(Recipe(data=photos(side=40)), here=everywhere).recipe.input.size == 160
    huge = suited(Recipe(data=Data(name="cifar10")), here=everywhere).recipe
    assert huge.input.size == SIZES[-1]
    some = Data(name="cifar10", limit_train=300, limit_test=100)
    assert suited(Recipe(data=some), here=everywhere).recipe.input.size == 160


def test_what_was_typed_stands(photos):
    recipe = Recipe(data=photos(), input=Input(size=32), epochs=7)
    typed = {"input.size", "epochs"}
    found = suited(recipe, typed=typed, here=everywhere).recipe
    assert (found.input.size, found.epochs) == (32, 7)
    assert found.model.backbone == BEST
    other = Recipe(data=photos(), optimiser=Optimiser(name="sgd"))
    assert suited(other, here=everywhere).recipe.optimiser.name == "sgd"


def test_a_schedule_of_ones_own_is_learned_step_by_step(photos):
    recipe = Recipe(data=photos(), schedule=FreezeSchedule(preset="gradual"))
    found = suited(recipe, here=everywhere).recipe
    assert found.schedule.preset == "gradual"
    assert found.optimiser.name == "adamw"
    moving = Recipe(data=photos(), augmentation=Augmentation(flip=True))
    assert suited(moving, here=everywhere).recipe.augmentation.flip


def test_another_backbone_brings_its_own_size_and_back(photos):
    first = suited(Recipe(data=photos()), here=everywhere).recipe
    small = first.model_copy(update={"model": Model(backbone="mobilenetv1_025")})
    typed = {"model.backbone"}
    second = suited(small, typed=typed, before=first, here=everywhere).recipe
    assert (second.model.backbone, second.input.size) == ("mobilenetv1_025", 128)
    own = second.model_copy(update={"model": Model(backbone="scratch-plain", weights="none")})
    third = suited(own, typed=typed, before=second, here=everywhere).recipe
    assert third.schedule.preset == "full"
    assert third.optimiser.name == "adamw"
    assert third.epochs > 11


def test_back_to_drawings_everything_is_as_it_was(photos):
    first = suited(Recipe(data=photos()), here=everywhere).recipe
    back = first.model_copy(update={"data": Data()})
    assert suited(back, before=first, here=everywhere).recipe == Recipe()


def test_it_says_the_same_twice(photos):
    first = suited(Recipe(data=photos()), here=everywhere)
    again = suited(first.recipe, before=first.recipe, here=everywhere)
    assert again == first


def test_pictures_far_smaller_than_the_weights_know_are_warned_of_with_what_they_cost(photos):
    small = Recipe(data=photos(), model=Model(backbone=BEST), input=Input(size=32))
    words = size_warning(small)
    assert "32 px is far below the 224 px" in words
    assert "of 100 right" in words
    for fine in (
        small.model_copy(update={"input": Input(size=128)}),
        Recipe(),
        Recipe(
            model=Model(backbone="scratch-plain", weights="none"),
            schedule=FreezeSchedule(preset="full"),
        ),
    ):
        assert size_warning(fine) == ""


def test_pictures_that_are_gone_stop_nobody():
    missing = Recipe(data=Data(name="folder", path="no such place"))
    assert suited(missing, here=everywhere).recipe.model.backbone == BEST


def test_every_field_it_sets_is_a_field_of_recipes():
    for path in BELONGING:
        place = Recipe()
        for name in path.split("."):
            place = getattr(place, name)
