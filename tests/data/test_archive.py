import random
import struct
import tracemalloc
import zipfile

import pytest

from bench.support.hostile.zips import bomb_by_claims, entry, with_directory
from bench.support.makers import everything_in, picture, two_classes, write_zip
from tlcore.data.archive import Archive
from tlcore.errors import DataError

DIRECTORY_ENTRY = b"PK\x01\x02"


def patched(content: bytes, entry: int, offset: int, value: bytes) -> bytes:
    """A zip with some bytes of one of its directory's entries changed."""
    place = -1
    for _ in range(entry + 1):
        place = content.index(DIRECTORY_ENTRY, place + 1)
    return content[: place + offset] + value + content[place + offset + len(value) :]


def sound(path) -> bytes:
    return write_zip(path / "sound.zip", two_classes()).read_bytes()


def named(name: str):
    return lambda path: write_zip(path / "x.zip", {name: picture()}).read_bytes()


def overlapping(path) -> bytes:
    return patched(sound(path), 1, 42, struct.pack("<I", 0))


def bomb(path) -> bytes:
    files = {"a/1.png": b"\x00" * 5_000_000}
    return write_zip(path / "x.zip", files, zipfile.ZIP_DEFLATED).read_bytes()


def twice_the_same_name(path) -> bytes:
    content = write_zip(path / "x.zip", {"a/1.png": picture(), "a/2.png": picture(1)}).read_bytes()
    return content.replace(b"a/2.png", b"a/1.png")


def too_many(path) -> bytes:
    return write_zip(path / "x.zip", {f"a/{n}.png": b"" for n in range(20_001)}).read_bytes()


REFUSED = {
    "a path above": (named("../evil.png"), "outside"),
    "a path above, deep": (named("a/../../evil.png"), "outside"),
    "an absolute path": (named("/etc/evil.png"), "outside"),
    "a drive": (named("C:/evil.png"), "outside"),
    "backslashes": (named("..\\evil.png"), "outside"),
    "files that overlap": (overlapping, "overlap"),
    "a bomb": (bomb, "100 times its size"),
    "a huge file": (lambda p: patched(sound(p), 0, 24, struct.pack("<I", 300 * 2**20)), "300 MB"),
    "a huge sum": (lambda p: patched(sound(p), 0, 24, struct.pack("<I", 2**32 - 9)), "2 GB"),
    "encryption": (lambda p: patched(sound(p), 0, 8, b"\x01\x00"), "encrypted"),
    "an unusual method": (lambda p: patched(sound(p), 0, 10, b"\x0e\x00"), "unusual"),
    "the same name twice": (twice_the_same_name, "twice"),
    "too many files": (too_many, "20,001 files"),
    "far too many files": (
        lambda p: with_directory(b"", b"".join(entry(b"a/%d" % n) for n in range(90_000)), 90_000),
        "90,000 files",
    ),
    "a directory that would fill the memory": (
        lambda p: with_directory(b"", entry(b"a/1.png", comment=b"x" * 60_000) * 200, 200),
        "directory far too large",
    ),
    "files that together unpack to far more": (
        lambda p: bomb_by_claims(random.Random(1)),
        "20 times its size",
    ),
    "no zip at all": (lambda p: b"Rar!\x1a\x07\x00 or something", "can't be opened"),
    "an empty file": (lambda p: b"", "can't be opened"),
    "the first half": (lambda p: sound(p)[: len(sound(p)) // 2], "can't be opened"),
    "a name of broken text": (
        lambda p: patched(patched(sound(p), 0, 8, b"\x00\x08"), 0, 46, b"\xff\xfe"),
        "can't be opened",
    ),
}


def lying(path) -> bytes:
    """Says that it holds a little picture, and unpacks to 60 MB."""
    name = path / "x.zip"
    content = write_zip(name, {"a/1.png": b"\0" * 60_000_000}, zipfile.ZIP_DEFLATED).read_bytes()
    return patched(content, 0, 24, struct.pack("<I", 60_000))


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_hostile_or_damaged_archive_is_refused_whole(make, reason, tmp_path):
    content = make(tmp_path)
    place = tmp_path / "refused"
    place.mkdir()
    (place / "upload.zip").write_bytes(content)
    with pytest.raises(DataError, match=reason) as caught:
        Archive(place / "upload.zip")
    assert caught.value.where == "upload.zip"
    assert caught.value.remedy
    assert everything_in(place) == {"upload.zip": content}


def test_a_sound_archive_gives_its_files(tmp_path):
    files = two_classes()
    with Archive(write_zip(tmp_path / "x.zip", files)) as archive:
        assert {name: archive.read(name) for name in archive.names()} == files
        assert archive.left_out() == []


def test_links_are_left_out_and_told(tmp_path):
    path = write_zip(tmp_path / "x.zip", two_classes())
    link = zipfile.ZipInfo("cats/link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with Archive(path) as archive:
        assert archive.left_out() == ["cats/link.png"]
        assert "cats/link.png" not in archive.names()


def test_a_file_whose_bytes_were_changed_is_one_error_and_the_others_still_read(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"a.png": b"one" * 50, "b.png": b"two" * 50})
    path.write_bytes(path.read_bytes().replace(b"oneone", b"onETwo", 1))
    with Archive(path) as archive:
        with pytest.raises(DataError, match="damaged in the archive"):
            archive.read("a.png")
        assert archive.read("b.png") == b"two" * 50


def test_what_unpacks_to_more_than_was_promised_takes_no_more_memory(tmp_path):
    (tmp_path / "x.zip").write_bytes(lying(tmp_path))
    with Archive(tmp_path / "x.zip") as archive:
        tracemalloc.start()
        try:
            with pytest.raises(DataError, match="damaged in the archive"):
                archive.read("a/1.png")
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()


def test_an_archive_of_nothing_is_sound(tmp_path):
    with Archive(write_zip(tmp_path / "x.zip", {})) as archive:
        assert archive.names() == []


def test_a_small_plain_picture_may_shrink_a_lot(tmp_path):
    files = {"a/1.bmp": b"\x00" * 500_000}
    with Archive(write_zip(tmp_path / "x.zip", files, zipfile.ZIP_DEFLATED)) as archive:
        assert archive.names() == ["a/1.bmp"]
