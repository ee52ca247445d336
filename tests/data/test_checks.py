from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.support.makers import pictures, there
from tlcore.data.checks import find_doubtful, find_exact, find_near, nearest, quick_notes
from tlcore.data.cifar import open_cifar
from tlcore.data.pictures import Pictures, Splits


def splits(train: Pictures, test: Pictures, validation: Pictures | None = None) -> Splits:
    return Splits(("ant", "bee", "cow"), train, validation, test, "f" * 64)


def with_copy(of: Pictures, row: int, into: Pictures, place: int, change: int = 0) -> Pictures:
    pixels: NDArray[np.uint8] = into.pixels.copy()
    pixels[place] = np.clip(of.pixels[row].astype(int) + change, 0, 255)
    return replace(into, pixels=pixels)


TRAIN = pictures([0, 1, 2] * 20, seed=0, side=16)
TEST = pictures([0, 1, 2] * 10, seed=1, side=16)
VALIDATION = pictures([0, 1, 2] * 5, seed=2, side=16)


def test_clean_splits_have_no_leaks_and_no_notes():
    clean = splits(TRAIN, TEST, VALIDATION)
    assert find_exact(clean) == ()
    assert find_near(clean) == ()
    assert quick_notes(clean) == ()


def test_a_test_picture_that_is_trained_on_is_found_with_both_ids():
    leaky = splits(TRAIN, with_copy(TRAIN, 7, TEST, 4), VALIDATION)
    (leak,) = find_exact(leaky)
    assert (leak.side, leak.id, leak.other_side, leak.other_id) == ("test", "1/4", "train", "0/7")
    assert leak.same_class
    assert find_near(leaky)[0].similarity == pytest.approx(1)
    assert any(note.startswith("Leak: 1 test picture") for note in quick_notes(leaky))


def test_leaks_into_and_out_of_the_validation_share_are_found_too():
    leaky = splits(TRAIN, with_copy(VALIDATION, 3, TEST, 0), with_copy(TRAIN, 1, VALIDATION, 9))
    pairs = {(leak.side, leak.other_side) for leak in find_exact(leaky)}
    assert pairs == {("test", "validation"), ("validation", "train")}


def test_a_brighter_copy_is_no_exact_double_but_a_near_one():
    near = splits(TRAIN, with_copy(TRAIN, 7, TEST, 4, change=9))
    assert find_exact(near) == ()
    (leak,) = find_near(near)
    assert (leak.id, leak.other_id) == ("1/4", "0/7")
    assert 0.97 < leak.similarity < 1.0001


def test_flat_pictures_are_alike_in_nothing():
    def flat(*levels: int) -> Pictures:
        few = pictures([0] * len(levels), side=16)
        grain = np.random.default_rng(0).integers(0, 2, few.pixels.shape, np.uint8)
        pixels: NDArray[np.uint8] = np.array(levels, np.uint8)[:, None, None, None] + grain
        return replace(few, pixels=pixels)

    _, similarity = nearest(flat(0, 100, 200), flat(50, 150))
    assert similarity.max() < 0.5


@pytest.mark.parametrize("side", [7, 8, 20, 33])
def test_pictures_of_any_size_are_compared(side):
    some = pictures([0, 1, 2], side=side)
    rows, similarity = nearest(some, some)
    assert rows.tolist() == [0, 1, 2]
    assert similarity == pytest.approx(1, abs=1e-4)


def test_the_same_picture_under_two_labels_is_called_label_noise():
    train = with_copy(TRAIN, 0, TRAIN, 1)
    assert any("1 picture appears under more than one label, such as ant and bee" in note
               for note in quick_notes(splits(train, TEST)))  # fmt: skip


def test_lopsided_and_tiny_classes_are_named_with_their_numbers():
    train = pictures([0] * 60 + [1] * 20 + [2] * 3)
    notes = " ".join(quick_notes(splits(train, pictures([0] * 20 + [1] * 20 + [2] * 4, seed=1))))
    assert "60 training pictures of ant and 3 of cow" in notes
    assert "Fewer than 5 training pictures of cow" in notes
    assert "Fewer than 10 test pictures, too few to judge a class by, of cow" in notes


def test_a_class_with_no_training_picture_left_is_named():
    notes = " ".join(quick_notes(splits(pictures([0, 1] * 20), TEST)))
    assert "No training picture is left of cow" in notes


def test_known_doubles_in_real_cifar_are_found(shared, tmp_path, monkeypatch):
    """The first 5,000 training pictures against all test pictures; none is an exact double."""
    import pyarrow.parquet as pq

    folder = tmp_path / "cifar10"
    folder.mkdir()
    for side in ("train", "test"):
        source = shared / "data" / "cifar10" / f"{side}-00000-of-00001.parquet"
        rows = pq.read_table(source).slice(0, 5000 if side == "train" else None)
        pq.write_table(rows, folder / f"{side}-00000-of-00001.parquet")
    monkeypatch.setenv("TL_DATA", str(tmp_path))
    data = open_cifar("cifar10")
    assert (len(data.train), len(there(data.test))) == (5000, 10_000)
    real = Splits(data.classes, data.train, None, there(data.test), data.fingerprint)
    assert find_exact(real) == ()
    found = find_near(real)
    counts = [sum(leak.similarity > least for leak in found) for least in (0.97, 0.98, 0.99)]
    assert counts == [16, 5, 1]  # of all 50,000: 160, 90 and 22
    assert np.mean([leak.same_class for leak in found]) > 0.9


def test_nearly_the_same_picture_under_two_labels_is_doubtful():
    some = pictures([0, 1, 0, 1, 1], side=16)
    pixels = some.pixels.copy()
    pixels[3] = np.clip(pixels[0].astype(int) + 3, 0, 255)
    pixels[4] = pixels[1]
    found = find_doubtful(replace(some, pixels=pixels))
    assert [pair[:2] for pair in found] == [(0, 3)]
    assert found[0][2] > 0.97
