import time

import pytest

from bench.support.makers import two_classes
from tests.data.uploads.test_files import ADA, BOB, handed, kept_files, opened
from tlcore.access import LOCAL
from tlcore.data import cache
from tlcore.data.uploads import folder
from tlcore.data.uploads.files import (
    bin_upload,
    binned_before,
    disk_use,
    empty_upload_bin,
    keep_upload,
    list_uploads,
    restore_upload,
)
from tlcore.errors import DataMissing


@pytest.fixture
def upload():
    return keep_upload(handed(two_classes()), by=ADA, name="Pets")


def test_what_is_in_the_bin_is_out_of_sight_and_can_be_restored_as_it_was(upload):
    bin_upload(upload.id, by=ADA)
    assert list_uploads(by=ADA) == ()
    assert [each.name for each in list_uploads(by=ADA, binned=True)] == ["Pets"]
    with pytest.raises(DataMissing, match="in the bin"):
        opened(upload)
    assert restore_upload(upload.id, by=ADA) == upload
    assert opened(upload).classes == ("cats", "dogs")


def test_handing_in_the_same_pictures_takes_them_out_of_the_bin(upload):
    bin_upload(upload.id, by=ADA)
    assert keep_upload(handed(two_classes()), by=ADA).binned is None
    assert opened(upload)


def test_the_bin_takes_room_until_it_is_emptied_of_what_is_old_enough(upload):
    before = time.time()
    bin_upload(upload.id, by=ADA)
    assert disk_use(by=ADA) == upload.bytes
    assert empty_upload_bin(before, by=ADA) == ()
    going = binned_before(time.time(), by=ADA)
    assert empty_upload_bin(time.time(), by=ADA) == going
    assert [each.id for each in going] == [upload.id]
    assert kept_files() == {}
    assert disk_use(by=LOCAL) == 0


def test_what_one_deletes_the_other_still_has(upload):
    keep_upload(handed(two_classes()), by=BOB)
    bin_upload(upload.id, by=ADA)
    assert opened(upload)
    empty_upload_bin(time.time(), by=ADA)
    assert list_uploads(by=ADA, binned=True) == ()
    assert opened(upload)
    assert len(list_uploads(by=BOB)) == 1


def test_nobody_deletes_or_restores_what_is_somebody_elses(upload):
    for change in (bin_upload, restore_upload):
        with pytest.raises(DataMissing):
            change(upload.id, by=BOB)
    bin_upload(upload.id, by=ADA)
    assert empty_upload_bin(time.time(), by=BOB) == ()
    assert restore_upload(upload.id, by=ADA)


def test_whoever_sits_at_the_machine_may_delete_for_everybody(upload):
    keep_upload(handed(two_classes()), by=BOB)
    bin_upload(upload.id, by=LOCAL)
    assert list_uploads(by=BOB) == list_uploads(by=ADA) == ()
    empty_upload_bin(time.time(), by=LOCAL)
    assert folder.all_ids() == []


def test_killed_while_deleting_for_good_it_is_there_or_gone(upload, monkeypatch):
    bin_upload(upload.id, by=ADA)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *arguments, **more: None)
        empty_upload_bin(time.time(), by=ADA)
    assert folder.all_ids() == []
    assert keep_upload(handed(two_classes()), by=ADA).id == upload.id
    assert opened(upload).notes == ()


def test_a_damaged_upload_can_be_deleted_for_good(upload):
    (folder.folder_of(upload.id) / "content.json").write_text("no")
    bin_upload(upload.id, by=ADA)
    empty_upload_bin(time.time(), by=ADA)
    assert kept_files() == {}


def test_with_an_upload_goes_whatever_was_decoded_from_it(upload):
    opened(upload)
    assert cache.shelves()
    keep_upload(handed(two_classes()), by=BOB)
    bin_upload(upload.id, by=ADA)
    empty_upload_bin(time.time(), by=ADA)
    assert cache.shelves(), "Bob still has it"
    bin_upload(upload.id, by=BOB)
    empty_upload_bin(time.time(), by=BOB)
    assert cache.shelves() == []
