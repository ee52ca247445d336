"""A data set as a page shows it: the very pictures of the run's own split, and no copy of them."""

import numpy as np
import pytest

from bench.support.makers import there
from tlcore.data.load import load, open_dataset
from tlcore.data.survey import MOST_DRAWN, drawn_in_all, small_enough, survey
from tlcore.recipe import Data, Input, Shapes

SMALL = Shapes(per_class=10, test_per_class=5, label_noise=0.2)


@pytest.mark.parametrize(
    "data",
    [
        Data(shapes=SMALL),
        Data(shapes=SMALL, labels_per_class=3, split_seed=4),
        Data(shapes=SMALL, validation=0),
        Data(name="digits", test=0.3),
    ],
)
def test_the_sides_are_those_that_a_run_gets(data):
    splits = load(data, Input())
    found = survey(open_dataset(data, Input()), data)
    sides = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    expected = {name: side for name, side in sides.items() if side is not None}
    assert [side.name for side in found.sides] == list(expected)
    for side in found.sides:
        assert (side.pool.ids[side.rows] == expected[side.name].ids).all()
        assert (side.pool.pixels[side.rows] == expected[side.name].pixels).all()
        assert (side.labels == expected[side.name].labels).all()
    assert found.notes == splits.notes
    assert found.fingerprint == splits.fingerprint


def test_no_pixel_is_copied():
    data = Data(shapes=SMALL)
    dataset = open_dataset(data, Input())
    found = survey(dataset, data)
    assert found.side("train").pool is dataset.train
    assert found.side("test").pool is dataset.test
    assert found.side("test").taken() is dataset.test


def test_a_picture_is_found_by_its_id():
    data = Data(shapes=SMALL)
    found = survey(open_dataset(data, Input()), data)
    side = found.side("validation")
    row = side.rows[7]
    assert (found.find("validation", str(side.pool.ids[row])) == side.pool.pixels[row]).all()


def test_an_even_part_of_a_side_can_be_taken():
    data = Data(shapes=SMALL)
    side = survey(open_dataset(data, Input()), data).side("train")
    assert len(side.taken(10)) == 10
    assert len(there(side.taken())) == len(side) == 80
    assert side.counts(10).tolist() == np.bincount(side.labels, minlength=10).tolist()


def test_a_huge_world_is_looked_at_in_part_with_the_same_dials():
    huge = Shapes(per_class=20_000, size=256, imbalance=50.0, cue="colour")
    few = small_enough(huge)
    assert sum(drawn_in_all(few)) * 256**2 * 3 <= 1.2 * MOST_DRAWN
    assert few.model_copy(update={"per_class": 20_000, "test_per_class": 100}) == huge
    assert small_enough(SMALL) is SMALL


def test_some_of_every_side_are_a_fair_part():
    data = Data(shapes=SMALL)
    found = survey(open_dataset(data, Input()), data)
    some = found.some(30)
    assert len(some) == 16 + 4 + 10
    assert {name.split("/")[0] for name in some.ids.tolist()} == {"train", "test"}
    assert len(found.some(10_000)) == 150
