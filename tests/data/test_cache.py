import errno
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from bench.support.makers import everything_in
from tlcore import paths
from tlcore.data import cache
from tlcore.data.cache import kept, key_of
from tlcore.errors import DataError

PIXELS = np.arange(5 * 4 * 4 * 3, dtype=np.uint8).reshape(5, 4, 4, 3)
KEY = key_of("test", 1)


def make(write):
    write(PIXELS[:2])
    write(PIXELS[2:])
    return {"labels": [1, 2, 3]}


def never(write):
    raise AssertionError("made again although it was kept")


def folder():
    return paths.cache() / "data" / KEY


def test_what_was_made_once_is_kept():
    first, again = kept(KEY, make), kept(KEY, never)
    assert np.array_equal(first.pixels, PIXELS)
    assert np.array_equal(again.pixels, PIXELS)
    assert first.facts == again.facts == {"labels": [1, 2, 3]}


def test_kept_pixels_are_mapped_from_disk_and_can_not_be_written_to():
    found = kept(KEY, make).pixels
    assert isinstance(found.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0


def test_another_key_is_made_anew():
    kept(KEY, make)
    with pytest.raises(AssertionError, match="made again"):
        kept(key_of("test", 2), never)


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


DAMAGE = {
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "one bit": flip,
    "emptied": lambda path: path.write_bytes(b""),
    "rubbish": lambda path: path.write_bytes(b"\xff\x00 rubbish"),
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("name", ["pixels.bin", "facts.json", "sums.json"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_made_again(name, damage):
    kept(KEY, make)
    damage(folder() / name)
    assert np.array_equal(kept(KEY, make).pixels, PIXELS)
    assert np.array_equal(kept(KEY, never).pixels, PIXELS)


def test_a_map_that_is_in_use_outlives_what_takes_its_place():
    found = kept(KEY, make)
    (folder() / "sums.json").unlink()
    kept(KEY, make)
    assert np.array_equal(found.pixels, PIXELS)


def test_beyond_the_budget_what_was_unused_for_longest_goes_and_the_newest_stays(monkeypatch):
    keys = [key_of("budget", number) for number in range(3)]
    kept(keys[0], make)
    monkeypatch.setattr(cache, "MOST_BYTES", 2 * sum(each.bytes for each in cache.shelves()) + 99)
    kept(keys[1], make)
    os.utime(folder().parent / keys[1], (1, 1))
    kept(keys[2], make)
    kept(keys[0], never)
    kept(keys[2], never)
    with pytest.raises(AssertionError):
        kept(keys[1], never)


def test_decoding_for_anybody_stops_before_the_disk_is_full(monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=cache.FREE_BYTES))
    with pytest.raises(DataError, match="disk is full"):
        kept(KEY, make)
    assert cache.shelves() == []


def test_all_that_was_made_of_a_data_set_can_be_let_go():
    for number, of in enumerate(("mine", "mine", "theirs")):
        kept(key_of("of", number), make, of=of)
    for of in ("mine", "theirs"):
        (cache.activations() / f"key.sum{cache.activations_of(of)}").write_bytes(b"x")
    assert cache.clear_of("mine") == 3
    assert len(cache.shelves()) == 2
    kept(key_of("of", 2), never)


def test_a_failure_leaves_nothing_behind():
    def fail(write):
        write(PIXELS)
        raise DataError("no good")

    with pytest.raises(DataError, match="no good"):
        kept(KEY, fail)
    assert everything_in(paths.cache()) == {}
    assert list((paths.cache() / "data").iterdir()) == []


def test_a_full_disk_is_one_clear_error_and_what_was_kept_stays():
    kept(KEY, make)
    before = everything_in(paths.cache())

    def fill(write):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DataError, match="disk is full") as caught:
        kept(key_of("more"), fill)
    assert "TL_HOME" in caught.value.remedy
    assert everything_in(paths.cache()) == before


def test_a_home_that_is_a_file_is_one_clear_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("TL_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match="can't be kept"):
        kept(KEY, make)


def test_drafts_of_killed_processes_are_swept_and_fresh_ones_are_not():
    kept(KEY, make)
    old, fresh = (folder().parent / f".{name}.tmp" for name in ("old", "fresh"))
    for draft in (old, fresh):
        draft.mkdir()
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    kept(key_of("more"), make)
    assert (old.exists(), fresh.exists()) == (False, True)


def test_two_processes_that_make_the_same_at_once_both_get_it_whole():
    script = (
        "import time, numpy as np\n"
        "from tlcore.data.cache import kept\n"
        "def make(write):\n"
        "    for _ in range(20):\n"
        "        write(np.full((10, 8, 8, 3), 7, np.uint8)); time.sleep(0.01)\n"
        "    return {'done': True}\n"
        f"found = kept({KEY!r}, make)\n"
        "assert found.pixels.shape == (200, 8, 8, 3) and (found.pixels == 7).all()\n"
    )
    command = [sys.executable, "-c", script]
    running = [subprocess.Popen(command, cwd=paths.PROJECT) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert [path.name for path in (paths.cache() / "data").iterdir()] == [KEY]
