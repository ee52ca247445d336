"""A correction changes the picture that it names, and nobody else's place or label."""

from typing import Any

import numpy as np
import pytest

from bench.support.makers import dataset, pictures, there, two_classes, write_files
from tlcore.data import load
from tlcore.data.load import open_dataset
from tlcore.data.split import split
from tlcore.data.survey import survey
from tlcore.errors import DataError, RecipeError
from tlcore.recipe import Data, Input, Shapes
from tlcore.recipe.corrections import Correction

LABELS = [0] * 40 + [1] * 30 + [2] * 10
POOL = dataset(pictures(LABELS))
WORLD = Shapes(per_class=10, test_per_class=4, size=16)


def sides(parts):
    """Each picture's side and label."""
    named = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {
        picture: (name, label)
        for name, side in named.items()
        if side is not None
        for picture, label in zip(side.ids.tolist(), side.labels.tolist(), strict=True)
    }


def corrected(*corrections, **fields):
    return Data(corrections=corrections, **fields)


@pytest.mark.parametrize("side", ["train", "validation", "test"])
def test_another_label_changes_that_pictures_label_and_nothing_else(side):
    before = sides(split(POOL, Data()))
    picture = next(each for each, (name, label) in before.items() if name == side and label == 0)
    after = sides(split(POOL, corrected(Correction(picture=picture, label="c"))))
    assert after.pop(picture) == (side, 2)
    assert before.pop(picture) == (side, 0)
    assert after == before


@pytest.mark.parametrize("side", ["train", "validation", "test"])
def test_a_picture_that_is_left_out_is_the_only_one_that_is_gone(side):
    before = sides(split(POOL, Data()))
    picture = next(each for each, (name, _) in before.items() if name == side)
    after = sides(split(POOL, corrected(Correction(picture=picture, leave_out=True))))
    assert before.pop(picture)[0] == side
    assert after == before


def test_the_few_labels_of_a_class_stay_the_same_ones():
    few: dict[str, Any] = {"labels_per_class": 5}
    before = sides(split(POOL, Data(**few)))
    one, other = [each for each, (name, label) in before.items() if (name, label) == ("train", 1)][
        :2
    ]
    given = (Correction(picture=one, label="a"), Correction(picture=other, leave_out=True))
    after = sides(split(POOL, corrected(*given, **few)))
    assert set(before) - set(after) == {other}
    assert {each for each in after if after[each] != before[each]} == {one}


def test_pixels_and_groups_go_with_their_picture():
    pool = dataset(pictures(LABELS, groups=[f"g{row}" for row in range(len(LABELS))]))
    gone = Correction(picture="0/7", leave_out=True)
    before, after = split(pool, Data()).train, split(pool, corrected(gone)).train
    row, old = after.ids.tolist().index("0/30"), before.ids.tolist().index("0/30")
    assert np.array_equal(after.pixels[row], before.pixels[old])
    assert after.groups["group"][row] == "g30"


def test_the_source_is_never_written_to():
    labels = POOL.train.labels.copy()
    split(POOL, corrected(Correction(picture="0/3", label="c")))
    assert np.array_equal(POOL.train.labels, labels)


def test_without_corrections_nothing_is_copied():
    given = pictures([0, 1, 2] * 5, seed=1)
    assert split(dataset(pictures(LABELS), given), Data()).test is given


def test_how_many_were_corrected_on_which_side_is_said():
    before = sides(split(POOL, Data()))
    train = [each for each, (name, label) in before.items() if (name, label) == ("train", 0)]
    test = [each for each, (name, label) in before.items() if (name, label) == ("test", 0)]
    given = (
        Correction(picture=train[0], label="b"),
        Correction(picture=train[1], label="b"),
        Correction(picture=test[0], label="b"),
        Correction(picture=test[1], leave_out=True),
        Correction(picture=train[2], label="a"),
    )
    notes = split(POOL, corrected(*given)).notes
    assert "Pictures with a label given by hand: 2 training, 1 test." in notes
    assert "Pictures left out by hand: 1 test." in notes
    assert "Corrections that give a picture the label that it has already: 1." in notes


def test_corrections_of_pictures_that_a_limit_leaves_aside_are_told():
    few = split(POOL, Data(limit_train=20))
    idle = next(each for each in POOL.train.ids.tolist() if each not in sides(few))
    parts = split(POOL, corrected(Correction(picture=idle, label="c"), limit_train=20))
    assert sides(parts) == sides(few)
    assert "Corrections of pictures of which this recipe makes no use: 1." in parts.notes


def test_a_class_or_picture_that_there_isnt_is_refused_with_what_is_near():
    given = (Correction(picture="0/3", label="aa"), Correction(picture="0/333", label="b"))
    with pytest.raises(RecipeError) as caught:
        split(POOL, corrected(*given))
    said = str(caught.value)
    assert "data.corrections.0.label is 'aa': must be one of the 3 classes" in said
    assert "Did you mean 'a'?" in said
    assert "data.corrections.1.picture is '0/333': must be a picture of made" in said


@pytest.mark.parametrize("name", ["<b>cat</b>", "**x**", "'; DROP", "🦊"])
def test_a_hostile_name_is_refused_as_text(name):
    with pytest.raises(RecipeError) as caught:
        split(POOL, corrected(Correction(picture=name, label=name)))
    assert name in str(caught.value)


def test_a_side_that_would_be_empty_is_refused():
    few = dataset(pictures([0, 1] * 10), pictures([0, 1], seed=1))
    gone = [Correction(picture=f"1/{row}", leave_out=True) for row in range(2)]
    with pytest.raises(DataError, match="No test picture is left"):
        split(few, corrected(*gone))


def test_a_class_that_is_corrected_away_is_told_as_any_other():
    every = [each for each, (_, label) in sides(split(POOL, Data())).items() if label > 0]
    gone = [Correction(picture=each, leave_out=True) for each in every]
    with pytest.raises(DataError, match="1 of 3 classes"):
        split(POOL, corrected(*gone))


def test_ids_are_the_same_at_every_load(tmp_path):
    write_files(tmp_path / "pets", two_classes())
    for data in (Data(shapes=WORLD), Data(name="folder", path=str(tmp_path / "pets"))):
        one, again = (open_dataset(data, Input()) for _ in range(2))
        assert one.train.ids.tolist() == again.train.ids.tolist()
        assert len(set(one.train.ids.tolist())) == len(one.train)


def test_a_recipe_that_corrects_loads_corrected(tmp_path):
    write_files(tmp_path / "pets", two_classes())
    path = str(tmp_path / "pets")
    wrong = Correction(picture="cats/0.png", label="dogs")
    before = sides(load(Data(name="folder", path=path), Input()))
    after = sides(load(corrected(wrong, name="folder", path=path), Input()))
    assert after.pop("cats/0.png")[1] == 1
    assert before.pop("cats/0.png")[1] == 0
    assert after == before


def test_what_the_data_page_shows_is_corrected_too():
    one, other = Correction(picture="train/cat/00003", label="key"), "train/cat/00004"
    data = corrected(one, Correction(picture=other, leave_out=True), shapes=WORLD)
    found = survey(open_dataset(data, Input()), data)
    shown = {
        picture: found.classes[label]
        for side in found.sides
        for picture, label in zip(side.pool.ids[side.rows], side.labels, strict=True)
    }
    assert shown[one.picture] == "key"
    assert other not in shown
    assert len(there(load(data, Input()).validation)) == len(found.side("validation"))
