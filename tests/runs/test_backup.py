import os
import sqlite3
import zipfile
from contextlib import closing

import pytest

from bench.support import lives
from tlcore.access import LOCAL
from tlcore.errors import RunError, StoreError
from tlcore.runs import backup
from tlcore.runs.backup import back_up, go_back, restore
from tlcore.runs.schema import MIGRATIONS
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

pytestmark = pytest.mark.processes


@pytest.fixture
def store():
    return RunStore()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "lab.backup"


@pytest.fixture
def elsewhere(tmp_path):
    return tmp_path / "elsewhere"


def test_a_restored_home_has_everything_that_the_other_had(store, file, elsewhere):
    attempt = lives.work(store)
    lives.publish(store, attempt, "last", "a state")
    store.end(attempt, State.PAUSED, "so it was asked")
    folder = store.folder(attempt.run, by=LOCAL).path
    binned = lives.bring_to(store, State.FINISHED)
    store.delete(binned, by=LOCAL)
    upload = store.home / "uploads" / ("a" * 32) / "pictures" / "00000.png"
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"pixels")

    made = back_up(store, file)
    assert (made.runs, made.uploads) == (2, 1)
    restored = restore(file, elsewhere)
    assert (restored.runs, restored.uploads, restored.lost) == (2, 1, ())
    with closing(RunStore(elsewhere)) as there:
        assert [run.id for run in there.list(by=LOCAL)] == [attempt.run]
        assert [run.id for run in there.list(by=LOCAL, binned=True)] == [binned]
        [state] = there.checkpoints(attempt.run, by=LOCAL)
        assert state.is_whole()
        assert (
            there.folder(attempt.run, by=LOCAL).path.joinpath("recipe.yaml").read_bytes()
            == (folder / "recipe.yaml").read_bytes()
        )
        there.resume(attempt.run, by=LOCAL)
        lives.work(there)
    assert (elsewhere / upload.relative_to(store.home)).read_bytes() == b"pixels"


def test_what_was_at_work_is_lost_there_and_knows_no_worker_of_here(store, file, elsewhere):
    attempt = lives.work(store)
    back_up(store, file)
    assert restore(file, elsewhere).lost == (attempt.run,)
    with closing(RunStore(elsewhere)) as there:
        run = there.get(attempt.run, by=LOCAL)
        assert (run.state, run.reason) == (State.LOST, backup.WHY_LOST)
        assert there.worker(attempt.run) is None
        assert there.resume(attempt.run, by=LOCAL).state == State.QUEUED
    assert store.get(attempt.run, by=LOCAL).state == State.RUNNING
    store.beat(attempt, progress=1)


def test_a_backup_leaves_nothing_in_the_home_and_no_half_file(store, file):
    attempt = lives.work(store)
    place = lives.publish(store, attempt, "last", "a state")
    before = sorted(store.home.rglob("*"))
    back_up(store, file)
    assert [path for path in sorted(store.home.rglob("*")) if path not in before] == [
        store.home / "uploads",
        store.home / "uploads" / "lock",
    ]
    file.unlink()
    place.write_text("damaged")
    with pytest.raises(StoreError, match="not what it was"):
        back_up(store, file)
    place.unlink()
    with pytest.raises(StoreError, match="missing"):
        back_up(store, file)
    assert list(file.parent.glob("*lab.backup*")) == []
    assert list(store.home.glob(".backup*")) == []


def test_where_a_disk_gives_no_second_names_files_are_copied(store, file, elsewhere, monkeypatch):
    def refuse(*paths):
        raise PermissionError(1, "Operation not permitted")

    attempt = lives.work(store)
    lives.publish(store, attempt, "last", "a state")
    monkeypatch.setattr(os, "link", refuse)
    back_up(store, file)
    assert restore(file, elsewhere).files == 4


@pytest.mark.parametrize("name", ["../out.txt", "/etc/out", "runs/../../out", "other.txt"])
def test_a_backup_with_a_name_that_leads_elsewhere_is_refused(store, file, elsewhere, name):
    back_up(store, file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, "out")
    with pytest.raises(RunError, match="no backup"):
        restore(file, elsewhere)
    assert not (elsewhere / "runs.sqlite").exists()


def test_damaged_cut_and_foreign_files_are_refused_in_words(store, file, elsewhere):
    attempt = lives.work(store)
    lives.publish(store, attempt, "last", "a state" * 1000)
    back_up(store, file)
    content = file.read_bytes()
    at = content.index(b"a statea state") + 100
    for bad in (b"", b"PK", content[:-200], content[:at] + b"!!" + content[at + 2 :]):
        file.write_bytes(bad)
        with pytest.raises(RunError, match="no backup"):
            restore(file, elsewhere)
    assert [path for path in elsewhere.rglob("*") if path.is_file()] == []


def test_a_folder_with_a_lab_in_it_is_left_alone(store, file):
    lives.submit(store)
    back_up(store, file)
    with pytest.raises(RunError, match="lives in this folder already"):
        restore(file)
    assert len(store.list(by=LOCAL)) == 1


def test_what_people_wrote_beside_their_runs_is_in_it(store, file, elsewhere):
    run = lives.bring_to(store, State.FINISHED)
    folder = store.folder(run, by=LOCAL).path
    (folder / "checklist.json").write_text('{"version": 1, "answers": {}}')
    (folder / "robustness.lock").touch()
    back_up(store, file)
    restore(file, elsewhere)
    kept = {path.name for path in (elsewhere / "runs" / run).iterdir()}
    assert "checklist.json" in kept
    assert not kept & {"lock", "robustness.lock"}


# The way back from a migration


def migrated(store):
    """A home whose database was brought up to date by this version."""
    run = lives.bring_to(store, State.FINISHED)
    store.close()
    database = store.home / "runs.sqlite"
    before = database.with_name(f"runs.sqlite.before-{len(MIGRATIONS)}")
    with closing(sqlite3.connect(database)) as sql:
        sql.execute("VACUUM INTO ?", (str(before),))
    return run


def test_there_is_a_way_back_and_what_came_after_is_kept(store):
    run = migrated(store)
    later = lives.submit(store)
    kept = go_back(store, len(MIGRATIONS))
    with closing(RunStore()) as again:
        assert [each.id for each in again.list(by=LOCAL)] == [run]
    with closing(sqlite3.connect(kept)) as sql:
        assert later in {each for (each,) in sql.execute("SELECT id FROM run")}


def test_the_way_back_is_closed_while_the_lab_is_open(store):
    migrated(store)
    with closing(RunStore()) as another:
        lives.submit(another)
        with pytest.raises(RunError, match="The lab is open"):
            go_back(store, len(MIGRATIONS))
        assert len(another.list(by=LOCAL)) == 2


def test_there_is_no_way_back_to_what_was_never_kept(store):
    with pytest.raises(RunError, match="No database was kept"):
        go_back(store, 1)
