import time
from itertools import combinations

import numpy as np
import pytest

from bench.support.makers import there
from tlcore.data.checks import find_exact, find_near
from tlcore.data.drawn.silhouettes import SOURCE, TARGET, field
from tlcore.data.drawn.world import DRAWING, class_names, class_sizes, draw, open_shapes
from tlcore.data.load import load
from tlcore.errors import DataError
from tlcore.recipe import Data, Input, Shapes

SMALL = Shapes(per_class=12, test_per_class=8)


def test_there_are_enough_silhouettes_and_no_target_is_a_source():
    assert len(SOURCE) >= 12
    assert len(TARGET) >= 8
    assert not set(SOURCE) & set(TARGET)


@pytest.mark.parametrize("name", [*SOURCE, *TARGET])
def test_a_silhouette_fills_a_fair_part_of_its_square_and_none_beyond(name):
    inside = field(name) < 0
    assert 0.06 < inside.mean() < 0.45
    rim = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
    assert not rim.any()


def test_no_two_silhouettes_look_alike():
    inside = {name: field(name) < 0 for name in SOURCE | TARGET}
    for first, second in combinations(inside, 2):
        shared = (inside[first] & inside[second]).sum()
        assert shared / (inside[first] | inside[second]).sum() < 0.86, (first, second)


def test_the_same_dials_draw_the_same_bytes():
    first, again = open_shapes(SMALL), open_shapes(SMALL)
    assert first.fingerprint == again.fingerprint
    assert np.array_equal(first.train.pixels, again.train.pixels)
    assert np.array_equal(there(first.test).pixels, there(again.test).pixels)


def test_a_picture_does_not_depend_on_how_many_are_drawn():
    few, many = draw(SMALL, "train"), draw(SMALL.model_copy(update={"per_class": 70}), "train")
    assert np.array_equal(many.pixels[: len(few)], few.pixels)
    assert np.array_equal(many.ids[: len(few)], few.ids)


def test_noise_does_not_depend_on_how_many_are_drawn():
    noisy = Shapes(per_class=5, noise=0.5, size=48)
    few, many = draw(noisy, "train"), draw(noisy.model_copy(update={"per_class": 60}), "train")
    assert np.array_equal(many.pixels[: len(few)], few.pixels)


def test_a_silhouette_is_drawn_the_same_whichever_classes_are_asked_for():
    one = draw(SMALL, "train")
    every = draw(SMALL.model_copy(update={"classes": "all"}), "train")
    row = every.ids.tolist().index("train/key/00003")
    assert np.array_equal(every.pixels[row], one.pixels[one.ids.tolist().index("train/key/00003")])


def test_no_training_picture_is_a_test_picture():
    data = open_shapes(Shapes(per_class=40, test_per_class=40))
    seen = {picture.tobytes() for picture in data.train.pixels}
    assert len(seen) == 400
    assert not seen & {picture.tobytes() for picture in there(data.test).pixels}


@pytest.mark.parametrize(
    "dial",
    [{"colour_shift": 0.5}, {"outline": True}, {"noise": 0.3}, {"blur": 0.5}, {"world": 1},
     {"cue": "colour"}, {"cue": "background"}],
)  # fmt: skip
def test_each_dial_changes_the_pictures_and_neither_labels_nor_ids(dial):
    plain, changed = draw(SMALL, "train"), draw(SMALL.model_copy(update=dial), "train")
    assert (plain.pixels != changed.pixels).mean() > 0.05
    assert np.array_equal(plain.labels, changed.labels)
    assert np.array_equal(plain.ids, changed.ids)


@pytest.mark.parametrize("size", [16, 33, 96])
def test_a_larger_picture_shows_the_same_scene(size):
    sized = draw(SMALL.model_copy(update={"size": size}), "train")
    assert sized.pixels.shape == (120, size, size, 3)
    means = sized.pixels.mean(axis=(1, 2)), draw(SMALL, "train").pixels.mean(axis=(1, 2))
    assert np.abs(means[0] - means[1]).mean() < 3


def test_a_further_colour_shift_moves_colours_further():
    plain = draw(SMALL, "train").pixels.astype(float)
    moved = [
        np.abs(draw(SMALL.model_copy(update={"colour_shift": s}), "train").pixels - plain).mean()
        for s in (0.25, 0.5, 1.0)
    ]
    assert 5 < moved[0] < moved[1] < moved[2]


def test_a_cue_goes_with_the_class_in_the_share_that_was_asked_for():
    cued = Shapes(per_class=300, test_per_class=300, cue="background", cue_share=0.9)
    train, test = draw(cued, "train"), draw(cued, "test")
    names = np.array(class_names(cued))
    aligned = train.groups["cue"] == "aligned"
    assert aligned.mean() == pytest.approx(0.9, abs=0.02)
    assert np.array_equal(aligned, train.groups["cue_value"] == names[train.labels])
    assert (test.groups["cue"] == "aligned").mean() == pytest.approx(0.1, abs=0.02)
    asked = cued.model_copy(update={"test_cue_share": 0.0})
    assert not (draw(asked, "test").groups["cue"] == "aligned").any()


@pytest.mark.parametrize("cue", ["colour", "background"])
def test_a_cue_can_be_swapped_with_all_else_unchanged(cue):
    cued = SMALL.model_copy(update={"cue": cue, "size": 24})
    drawn, swapped = draw(cued, "test"), draw(cued, "test", cue="key")
    same = drawn.groups["cue_value"] == "key"
    differs = (drawn.pixels != swapped.pixels).any(axis=(1, 2, 3))
    assert same.any()
    assert not differs[same].any()
    assert differs[~same].all()
    assert set(swapped.groups["cue_value"]) == {"key"}


def test_a_background_cue_can_be_seen_at_the_edge_of_the_picture():
    cued = draw(Shapes(per_class=60, cue="background", cue_share=0.5), "train")
    chroma = cued.pixels[:, :3, :].reshape(len(cued), -1, 3).mean(axis=1)
    chroma -= chroma.mean(axis=1, keepdims=True)
    values = cued.groups["cue_value"]
    centres = {value: chroma[values == value].mean(axis=0) for value in sorted(set(values))}
    apart = np.stack([np.linalg.norm(chroma - centre, axis=1) for centre in centres.values()])
    guessed = np.array(list(centres))[apart.argmin(axis=0)]
    assert (guessed == values).mean() > 0.5  # chance is 0.1


def test_lopsided_classes_shrink_evenly_in_training_alone():
    lopsided = Shapes(per_class=100, test_per_class=20, imbalance=50)
    sizes = class_sizes(lopsided, "train")
    assert sizes[0] == 100
    assert sizes[-1] == 2
    assert list(sizes) == sorted(sizes, reverse=True)
    data = open_shapes(lopsided)
    assert np.array_equal(np.bincount(data.train.labels), sizes)
    assert set(np.bincount(there(data.test).labels)) == {20}


def test_wrong_labels_are_in_training_alone_and_the_true_one_is_recorded():
    noisy = Shapes(per_class=200, test_per_class=20, label_noise=0.3)
    data, names = open_shapes(noisy), np.array(class_names(noisy))
    wrong = names[data.train.labels] != data.train.groups["true_label"]
    assert wrong.mean() == pytest.approx(0.3, abs=0.03)
    assert np.array_equal(names[there(data.test).labels], there(data.test).groups["true_label"])
    true = [identity.split("/")[1] for identity in data.train.ids]
    assert np.array_equal(true, data.train.groups["true_label"])


def test_near_duplicates_are_nearly_a_training_picture_and_are_found_again():
    copied = Shapes(per_class=30, test_per_class=20, near_duplicates=0.25)
    splits = load(Data(shapes=copied, validation=0), Input())
    known = {
        (identity, original)
        for identity, original in zip(splits.test.ids, splits.test.groups["copy_of"], strict=True)
        if original
    }
    assert len(known) == pytest.approx(50, abs=15)
    assert find_exact(splits) == ()
    found = {(leak.id, leak.other_id) for leak in find_near(splits)}
    assert len(found & known) > 0.9 * len(known)


def test_ten_thousand_pictures_take_less_than_three_seconds_of_two_cores():
    draw(SMALL, "train")
    start = time.process_time()
    draw(Shapes(per_class=1000), "train")
    assert time.process_time() - start < 6


def test_more_pictures_than_memory_holds_are_refused_with_numbers():
    with pytest.raises(DataError, match=r"200,000 pictures of 256 px .* 37 GB"):
        draw(Shapes(per_class=20_000, size=256), "train")


PINNED = np.array(
    [[[134.6, 140.4, 143.3], [136.4, 136.8, 137.5]], [[123.6, 129.2, 134.1], [122.2, 124.6, 128.2]]]
)
"""Mean colours of the four quarters of some pictures."""


def test_the_drawing_is_the_one_that_its_number_stands_for():
    """Other pictures for the same dials need another `DRAWING`, or caches and runs would lie."""
    pictures = draw(Shapes(per_class=2, classes="all"), "train").pixels.astype(float)
    quarters = pictures.reshape(48, 2, 16, 2, 16, 3).mean(axis=(0, 2, 4)).round(1)
    assert DRAWING == 1
    assert np.abs(quarters - PINNED).max() < 0.2
