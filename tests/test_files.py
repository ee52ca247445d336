import contextlib
import os
import stat

import pytest

from tlcore import paths
from tlcore.files import make_private, written_whole
from tlcore.runs.store import RunStore


def test_a_file_takes_its_place_only_when_it_is_complete(tmp_path):
    target = tmp_path / "state.bin"
    target.write_text("old")
    with written_whole(target) as draft:
        draft.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


def test_an_interrupted_write_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "state.bin"
    target.write_text("old")
    with contextlib.suppress(KeyboardInterrupt), written_whole(target) as draft:
        draft.write_text("ne")
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == ["state.bin"]
    assert target.read_text() == "old"


def test_bytes_name_and_folder_are_forced_to_disk_in_this_order(tmp_path, monkeypatch):
    done: list[str] = []
    replace, fsync = os.replace, os.fsync

    def note_sync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "bytes"
        done.append(kind)
        fsync(descriptor)

    def note_name(source: str, target: str) -> None:
        done.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_name)
    with written_whole(tmp_path / "state.bin") as draft:
        draft.write_text("new")
    assert done == ["bytes", "name", "folder"]


def test_missing_folders_are_made(tmp_path):
    with written_whole(tmp_path / "a" / "b" / "c.txt") as draft:
        draft.write_text("x")
    assert (tmp_path / "a" / "b" / "c.txt").exists()


def test_others_may_read_the_file_as_they_may_any_other(tmp_path):
    (tmp_path / "ordinary").touch()
    with written_whole(tmp_path / "ours") as draft:
        draft.write_text("x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_the_longest_name_that_a_file_can_have_works(tmp_path):
    with written_whole(tmp_path / ("n" * 255)) as draft:
        draft.write_text("x")
    assert (tmp_path / ("n" * 255)).read_text() == "x"


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, 0o700), (0o755, 0o700), (0o777, 0o700), (0o2775, 0o2770), (0o1777, 0o1777)],
)
def test_a_home_is_for_this_account_alone_unless_a_group_was_meant(tmp_path, before, after):
    folder = tmp_path / "deep" / "home"
    if before is not None:
        folder.mkdir(parents=True)
        folder.chmod(before)
    make_private(folder)
    assert folder.stat().st_mode & 0o7777 == after


def test_a_store_closes_a_home_of_an_earlier_version(tmp_path):
    RunStore().close()
    home = paths.home()
    home.chmod(0o755)
    RunStore().close()
    assert home.stat().st_mode & 0o777 == 0o700
