"""The nearest training pictures are those that comparing all of them would find."""

import time

import numpy as np
import pytest

from bench.support.makers import two_classes, write_files
from tlcore.data import load
from tlcore.data.checks import directions, nearest, thumbnails
from tlcore.data.neighbours import open_neighbourhood
from tlcore.errors import DataError
from tlcore.recipe import Data, Input, Shapes
from tlcore.recipe.corrections import Correction

WORLD = Shapes(per_class=20, test_per_class=3, size=24, near_duplicates=0.5)
DATA = Data(shapes=WORLD)


def by_brute_force(pixels, others):
    """Correlations of mean colours in eight by eight cells, one pair at a time."""

    def at_a_glance(picture):
        side = picture.shape[0] // 8
        cells = picture.reshape(8, side, 8, side, 3).astype(float).mean(axis=(1, 3))
        return cells.ravel()

    return np.array([np.corrcoef(at_a_glance(pixels), at_a_glance(each))[0, 1] for each in others])


def test_they_are_the_ones_that_brute_force_finds():
    near, splits = open_neighbourhood(DATA, Input()), load(DATA, Input())
    for row in range(0, len(splits.test), 5):
        expected = by_brute_force(splits.test.pixels[row], splits.train.pixels)
        found = near.nearest(str(splits.test.ids[row]), most=3)
        rows = [splits.train.ids.tolist().index(each.picture) for each in found]
        likeness = [each.likeness for each in found]
        assert likeness == sorted(likeness, reverse=True)
        assert np.allclose(expected[rows], likeness, atol=2e-3)
        assert expected[rows[0]] >= expected.max() - 2e-3
        assert [each.label for each in found] == splits.train.labels[rows].tolist()


def test_the_double_of_a_copied_test_picture_is_found():
    near, splits = open_neighbourhood(DATA, Input()), load(DATA, Input())
    doubles = dict(zip(splits.test.ids, splits.test.groups["copy_of"], strict=True))
    trained = set(splits.train.ids)
    pairs = [(test, train) for test, train in doubles.items() if train in trained]
    assert len(pairs) > 5
    found = [near.nearest(str(test), most=1)[0] for test, _ in pairs]
    hits = [each.picture == train for each, (_, train) in zip(found, pairs, strict=True)]
    assert np.mean(hits) > 0.9


def test_it_agrees_with_the_search_for_leaks():
    near, splits = open_neighbourhood(DATA, Input()), load(DATA, Input())
    _, likeness = nearest(splits.test, splits.train)
    found = [near.nearest(str(each), most=1)[0].likeness for each in splits.test.ids]
    assert np.allclose(found, likeness, atol=2e-3)


def test_only_what_was_trained_on_is_a_neighbour_and_as_it_was_labelled():
    first = open_neighbourhood(DATA, Input())
    picture = str(first.test.ids[0])
    best, second = first.nearest(picture, most=2)
    other = first.classes[(second.label + 1) % len(first.classes)]
    given = (
        Correction(picture=best.picture, leave_out=True),
        Correction(picture=second.picture, label=other),
    )
    again = open_neighbourhood(Data(shapes=WORLD, corrections=given), Input())
    found = again.nearest(picture, most=1)[0]
    assert found.picture == second.picture
    assert again.classes[found.label] == other


def test_pictures_of_a_folder_are_shown_as_they_are(tmp_path):
    write_files(tmp_path / "pets", two_classes())
    data = Data(name="folder", path=str(tmp_path / "pets"))
    near, splits = open_neighbourhood(data, Input()), load(data, Input())
    for row, picture in enumerate(splits.train.ids):
        assert np.array_equal(near.pixels(str(picture)), splits.train.pixels[row])
    assert len(near.nearest(str(splits.test.ids[0]), most=99)) == len(splits.train)


def test_what_was_shrunk_once_is_found_again(monkeypatch):
    first = open_neighbourhood(DATA, Input())

    def fail(pixels):
        raise AssertionError("shrunk again")

    monkeypatch.setattr("tlcore.data.neighbours.thumbnails", fail)
    again = open_neighbourhood(DATA, Input())
    assert np.array_equal(first.train.pixels, again.train.pixels)


def test_a_picture_that_is_gone_and_a_world_too_large_are_told():
    near = open_neighbourhood(DATA, Input())
    with pytest.raises(DataError, match="no such test picture"):
        near.nearest("test/<b>cat</b>/00000")
    with pytest.raises(DataError, match="too long"):
        open_neighbourhood(Data(shapes=Shapes(per_class=20_000, size=256)), Input())


def test_thumbnails_stand_in_for_the_pictures():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 20, 3), np.uint8)
    alike = (directions(pixels) * directions(thumbnails(pixels))).sum(axis=1)
    assert alike.min() > 0.999


def test_a_question_among_fifty_thousand_takes_a_moment():
    """Some hundredths of a second here; the bound is for a busy machine."""
    from dataclasses import replace

    from tlcore.data.pictures import Pictures

    few = open_neighbourhood(DATA, Input())
    count = 50_000
    pixels = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)
    ids = np.array([f"train/{row:05d}" for row in range(count)])
    train = Pictures(pixels, np.zeros(count, np.int64), ids)
    many = replace(few, train=train, whole=train, _directions=directions(pixels))
    began = time.perf_counter()
    found = many.nearest(str(few.test.ids[0]))
    many.pixels(found[0].picture)
    assert time.perf_counter() - began < 2
