"""Files that appear together or not at all."""

import zipfile

import pytest

from tlcore.errors import ThawError
from tlcore.export.script import written_bundle


def filled(place):
    with written_bundle(place) as folder:
        (folder / "model.onnx").write_bytes(b"network")
        (folder / "labels.json").write_text("[]")


def spoiled(place):
    with written_bundle(place) as folder:
        (folder / "model.onnx").write_bytes(b"half")
        raise RuntimeError


def test_a_folder_is_there_once_it_is_whole(tmp_path):
    filled(tmp_path / "deep" / "mine")
    names = sorted(path.name for path in (tmp_path / "deep" / "mine").iterdir())
    assert names == ["labels.json", "model.onnx"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["mine"]


def test_a_zip_holds_one_folder(tmp_path):
    filled(tmp_path / "mine.zip")
    assert sorted(zipfile.ZipFile(tmp_path / "mine.zip").namelist()) == [
        "mine/labels.json",
        "mine/model.onnx",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]


@pytest.mark.parametrize("name", ["mine", "mine.zip"])
def test_whatever_goes_wrong_leaves_nothing_behind(tmp_path, name):
    with pytest.raises(RuntimeError):
        spoiled(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_older_zip_stands_until_the_new_one_is_whole(tmp_path):
    filled(tmp_path / "mine.zip")
    before = (tmp_path / "mine.zip").read_bytes()
    with pytest.raises(RuntimeError):
        spoiled(tmp_path / "mine.zip")
    assert (tmp_path / "mine.zip").read_bytes() == before


def test_nothing_is_written_into_a_folder_that_has_something_in_it(tmp_path):
    (tmp_path / "mine").mkdir()
    filled(tmp_path / "mine")
    with pytest.raises(ThawError, match="something at this place already"):
        filled(tmp_path / "mine")
