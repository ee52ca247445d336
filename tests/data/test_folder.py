import os
import socket
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from bench.support.hostile.pictures import bomb_header
from bench.support.makers import (
    everything_in,
    picture,
    saved,
    there,
    two_classes,
    write_files,
    write_zip,
)
from tests.data.test_archive import REFUSED
from tests.data.test_decode import UNREADABLE
from tlcore.data import folder as folder_module
from tlcore.data.load import load, open_dataset
from tlcore.errors import DataError, DataMissing
from tlcore.recipe import Data, Input

INPUT = Input(size=16)


def opened(path, input=INPUT, **choice):
    return open_dataset(Data(name="folder", path=str(path), **choice), input)


@pytest.fixture
def place(tmp_path):
    """The folder of somebody's pictures."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def test_a_folder_of_class_folders_is_a_data_set(place):
    data = opened(write_files(place, two_classes()))
    assert data.classes == ("cats", "dogs")
    assert data.train.pixels.shape == (12, 16, 16, 3)
    assert data.train.labels.tolist() == [0] * 6 + [1] * 6
    assert data.train.ids[0] == "cats/0.png"
    assert data.test is None
    assert data.notes == ()


def test_a_zip_of_a_folder_is_the_same_data_set(place, tmp_path):
    files = two_classes()
    shuffled = {name: files[name] for name in sorted(files, key=hash)}
    one = opened(write_files(place, files))
    other = opened(write_zip(tmp_path / "x.zip", shuffled, zipfile.ZIP_DEFLATED))
    assert one.fingerprint == other.fingerprint
    assert np.array_equal(one.train.pixels, other.train.pixels)
    assert one.train.ids.tolist() == other.train.ids.tolist()


def test_a_relative_path_is_looked_for_in_the_data_folders(place, monkeypatch):
    write_files(place, two_classes())
    monkeypatch.setenv("TL_DATA", str(place.parent))
    assert len(opened("photos").train) == 12


def test_pictures_are_decoded_once_for_each_size(place, monkeypatch):
    write_files(place, two_classes())
    first = opened(place)
    opened(place, Input(size=24))
    monkeypatch.setattr(folder_module, "_decode", None)
    assert np.array_equal(opened(place).train.pixels, first.train.pixels)
    assert opened(place, Input(size=24)).train.pixels.shape[1] == 24


def test_changed_content_is_noticed_though_name_and_size_stay(place):
    write_files(place, two_classes())
    before = opened(place)
    path = place / "cats" / "0.png"
    times = path.stat()
    path.write_bytes(saved(Image.new("RGB", (12, 10), "red")).ljust(times.st_size, b"\0"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = opened(place)
    assert after.fingerprint != before.fingerprint
    assert after.train.pixels[0, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(("fit", "interpolation"), [("squash", "nearest"), ("pad", "bicubic")])
def test_the_recipe_says_how_pictures_come_to_size(place, fit, interpolation):
    write_files(place, two_classes())
    other = opened(place, Input(size=16, fit=fit, interpolation=interpolation))
    assert not np.array_equal(opened(place).train.pixels, other.train.pixels)


def test_given_sides_are_kept(place):
    files = {f"train/{name}": content for name, content in two_classes().items()}
    files |= {f"test/{name}": picture(99 + i) for i, name in enumerate(two_classes(2))}
    write_files(place, files)
    parts = load(Data(name="folder", path=str(place)), INPUT)
    assert set(parts.test.ids) == {name for name in files if name.startswith("test/")}
    assert len(parts.train) + len(there(parts.validation)) == 12


def test_groups_stay_together(place):
    names = [f"{kind}/p{person}_{shot}.png" for kind in ("cats", "dogs") for person in range(6)
             for shot in range(3)]  # fmt: skip
    write_files(place, {name: picture(seed) for seed, name in enumerate(names)})
    parts = load(Data(name="folder", path=str(place), group_by="prefix"), INPUT)
    sides = (parts.train, there(parts.validation), parts.test)
    people = [{i.split("/")[1].split("_")[0] for i in side.ids.tolist()} for side in sides]
    assert len(set().union(*people)) == sum(map(len, people))


def test_links_inside_are_followed_and_links_out_are_not(place, tmp_path):
    secret = write_files(tmp_path / "secret", {"x.png": picture(77)})
    write_files(place, two_classes())
    (place / "cats" / "in.png").symlink_to(place / "dogs" / "0.png")
    (place / "cats" / "out.png").symlink_to(secret / "x.png")
    (place / "secret").symlink_to(secret)
    (place / "loop").symlink_to(place)
    data = opened(place)
    assert "cats/in.png" in data.train.ids
    assert len(data.train) == 13
    assert any("cats/out.png" in note and "3 files" in note for note in data.notes)


def with_files(**more):
    """A sound folder with more files in it."""
    return lambda place: write_files(place, two_classes() | {k.replace("__", "/"): v for k, v in
                                                           more.items()})  # fmt: skip


def only(files):
    return lambda place: write_files(place, files)


def among_good(content: bytes):
    return lambda place: write_files(place, two_classes() | {"cats/odd.png": content})


def all_broken(place):
    write_files(place, dict.fromkeys(two_classes(), b"broken"))


def nothing(place):
    """An empty folder."""


def empty_classes(place):
    for name in ("cats", "dogs"):
        (place / name).mkdir()


def pipe(place):
    write_files(place, two_classes())
    os.mkfifo(place / "cats" / "odd.png")


def dangling_link(place):
    write_files(place, two_classes())
    (place / "cats" / "odd.png").symlink_to(place / "nowhere.png")


def link_loop(place):
    write_files(place, two_classes())
    (place / "cats" / "odd.png").symlink_to(place / "cats" / "odd.png")


def folder_with_a_suffix(place):
    write_files(place, two_classes())
    (place / "cats" / "odd.png").mkdir()


def open_socket(place):
    write_files(place, two_classes())
    here = os.getcwd()
    os.chdir(place / "cats")  # a socket's path may not be long
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("odd.png")
    finally:
        os.chdir(here)


def undecodable_name(place):
    write_files(place, two_classes())
    (place / os.fsdecode(b"caf\xe9")).mkdir()
    (place / os.fsdecode(b"caf\xe9") / "1.png").write_bytes(picture(50))


def hostile_names(place):
    write_files(place, two_classes() | {"<script>alert(1)</script>.png": picture(50)})
    write_files(place, {"\u202egnp.exe/1.png": picture(51), "a\nb/1.png": picture(52)})


CLASS_ONLY_IN_TEST = {f"train/{name}": c for name, c in two_classes().items()} | {
    "test/cats/1.png": picture(80), "test/cows/1.png": picture(81)}  # fmt: skip

ERRORS = {
    "an empty folder": (nothing, "no class folder"),
    "empty class folders": (empty_classes, "no class folder"),
    "one class": (only({"cats/1.png": picture()}), "only one class folder, 'cats'"),
    "pictures without class folders": (only({"1.png": picture()}), "no class folder"),
    "no pictures": (only({"cats/1.txt": b"x", "dogs/1.doc": b"y"}), "no class folder"),
    "classes that differ in case": (
        only(two_classes() | {"Cats/1.png": picture()}), "same name: 'Cats' and 'cats'"),
    "all pictures broken": (all_broken, "None of the 12 pictures can be read"),
    "one class all broken": (
        only({"cats/1.png": picture(), "cats/2.png": picture(1), "dogs/1.png": b"x"}),
        "Only 1 of 2 class folders"),
    "nothing to train on": (
        only({f"{s}/{c}/1.png": picture() if s == "test" else b"x" for s in ("train", "test")
              for c in ("cats", "dogs")}), "Only 0 of 2 class folders"),
    "hidden pictures alone": (
        only({".cats/1.png": picture(), ".dogs/1.png": picture(1)}), "no class folder"),
    "Apple's clutter alone": (
        only({f"__MACOSX/{name}": content for name, content in two_classes().items()}),
        "no class folder"),
}  # fmt: skip

NOTES = {
    **{kind: (among_good(content), "odd.png") for kind, content in UNREADABLE.items()},
    "a picture of 400 million pixels": (among_good(bomb_header(20_000, 20_000)), "too large"),
    "a pipe": (pipe, "no ordinary file"),
    "a socket": (open_socket, "no ordinary file"),
    "a link to nowhere": (dangling_link, "odd.png"),
    "a link to itself": (link_loop, "odd.png"),
    "a folder called like a picture": (folder_with_a_suffix, None),
    "a name that is no text": (undecodable_name, None),
    "names made to do harm": (hostile_names, None),
    "a document": (with_files(notes__txt=b"hello"), None),
    "a picture beside the class folders": (only(two_classes() | {"x.png": picture()}), "x.png"),
    "an empty class": (only(two_classes() | {"cows/list.txt": b""}), "'cows' has no pictures"),
    "a class of broken pictures": (
        only(two_classes() | {"cows/1.png": b"x"}),
        "'cows' was left out",
    ),
    "a class that is only tested": (only(CLASS_ONLY_IN_TEST), "none to learn from"),
    "a zip inside": (with_files(cats__inner_zip=b"PK\x03\x04"), None),
}


@pytest.mark.parametrize(("write", "reason"), ERRORS.values(), ids=ERRORS)
def test_an_unusable_folder_is_one_clear_error_and_is_left_as_it_is(write, reason, place):
    write(place)
    before = everything_in(place)
    with pytest.raises(DataError, match=reason) as caught:
        opened(place)
    assert caught.value.remedy
    assert everything_in(place) == before


@pytest.mark.parametrize(("write", "reason"), NOTES.values(), ids=NOTES)
def test_what_is_partly_unusable_is_used_in_part_and_told(write, reason, place):
    write(place)
    before = everything_in(place)
    data = opened(place)
    assert {"cats", "dogs"} <= set(data.classes)
    assert len(data.train) >= 12
    assert reason is None or any(reason in note for note in data.notes), data.notes
    assert everything_in(place) == before


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_refused_archive_is_one_clear_error_here_too(make, reason, tmp_path, place):
    (place / "upload.zip").write_bytes(make(tmp_path))
    before = everything_in(place)
    with pytest.raises(DataError, match=reason):
        opened(place / "upload.zip")
    assert everything_in(place) == before


def test_a_damaged_file_in_a_sound_zip_is_left_out_and_told(place):
    path = write_zip(place / "x.zip", two_classes())
    content = path.read_bytes()
    path.write_bytes(
        content.replace(b"IHDR" + struct.pack(">I", 12), b"IHDR" + struct.pack(">I", 13), 1)
    )
    data = opened(path)
    assert len(data.train) == 11
    assert any("damaged in the archive" in note for note in data.notes)


def test_a_path_that_leads_nowhere_says_where_it_was_looked_for(place, monkeypatch):
    monkeypatch.setenv("TL_DATA", str(place))
    with pytest.raises(DataMissing, match="no such folder or zip") as caught:
        opened("holiday")
    assert str(place) in caught.value.remedy


@pytest.mark.parametrize("path", ["x" * 900, "~nobody-at-all/photos", "%00", "con:"])
def test_a_path_that_can_be_none_is_one_clear_error(path):
    with pytest.raises(DataError):
        opened(path)


def test_a_folder_of_far_too_many_files_is_refused_before_they_are_read(place, monkeypatch):
    monkeypatch.setattr("tlcore.data.sources.files.MOST_FILES", 10)
    with pytest.raises(DataError, match="more than 10 files"):
        opened(write_files(place, two_classes()))


def test_a_single_picture_is_no_data_set(place):
    (place / "1.png").write_bytes(picture())
    with pytest.raises(DataError, match="can't be opened"):
        opened(place / "1.png")


def test_real_photographs_in_a_zip_open_with_their_sides(shared):
    data = opened(shared / "data" / "hymenoptera_ants_bees.zip", Input(size=32))
    assert data.classes == ("ants", "bees")
    assert (len(data.train), len(there(data.test))) == (244, 153)
