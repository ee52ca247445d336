"""What pictures look like, in numbers: held against plain numpy, and against what was made odd."""

import numpy as np
import pytest

from bench.support.makers import picture, pictures, two_classes, write_files
from tlcore.data.statistics import (
    brightness_by_class,
    describe_balance,
    describe_sizes,
    look_at,
    original_sizes,
)


def test_mean_and_deviation_are_those_of_all_pixels():
    some = pictures([0, 1, 0, 1], side=12)
    look = look_at(some)
    shares = some.pixels / 255
    assert look.mean == pytest.approx(shares.mean(axis=(0, 1, 2)), abs=1e-4)
    assert look.deviation == pytest.approx(shares.std(axis=(0, 1, 2)), abs=1e-4)
    assert (look.looked_at, look.of) == (4, 4)


def test_only_an_even_part_of_many_pictures_is_looked_at():
    some = pictures([0, 1] * 50)
    look = look_at(some, most=10)
    assert look.looked_at == 10
    assert (look.rows[0], look.rows[-1]) == (0, 99)
    assert np.ptp(np.diff(look.rows)) <= 1


def test_odd_pictures_are_found_and_only_they():
    some = pictures([0] * 8, side=16)
    pixels = some.pixels.copy()
    pixels[1] = 3
    pixels[2] = 252
    pixels[3] = np.linspace(60, 190, 16)[None, :, None]
    odd = look_at(type(some)(pixels, some.labels, some.ids)).odd
    assert odd["dark"].tolist() == [1]
    assert odd["pale"].tolist() == [2]
    assert odd["flat"].tolist() == [1, 2]
    assert odd["blurred"].tolist() == [3]


def test_brightness_is_told_class_by_class():
    some = pictures([0, 1, 0, 1], side=8)
    pixels = some.pixels.copy()
    pixels[some.labels == 0] = 51
    pixels[some.labels == 1] = 204
    spreads = brightness_by_class(look_at(type(some)(pixels, some.labels, some.ids)), some.labels)
    assert spreads[0].middle == pytest.approx(0.2)
    assert spreads[1].low == pytest.approx(0.8)


def test_original_sizes_are_read_from_the_files_and_broken_ones_passed_over(tmp_path):
    files = {**two_classes(3), "cats/wide.png": picture(9, (30, 7)), "cats/bad.png": b"no"}
    sizes = original_sizes(str(write_files(tmp_path / "pets", files)))
    assert sizes == {(12, 10): 6, (30, 7): 1}
    assert describe_sizes(sizes) == ("From 12 x 10 to 30 x 7 pixels; most often 12 x 10 (6 of 7).")
    assert describe_sizes({}) == ""
    assert describe_sizes({(8, 8): 2}) == "All are 8 x 8 pixels."


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([5, 5, 5], "Even: 5 pictures of each class."),
        ([10, 11, 12], "Nearly even: from 10 pictures (a) to 12 (c)."),
        ([10, 100, 50], "Lopsided: 10.0 pictures of b for each one of a (100 and 10)."),
        ([0, 3, 3], "Lopsided: there is no picture of a, and there are 3 of b."),
    ],
)
def test_balance_is_told_in_words(counts, words):
    assert describe_balance(counts, ["a", "b", "c"]) == words


def test_rows_that_are_not_asked_about_are_not_looked_at():
    some = pictures([0, 1] * 10)
    pixels = some.pixels.copy()
    pixels[::2] = 255
    look = look_at(type(some)(pixels, some.labels, some.ids), among=np.arange(1, 20, 2))
    assert look.rows.tolist() == list(range(1, 20, 2))
    assert not len(look.odd["pale"])
