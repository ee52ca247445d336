"""What is counted without a picture is what a run would have."""

import shutil

import pytest

from bench.support.makers import picture, two_classes, write_files, write_zip
from tlcore.data import load
from tlcore.data.counts import Counts, count_pictures, look_through, typical_side
from tlcore.data.layout import arrange
from tlcore.errors import DataMissing
from tlcore.recipe import Data, Input, Shapes

SMALL = Shapes(per_class=9, test_per_class=3, size=16)


@pytest.mark.parametrize(
    "data",
    [
        Data(shapes=SMALL),
        Data(shapes=SMALL, validation=0),
        Data(shapes=SMALL, labels_per_class=2, validation=0.3),
        Data(shapes=SMALL, limit_train=37, limit_test=7),
        Data(shapes=Shapes(per_class=9, test_per_class=3, size=16, imbalance=9)),
        Data(shapes=Shapes(per_class=4, test_per_class=3, size=16, classes="all")),
        Data(name="digits"),
        Data(name="digits", test=0.5, labels_per_class=3),
    ],
)
def test_counts_are_those_of_the_loaded_data(data):
    splits = load(data, Input())
    assert count_pictures(data) == Counts(
        len(splits.classes), len(splits.train), len(splits.validation or ()), len(splits.test)
    )


def test_a_folder_and_a_zip_are_counted_by_their_names(tmp_path):
    folder = write_files(tmp_path / "pets", two_classes(10))
    zipped = write_zip(tmp_path / "pets.zip", two_classes(10))
    for path in (folder, zipped):
        data = Data(name="folder", path=str(path))
        splits = load(data, Input(size=16))
        assert count_pictures(data) == Counts(
            2, len(splits.train), len(splits.validation or ()), len(splits.test)
        )


def test_folders_for_training_and_testing_are_counted_apart(tmp_path):
    files = {f"train/{name}": content for name, content in two_classes(5).items()}
    files |= {f"test/{name}": content for name, content in two_classes(2).items()}
    path = write_files(tmp_path / "pets", files)
    assert count_pictures(Data(name="folder", path=str(path))) == Counts(2, 8, 2, 4)


def test_cifar_is_counted_without_being_there():
    assert count_pictures(Data(name="cifar10")) == Counts(10, 40_000, 10_000, 10_000)
    assert count_pictures(Data(name="cifar100", validation=0.1)) == Counts(100, 45000, 5000, 10000)
    assert count_pictures(Data(name="cifar100", labels="coarse")).classes == 20


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(DataMissing):
        count_pictures(Data(name="folder", path=str(tmp_path / "nowhere")))


def test_a_folder_is_read_once_however_often_it_is_asked_about(tmp_path, monkeypatch):
    path = write_files(tmp_path / "pets", two_classes(5))
    data = Data(name="folder", path=str(path))
    read: list[int] = []

    def noted(names, group_by):
        read.append(len(names))
        return arrange(names, group_by)

    monkeypatch.setattr("tlcore.data.counts.arrange", noted)
    assert {count_pictures(data).train for _ in range(3)} == {6}
    assert {typical_side(data) for _ in range(3)} == {10}
    assert len(read) == 1
    write_files(path, {"cats/another.png": picture()})
    assert count_pictures(data).train == 7
    assert len(read) == 2
    shutil.rmtree(path)
    with pytest.raises(DataMissing):
        count_pictures(data)


def test_pictures_are_looked_through_again_only_when_some_came_or_went(tmp_path):
    for name in ("cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png"):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    looked = look_through(Data(name="folder", path=str(tmp_path / "pets")))
    assert looked.counts.classes == 2
    assert looked.holds()
    (tmp_path / "pets" / "dogs" / "3.png").touch()
    assert not looked.holds()
    assert look_through(Data(name="folder", path=str(tmp_path / "pets"))).holds()
