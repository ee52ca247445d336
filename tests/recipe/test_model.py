import pytest
from pydantic import ValidationError

from tlcore.recipe import Augmentation, Data, Head, Model, Optimiser, Recipe, Shapes
from tlcore.schedule import FreezeSchedule, Phase

REPORT_B = Recipe(
    name="B",
    data=Data(name="cifar10", validation=0.1),
    model=Model(backbone="mobilenetv2_100", head=Head(hidden=(1024,), dropout=0.2)),
    schedule=FreezeSchedule(preset="first-layers-frozen", count=10),
    optimiser=Optimiser(name="adam", rate=1e-4),
    augmentation=Augmentation(flip=True, rotation=15.0),
    epochs=10,
    seed=7,
)


def test_ids_are_the_same_on_every_machine_and_in_every_release():
    """Stored runs are found by these: if one changes, bump VERSION and write a migration."""
    assert Recipe().id == "44136fa355b3"
    assert REPORT_B.id == "217ae662f953"


def test_the_name_is_no_part_of_the_id():
    assert Recipe(name="first try").id == Recipe(name="second try").id == Recipe().id


@pytest.mark.parametrize(
    "other",
    [
        Recipe(seed=1),
        Recipe(epochs=6),
        Recipe(data=Data(split_seed=1)),
        Recipe(data=Data(shapes=Shapes(world=1))),
        Recipe(schedule=FreezeSchedule(batchnorm="frozen")),
        Recipe(optimiser=Optimiser(rate=0.0011)),
    ],
)
def test_whatever_matters_changes_the_id(other: Recipe):
    assert other.id != Recipe().id


def test_a_default_that_is_written_out_leaves_the_id_alone():
    assert Recipe(epochs=5, optimiser=Optimiser(name="adamw", rate=0.001)).id == Recipe().id


def test_a_whole_number_where_a_fraction_may_stand_leaves_the_id_alone():
    assert Recipe(optimiser=Optimiser(rate=1)).id == Recipe(optimiser=Optimiser(rate=1.0)).id


def test_a_recipe_can_not_be_changed_behind_a_run_s_back():
    with pytest.raises(ValidationError, match="frozen"):
        Recipe().epochs = 6


def test_recipes_that_are_equal_count_as_one():
    assert len({Recipe(), Recipe(), Recipe(seed=1)}) == 2


def test_augmentation_knows_whether_it_does_anything():
    assert not Augmentation().active
    assert Augmentation(flip=True).active


@pytest.mark.parametrize("preset", ["lp-ft", "two-phase", "fine-tune"])
def test_a_second_phase_must_have_an_epoch_to_itself(preset):
    Recipe(epochs=3, schedule=FreezeSchedule(preset=preset, head_epochs=2))
    with pytest.raises(ValidationError, match="head_epochs"):
        Recipe(epochs=3, schedule=FreezeSchedule(preset=preset, head_epochs=3))


@pytest.mark.parametrize(
    ("lengths", "fits"),
    [([2, 3], True), ([2, None], True), ([2, 2], False), ([2, 4], False), ([5, None], False)],
)
def test_custom_phases_must_fill_the_run_exactly(lengths, fits):
    phases = tuple(Phase(thaw="head", epochs=length) for length in lengths)
    schedule = FreezeSchedule(preset="custom", phases=phases)
    assert (schedule.misfits(epochs=5) == []) == fits
    if not fits:
        with pytest.raises(ValidationError, match="phases"):
            Recipe(epochs=5, schedule=schedule)
