import numpy as np
import pytest

from bench.support.makers import dataset, pictures, there
from tlcore.data.split import split
from tlcore.errors import DataError
from tlcore.recipe import Data

LABELS = [0] * 40 + [1] * 30 + [2] * 10


def ids(part) -> set[str]:
    return set(part.ids.tolist())


def test_every_picture_is_on_exactly_one_side():
    parts = split(dataset(pictures(LABELS)), Data())
    sides = [ids(parts.train), ids(parts.validation), ids(parts.test)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 80


def test_the_same_split_seed_gives_the_same_split_and_another_another():
    data = dataset(pictures(LABELS))
    first, again, other = (split(data, Data(split_seed=seed)) for seed in (0, 0, 1))
    assert first.train.ids.tolist() == again.train.ids.tolist()
    assert np.array_equal(first.test.pixels, again.test.pixels)
    assert ids(first.test) != ids(other.test)


def test_each_class_gives_its_share_to_each_side():
    parts = split(dataset(pictures(LABELS)), Data(test=0.2, validation=0.25))
    assert np.bincount(parts.test.labels).tolist() == [8, 6, 2]
    assert np.bincount(there(parts.validation).labels).tolist() == [8, 6, 2]
    assert np.bincount(parts.train.labels).tolist() == [24, 18, 6]


def test_a_test_set_that_came_with_the_data_is_left_whole():
    given = pictures([0, 1, 2] * 5, seed=1)
    parts = split(dataset(pictures(LABELS), given), Data())
    assert parts.test is given


def test_without_a_validation_share_all_is_trained_on():
    parts = split(dataset(pictures(LABELS), pictures([0, 1, 2])), Data(validation=0))
    assert parts.validation is None
    assert len(parts.train) == 80


def test_no_choice_of_training_pictures_touches_the_test_set():
    data = dataset(pictures(LABELS))
    sides = [
        ids(split(data, choice).test)
        for choice in (
            Data(), Data(labels_per_class=2), Data(limit_train=20), Data(validation=0.5),
            Data(validation=0),
        )
    ]  # fmt: skip
    assert all(side == sides[0] for side in sides)


def test_fewer_labels_are_among_more_and_the_validation_share_stays():
    data = dataset(pictures(LABELS))
    few, more = (split(data, Data(labels_per_class=count)) for count in (2, 5))
    assert ids(few.train) < ids(more.train)
    assert ids(few.validation) == ids(more.validation)
    assert np.bincount(few.train.labels).tolist() == [2, 2, 2]


def test_more_labels_than_there_are_is_a_note_with_the_numbers():
    parts = split(dataset(pictures(LABELS)), Data(labels_per_class=15))
    assert np.bincount(parts.train.labels).tolist() == [15, 15, 6]
    assert any("labels_per_class is 15" in note and "c (6)" in note for note in parts.notes)


def test_limits_keep_the_mix_and_say_that_the_test_is_partial():
    given = pictures(LABELS, seed=1)
    choice = Data(limit_train=40, limit_test=8, validation=0.2)
    parts = split(dataset(pictures(LABELS), given), choice)
    assert len(parts.train) + len(there(parts.validation)) == 40
    assert np.bincount(parts.test.labels).tolist() == [4, 3, 1]
    assert "Tested on a part only: 8 of 80 pictures." in parts.notes


def test_a_limit_beyond_what_there_is_changes_nothing():
    given = pictures(LABELS, seed=1)
    parts = split(dataset(pictures(LABELS), given), Data(limit_train=999, limit_test=999))
    assert len(parts.train) + len(there(parts.validation)) == 80
    assert len(parts.test) == 80
    assert not parts.notes


def test_a_class_of_one_picture_is_learnt_and_that_it_is_never_tested_is_said():
    parts = split(dataset(pictures([0] * 10 + [1] * 10 + [2])), Data(validation=0))
    assert np.bincount(parts.train.labels).tolist() == [8, 8, 1]
    assert any("for test: c" in note for note in parts.notes)


@pytest.mark.parametrize("seed", range(8))
def test_no_group_is_torn_between_sides_and_every_class_is_on_each(seed):
    chance = np.random.default_rng(seed)
    groups = [f"person {number}" for number in chance.integers(0, 25, 200)]
    labels = chance.integers(0, 3, 200).tolist()
    data = dataset(pictures(labels, groups=groups))
    parts = split(data, Data(name="folder", path="x", group_by="prefix", split_seed=seed))
    pictured = (parts.train, there(parts.validation), parts.test)
    sides = [set(part.groups["group"].tolist()) for part in pictured]
    assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
    assert len(parts.test) == pytest.approx(40, abs=12)
    assert all(len(set(part.labels)) == 3 for part in pictured)


def test_one_group_of_everything_is_an_error_that_says_so():
    data = dataset(pictures([0, 1] * 10, groups=["IMG_"] * 20))
    with pytest.raises(DataError, match=r"No test share .* in 1 groups"):
        split(data, Data(name="folder", path="x", group_by="prefix"))


def test_groups_that_a_given_split_tears_are_named():
    train = pictures([0, 1] * 4, groups=["ann", "bob"] * 4)
    test = pictures([0, 1], seed=1, groups=["ann", "cy"])
    parts = split(
        dataset(train, test), Data(name="folder", path="x", group_by="prefix", validation=0)
    )
    assert any("1 groups are both" in note and "ann" in note for note in parts.notes)


def test_grouping_a_data_set_that_has_no_groups_is_an_error():
    with pytest.raises(DataError, match="has no groups"):
        split(dataset(pictures(LABELS)), Data(group_by="prefix"))


def test_a_limit_that_leaves_one_class_is_an_error_with_the_numbers():
    with pytest.raises(DataError, match="1 training pictures of 1 of 3 classes"):
        split(dataset(pictures(LABELS), pictures([0])), Data(limit_train=1, validation=0))


def test_nothing_to_validate_on_is_an_error_and_not_an_empty_side():
    with pytest.raises(DataError, match="No validation share"):
        split(dataset(pictures([0, 1]), pictures([0, 1], seed=1)), Data())


@pytest.mark.parametrize("seed", range(5))
def test_any_mix_of_sizes_splits_or_explains(seed):
    chance = np.random.default_rng(seed)
    for _ in range(40):
        labels = chance.integers(0, chance.integers(1, 8), chance.integers(1, 40)).tolist()
        choice = Data(
            validation=float(chance.choice([0, 0.1, 0.5, 0.9])),
            test=float(chance.choice([0.05, 0.5, 0.9])),
            labels_per_class=int(chance.integers(1, 9)) if chance.random() < 0.5 else None,
            limit_train=int(chance.integers(1, 50)) if chance.random() < 0.5 else None,
        )
        try:
            parts = split(dataset(pictures(labels)), choice)
        except DataError:
            continue
        sides = [parts.train, parts.test]
        sides += [there(parts.validation)] if choice.validation else []
        assert all(len(side) for side in sides)
        assert len(set().union(*map(ids, sides))) == sum(map(len, sides))
