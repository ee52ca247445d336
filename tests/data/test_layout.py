import pytest

from tlcore.data.layout import arrange, as_text
from tlcore.errors import DataError

PLAIN = ["cat/1.jpg", "cat/2.jpg", "dog/1.jpg"]


def found(names, group_by=""):
    return [(e.class_name, e.side, e.name) for e in arrange(names, group_by).entries]


def test_a_class_is_the_folder_that_a_picture_lies_in():
    assert found(PLAIN) == [("cat", "train", n) for n in PLAIN[:2]] + [("dog", "train", PLAIN[2])]


@pytest.mark.parametrize("wrapping", ["pets/", "a/b/c/", "train/"])
def test_folders_around_the_class_folders_do_not_matter(wrapping):
    assert [entry[:2] for entry in found([wrapping + name for name in PLAIN])] == [
        entry[:2] for entry in found(PLAIN)
    ]


def test_the_order_of_the_files_does_not_matter():
    assert arrange(PLAIN) == arrange(PLAIN[::-1])


@pytest.mark.parametrize("test", ["test", "val", "Valid", "testing", "validation"])
def test_train_and_test_folders_are_the_two_sides(test):
    names = [f"Train/{name}" for name in PLAIN] + [f"{test}/{name}" for name in PLAIN]
    assert sorted(side for _, side, _ in found(names)) == ["test"] * 3 + ["train"] * 3


def test_beside_a_test_folder_validation_pictures_join_the_training_ones_and_it_is_said():
    layout = arrange([f"{side}/{name}" for side in ("train", "val", "test") for name in PLAIN])
    assert [entry.side for entry in layout.entries].count("train") == 6
    assert any("val joined the training pictures" in note for note in layout.notes)


def test_classes_called_train_and_test_are_classes_where_pictures_lie_in_them():
    assert {name for name, _, _ in found(["train/1.jpg", "test/1.jpg"])} == {"train", "test"}


def test_unlabelled_test_pictures_are_left_out_and_told():
    layout = arrange([f"train/{name}" for name in PLAIN] + ["test/1.jpg", "test/2.jpg"])
    assert len(layout.entries) == 3
    assert any("2 files lie outside any class folder" in note for note in layout.notes)


def test_what_systems_leave_behind_is_no_news_and_other_files_are():
    clutter = ["__MACOSX/cat/._1.jpg", "cat/.DS_Store", ".git/x.png", "dog/Thumbs.db"]
    assert arrange(PLAIN + clutter).notes == ()
    assert "README.txt" in arrange([*PLAIN, "README.txt"]).notes[0]


def test_class_folders_without_pictures_are_told():
    notes = arrange([*PLAIN, "cow/", "hen/notes.txt"]).notes
    assert sum("has no pictures" in note for note in notes) == 2


def test_groups_are_named_by_the_file_or_the_folder():
    names = ["cat/ann_1.jpg", "cat/ann_22.jpg", "dog/bob-3b.jpg", "dog/sea.jpg"]
    assert [e.group for e in arrange(names, "prefix").entries] == ["ann_", "ann_", "bob-", "sea"]
    nested = ["cat/ann/1.jpg", "dog/ann/1.jpg", "dog/7.jpg"]
    groups = {e.name: e.group for e in arrange(nested, "subfolder").entries}
    assert groups["cat/ann/1.jpg"] == groups["dog/ann/1.jpg"] == "ann"
    assert groups["dog/7.jpg"] != "ann"


def test_names_are_composed_trimmed_and_never_empty():
    assert as_text("Cafe\u0301 ") == "Caf\u00e9"
    assert as_text("x" * 400) == "x" * 300
    assert as_text("  ") == "(no name)"
    assert as_text("caf\udce9") == "caf\\xe9"


@pytest.mark.parametrize(
    "twins",
    [("Cat", "cat"), ("caf\u00e9", "cafe\u0301"), ("cat", "cat "), ("x" * 300, "x" * 301)],
)
def test_classes_that_read_alike_are_one_error_that_names_both(twins):
    with pytest.raises(DataError, match="have the same name") as caught:
        arrange([f"{twin}/1.jpg" for twin in twins] + ["dog/1.jpg"])
    assert caught.value.remedy


@pytest.mark.parametrize("names", [[], ["1.jpg"], ["cat/1.jpg", "cat/2.jpg"], ["cat/", "dog/"]])
def test_fewer_than_two_classes_is_an_error(names):
    with pytest.raises(DataError, match=r"There is (no|only one) class folder"):
        arrange(names)
