import errno
import io
import json
import os
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from bench.support.hostile.footprint import swallowed
from bench.support.hostile.pictures import many_scans
from bench.support.hostile.zips import TRICKS, zips
from bench.support.makers import everything_in, picture, saved, two_classes, write_files, write_zip
from tests.data.test_decode import UNREADABLE, grey
from tlcore import paths
from tlcore.access import LOCAL, known_by
from tlcore.data.load import open_dataset
from tlcore.data.uploads import folder as folder_module
from tlcore.data.uploads.files import Handed, disk_use, find_upload, keep_upload, list_uploads
from tlcore.data.uploads.limits import GENEROUS, PUBLIC, Limits
from tlcore.errors import DataError, DataMissing
from tlcore.recipe import Data, Input

ADA, BOB = known_by("ada", name="Ada"), known_by("bob", name="Bob")
SMALL = Limits(bytes=5_000, pictures=12, classes=3, pixels=10**6, owner_bytes=9_000,
               total_bytes=12_000)  # fmt: skip


def handed(files) -> list[Handed]:
    return [Handed(name, content) for name, content in files.items()]


def opened(upload):
    return open_dataset(Data(name="folder", path=upload.path), Input(size=16))


def kept_files() -> dict[str, bytes]:
    """Everything under uploads but the lock that they are changed under."""
    folder = paths.home() / "uploads"
    return {name: content for name, content in everything_in(folder).items() if name != "lock"}


def nothing_was_kept() -> bool:
    return kept_files() == {} and list_uploads(by=LOCAL) == ()


def test_what_is_handed_in_is_a_data_set_that_a_recipe_can_name():
    files = two_classes()
    upload = keep_upload(handed(files), by=ADA, name="Pets")
    data = opened(upload)
    assert (upload.name, upload.classes, upload.pictures) == ("Pets", {"cats": 6, "dogs": 6}, 12)
    assert (data.classes, data.train.ids.tolist()) == (("cats", "dogs"), sorted(files))
    assert upload.bytes == sum(map(len, files.values()))
    assert upload.notes == ()


def test_a_folder_a_zip_of_it_and_its_upload_are_the_same_data_set(tmp_path):
    files = two_classes()
    folder = write_files(tmp_path / "pets", files)
    zipped = write_zip(tmp_path / "pets.zip", files, zipfile.ZIP_DEFLATED)
    plain = open_dataset(Data(name="folder", path=str(folder)), Input(size=16))
    for upload in (
        keep_upload(handed(files), by=ADA),
        keep_upload(zipped, by=ADA),
        keep_upload([Handed("pets.zip", zipped.read_bytes())], by=ADA),
        keep_upload([Handed("pets.ZIP", io.BytesIO(zipped.read_bytes()))], by=ADA),
    ):
        data = opened(upload)
        assert data.fingerprint == plain.fingerprint
        assert np.array_equal(data.train.pixels, plain.train.pixels)


def test_files_on_disk_are_called_by_us_and_never_by_whoever_hands_them_in():
    names = {"cats/\u202ereversed.png": 1, "cats/<b>.png": 2, "dogs/a b;rm -rf.PNG": 3}
    upload = keep_upload([Handed(name, picture(seed)) for name, seed in names.items()], by=ADA)
    found = sorted(path.name for path in folder_module.folder_of(upload.id).rglob("*.png"))
    assert found == ["00000.png", "00001.png", "00002.png"]
    assert "cats/<b>.png" in opened(upload).train.ids


def test_a_class_can_be_said_instead_of_told_by_a_folder():
    snaps = [Handed("camera.png", picture(n), label=("Cats", "Dogs")[n % 2]) for n in range(6)]
    upload = keep_upload(snaps, by=ADA)
    assert upload.classes == {"Cats": 3, "Dogs": 3}
    assert opened(upload).train.ids.tolist() == [
        f"{name}/camera{number}.png" for name in ("Cats", "Dogs") for number in (" (2)", " (3)", "")
    ]


def test_given_sides_and_subfolders_stay():
    files = {
        f"pets/{side}/{kind}/roll{n}/1.png": picture(n)
        for side in ("train", "test")
        for kind in ("cats", "dogs")
        for n in range(3)
    }
    upload = keep_upload(handed(files), by=ADA)
    data = open_dataset(Data(name="folder", path=upload.path, group_by="subfolder"), Input(size=16))
    assert data.test is not None
    assert (len(data.train), len(data.test)) == (6, 6)
    assert set(data.train.groups["group"]) == {"roll0", "roll1", "roll2"}


def test_leaving_out_a_broken_picture_makes_no_other_folders_the_classes():
    files = {"a/x/1.png": picture(), "a/y/1.png": picture(1), "b/1.png": picture(2)}
    upload = keep_upload(handed({**files, "b/2.png": b"broken"}), by=ADA)
    assert opened(upload).classes == tuple(upload.classes) == ("a", "b")
    with pytest.raises(DataError, match="fewer than two have pictures"):
        keep_upload(handed({**files, "b/1.png": b"broken"}), by=ADA)


def test_the_same_pictures_twice_are_one_upload_on_disk_and_one_for_each_who_has_it():
    first = keep_upload(handed(two_classes()), by=ADA, name="Pets")
    again = keep_upload(handed(dict(reversed(two_classes().items()))), by=BOB, name="Animals")
    assert first.id == again.id
    assert len(folder_module.all_ids()) == 1
    assert [upload.name for upload in list_uploads(by=ADA)] == ["Pets"]
    assert [upload.name for upload in list_uploads(by=BOB)] == ["Animals"]
    assert len(list_uploads(by=LOCAL)) == 2
    assert disk_use(by=LOCAL) == disk_use(by=ADA) == first.bytes


def test_other_pictures_other_classes_or_other_names_are_another_upload():
    files = two_classes()
    ids = {
        keep_upload(handed(each), by=ADA).id
        for each in (
            files,
            {**files, "cats/0.png": picture(99)},
            {**files, "birds/0.png": picture(99)},
            {name.replace("cats", "lions"): content for name, content in files.items()},
        )
    }
    assert len(ids) == 4


def test_what_somebody_else_has_looks_as_if_it_were_not_there():
    upload = keep_upload(handed(two_classes()), by=ADA)
    assert list_uploads(by=BOB) == ()
    with pytest.raises(DataMissing, match="not on this machine"):
        find_upload(upload.id, by=BOB)


@pytest.mark.parametrize("name", ["../../etc", "", "x" * 32, "A" * 32, "0" * 31, "0" * 32])
def test_what_is_no_upload_is_one_clear_error_and_never_a_path(name):
    for ask in (
        lambda: find_upload(name, by=LOCAL),
        lambda: open_dataset(Data(name="folder", path=f"upload:{name}"), Input(size=16)),
    ):
        with pytest.raises(DataMissing, match="not on this machine") as caught:
            ask()
        assert "known by their content" in caught.value.remedy


REFUSED = {
    "nothing": ({}, "no class folder"),
    "one class": ({"cats/1.png": picture()}, "only one class folder, 'cats'"),
    "no class folder": ({"1.png": picture(), "2.png": picture(1)}, "no class folder"),
    "no pictures": ({"cats/1.txt": b"x", "dogs/1.zip": b"PK"}, "no class folder"),
    "one class broken": ({"cats/1.png": picture(), "dogs/1.png": b"x"}, "fewer than two"),
    "a path above": ({**two_classes(), "../evil.png": picture()}, "outside its folder"),
    "a path above, deep": ({**two_classes(), "cats/../../evil.png": picture()}, "outside"),
    "an absolute path": ({**two_classes(), "/etc/evil.png": picture()}, "outside"),
    "classes of one name but for case": (
        {**two_classes(), "Cats/1.png": picture(99)}, "same name: 'Cats' and 'cats'"),
    "classes of one name but for composition": (
        {"cafe\u0301/1.png": picture(), "caf\u00e9/1.png": picture(1)}, "same name"),
    "classes of one name but for what can't be seen": (
        {"cats/1.png": picture(), "cats\u200b/1.png": picture(1)}, "same name"),
    "classes of one name once they are cut": (
        {f"{'x' * 101}/1.png": picture(), f"{'x' * 102}/1.png": picture(1)}, "same name"),
    "an archive that is none": ({"pets.zip": b"PK\x03\x04 or something"}, "can't be opened"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_refused_in_one_sentence_and_leaves_nothing(files, reason):
    with pytest.raises(DataError, match=reason) as caught:
        keep_upload(handed(files), by=ADA)
    assert caught.value.remedy
    assert "\n" not in caught.value.what
    assert nothing_was_kept()


@pytest.mark.parametrize(
    "label", ["", "   ", "..", ".hidden", "__MACOSX", "\u202e\u200b", "/", "\n"]
)
def test_a_class_without_a_usable_name_is_refused(label):
    with pytest.raises(DataError):
        keep_upload(
            [*handed(two_classes()), Handed("1.png", picture(), label=label or " ")], by=ADA
        )
    assert nothing_was_kept()


LABELS = {
    "HTML": ("<script>alert(1)</script>", "<script>alert(1)<-script>"),
    "a Markdown picture": ("![x](http://127.0.0.1/beacon)", "![x](http:-127.0.0.1-beacon)"),
    "turned around": ("\u202egnp.exe", "gnp.exe"),
    "emoji": ("👩‍🔬 cats 🇪🇺", "👩‍🔬 cats 🇪🇺"),
    "300 characters": ("x" * 300, "x" * 100),
    "separators": ("cats/../dogs\\birds", "cats-..-dogs-birds"),
    "several lines": (" a\nb\tc\r\n", "a b c"),
    "a formula": ("=1+1", "=1+1"),
    "another script": ("кошки 猫", "кошки 猫"),
    "half a letter": ("a\ud800b", "a b"),
}


@pytest.mark.parametrize(("label", "kept"), LABELS.values(), ids=LABELS)
def test_a_strange_class_name_is_kept_as_one_line_and_a_change_is_told(label, kept):
    snaps = [Handed("1.png", picture(), label=label), Handed("1.png", picture(1), label="plain")]
    upload = keep_upload(snaps, by=ADA)
    assert set(upload.classes) == {kept, "plain"} == set(opened(upload).classes)
    assert [note for note in upload.notes if "is now" in note] == (
        [f"Names were made readable: {label[:100]!r} is now {kept!r}."] if label != kept else []
    )
    json.dumps(upload.notes, ensure_ascii=False).encode()


def colour() -> Image.Image:
    return Image.new("RGB", (12, 10), "red")


def quarter_turn() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


ODD = {
    "CMYK": saved(colour().convert("CMYK"), "JPEG"),
    "16 bits": saved(grey([[0, 32768, 65535]] * 3, "I;16")),
    "alpha": saved(colour().convert("RGBA")),
    "animated": saved(colour(), "GIF", save_all=True, append_images=[colour().rotate(90)]),
    "turned": saved(colour(), "JPEG", exif=quarter_turn()),
    "a wrong ending": saved(colour(), "WEBP"),
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_odd_pictures_are_kept_as_they_are_and_open_as_defined(content):
    upload = keep_upload(handed({**two_classes(), "cats/odd.jpg": content}), by=ADA)
    data = opened(upload)
    assert (upload.notes, data.notes) == ((), ())
    assert "cats/odd.jpg" in data.train.ids
    assert content in kept_files().values()


BROKEN = {**UNREADABLE, "a JPEG that takes long": many_scans(200)}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_picture_is_left_out_and_told(content):
    upload = keep_upload(handed({**two_classes(), "cats/odd.png": content}), by=ADA)
    assert upload.pictures == 12
    assert [note for note in upload.notes if "1 picture was left out" in note]
    assert content not in kept_files().values()


def test_everything_left_out_is_told():
    files = {**two_classes(), "cows/1.png": b"x", "notes.txt": b"x", "9.png": picture(9)}
    upload = keep_upload(handed(files), by=ADA)
    told = " ".join(upload.notes)
    for part in ("notes.txt", "9.png", "cows/1.png", "Class 'cows' was left out"):
        assert part in told
    assert find_upload(upload.id, by=ADA).notes == upload.notes


def test_an_empty_class_and_links_in_a_zip_are_told(tmp_path):
    path = write_zip(tmp_path / "x.zip", two_classes() | {"cows/": b""})
    link = zipfile.ZipInfo("cats/link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    upload = keep_upload(path, by=ADA)
    told = " ".join(upload.notes)
    assert "'cows' has no pictures" in told
    assert "link and was left out: cats/link.png" in told


TOO_MUCH = {
    "pictures": (two_classes(7), "14 pictures, and at most 12"),
    "classes": ({f"c{n}/1.png": picture(n) for n in range(4)}, "4 classes, and at most 3"),
    "bytes": ({**two_classes(1), "cats/b.bmp": picture(size=(50, 40), form="BMP")}, "bytes of"),
    "pixels": (
        {f"c{n}/1.png": saved(Image.new("L", (800, 800))) for n in range(2)}, "1 million pixels"),
    "a zip": ({"x.zip": b"x" * 5_001}, "at most 0 MB"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "reason"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_more_than_the_limits_is_refused_and_leaves_nothing(files, reason):
    with pytest.raises(DataError, match=reason):
        keep_upload(handed(files), by=ADA, limits=SMALL)
    assert nothing_was_kept()


def test_one_person_may_have_so_much_and_all_together_so_much():
    def hand_in(seed, by):
        files = {f"{kind}/1.png": picture(seed + n, (30, 30)) for n, kind in enumerate("ab")}
        return keep_upload(handed(files), by=by, limits=limits)

    size = 2 * len(picture(0, (30, 30)))
    limits = Limits(10**6, 99, 9, 10**6, owner_bytes=size + 99, total_bytes=2 * size + 99)
    hand_in(0, ADA)
    with pytest.raises(DataError, match="Your uploads would take"):
        hand_in(2, ADA)
    hand_in(4, BOB)
    with pytest.raises(DataError, match="no room for more"):
        hand_in(6, LOCAL)
    hand_in(0, ADA)


def test_of_eight_at_once_only_those_are_kept_that_fit():
    limits = Limits(10**6, 99, 9, 10**6, owner_bytes=10**7, total_bytes=10**8, owner_uploads=3)

    def hand_in(seed):
        files = {f"{kind}/1.png": picture(seed + n, (9, 9)) for n, kind in enumerate("ab")}
        try:
            return keep_upload(handed(files), by=ADA, limits=limits)
        except DataError:
            return None

    with ThreadPoolExecutor(8) as tabs:
        kept = [each for each in tabs.map(hand_in, range(0, 16, 2)) if each]
    assert len(kept) == len(list_uploads(by=ADA)) == 3


def test_one_person_has_so_many_pictures_and_a_smaller_share_where_room_is_scarce():
    def hand_in(seed, by, **more):
        files = {f"{kind}/1.png": picture(seed + n, (30, 30)) for n, kind in enumerate("ab")}
        rules = {"owner_bytes": 10**6, "total_bytes": 10**7, **more}
        return keep_upload(handed(files), by=by, limits=Limits(6 * 10**3, 99, 9, 10**6, **rules))

    size = hand_in(0, ADA).bytes
    with pytest.raises(DataError, match="You would have 4 pictures"):
        hand_in(2, ADA, owner_pictures=3)
    scarce = {"total_bytes": 20 * size}
    for seed in (2, 4):
        hand_in(seed, ADA, **scarce)
    with pytest.raises(DataError, match="are yours"):
        [hand_in(seed, ADA, **scarce) for seed in range(6, 40, 2)]
    hand_in(60, BOB, **scarce)


def test_uploads_leave_some_of_the_disk_free(monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
    limits = Limits(10**6, 99, 9, 10**6, 10**6, 10**6, free_bytes=11)
    with pytest.raises(DataError, match="no room for more"):
        keep_upload(handed(two_classes()), by=ADA, limits=limits)


def test_a_lab_open_to_anybody_takes_little_and_reads_uploads_alone(monkeypatch, tmp_path):
    upload = keep_upload(handed(two_classes()), by=ADA)
    folder = write_files(tmp_path / "pets", two_classes())
    monkeypatch.setenv("TL_PUBLIC", "1")
    assert opened(upload).classes == ("cats", "dogs")
    for path in (str(folder), "/etc", "pets", str(paths.home() / "uploads" / upload.id)):
        with pytest.raises(DataError, match="can't be read here"):
            open_dataset(Data(name="folder", path=path), Input(size=16))
    with pytest.raises(DataError, match="at most 500"):
        keep_upload(handed({f"c{n % 2}/{n}.png": b"x" for n in range(501)}), by=ADA)
    assert (PUBLIC.bytes, PUBLIC.pictures, PUBLIC.classes) == (20_000_000, 500, 20)
    assert GENEROUS.bytes > PUBLIC.bytes


@pytest.mark.parametrize("place", ["_write", "force_to_disk"])
def test_a_full_disk_is_one_clear_error_and_leaves_nothing(place, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder_module, place, full)
    with pytest.raises(DataError, match="the disk is full"):
        keep_upload(handed(two_classes()), by=ADA)
    assert nothing_was_kept()


class Killed(BaseException):
    """The process ends here, and nothing after it happens."""


MOMENTS = ("_write", "_write_holder", "force_to_disk", "folder_of", "changing")


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_an_upload_is_whole_or_not_there(moment, monkeypatch):
    def killed(*arguments):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(folder_module, moment, killed)
        patch.setattr(shutil, "rmtree", lambda *arguments, **more: None)
        with pytest.raises(Killed):
            keep_upload(handed(two_classes()), by=ADA)
    assert folder_module.all_ids() == []
    [draft] = (paths.home() / "uploads").glob(".*.tmp")
    os.utime(draft, (0, 0))
    upload = keep_upload(handed(two_classes()), by=ADA)
    assert opened(upload).notes == ()
    assert not draft.exists()


def test_pictures_changed_on_disk_are_noticed_and_handing_them_in_again_repairs_them():
    upload = keep_upload(handed(two_classes()), by=ADA)
    keep_upload(handed(two_classes()), by=BOB)
    file = next(folder_module.folder_of(upload.id).rglob("00003.png"))
    file.write_bytes(picture(99))
    assert any("changed on disk" in note for note in opened(upload).notes)
    keep_upload(handed(two_classes()), by=ADA)
    assert opened(upload).notes == ()
    assert len(list_uploads(by=LOCAL)) == 2


def test_no_zip_gets_out_of_its_folder_nor_takes_long_nor_much_memory(tmp_path):
    (tmp_path / "box").mkdir()
    files = []
    for number, (trick, content) in enumerate(zips(len(TRICKS))):
        files.append(tmp_path / "box" / f"{number:03} {trick}.zip")
        files[-1].write_bytes(content)
    before = {path: path.stat().st_size for path in tmp_path.rglob("*")}
    home = tmp_path / "home"
    trials = swallowed("bench.support.hostile.take_zips", files, TL_HOME=str(home))
    made = {path for path in tmp_path.rglob("*") if path not in before and path.is_file()}
    names = [path.relative_to(home / "uploads").parts for path in made]
    assert all(len(n) == 1 or folder_module.folder_of(n[0]) for n in names), "files outside"
    assert {n[1] for n in names if len(n) > 1} <= {"content.json", "pictures", "holders"}
    assert not list(Path("/tmp").glob("evil-*"))
    assert len(trials) == len(TRICKS)
    assert max(trial.seconds for trial in trials) < 5
    assert max(trial.megabytes for trial in trials) < 100
    assert sum(trial.outcome.startswith("refused") for trial in trials) >= 10
