import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tlcore import machine
from tlcore.errors import RunError, StoreError
from tlcore.runs import database
from tlcore.runs.database import Database
from tlcore.runs.schema import MIGRATIONS

PROJECT = Path(__file__).parent.parent.parent
SECOND = (
    "ALTER TABLE run ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'",
    "CREATE TABLE note (text TEXT) STRICT",
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "home" / "runs.sqlite"


def count(opened):
    with opened.writing() as sql:
        sql.execute("UPDATE ticket SET last = last + 1")


def counted(opened):
    with opened.reading() as sql:
        return sql.execute("SELECT last FROM ticket").fetchone()[0]


# Versions


def test_a_database_of_version_1_is_brought_up_to_date_with_all_that_is_in_it(path):
    with Database(path, MIGRATIONS[:1]).writing() as sql:
        sql.execute(
            "INSERT INTO run (id, owner, owner_name, name, preset, recipe, recipe_id, state, "
            "ticket, created, updated, epochs) VALUES ('x','','','old','','','','queued',1,0,0,1)"
        )
    with Database(path, (*MIGRATIONS, SECOND)).reading() as sql:
        assert tuple(sql.execute("SELECT name, mood FROM run").fetchone()) == ("old", "calm")
        assert sql.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS) + 1


def test_a_migration_that_fails_leaves_the_older_version_as_it_was(path):
    count(Database(path))
    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        Database(path, (*MIGRATIONS, (*SECOND, "no SQL")))
    opened = Database(path)
    assert counted(opened) == 1
    with opened.reading() as sql, pytest.raises(sqlite3.OperationalError, match="no such table"):
        sql.execute("SELECT * FROM note")


def test_what_a_newer_lab_has_made_is_refused_in_words_and_left_alone(path):
    newer = Database(path, (*MIGRATIONS, SECOND))
    count(newer)
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version of the lab") as caught:
        Database(path)
    assert "TL_HOME" in caught.value.remedy
    assert path.read_bytes() == before
    assert counted(newer) == 1


def test_a_sqlite_that_is_too_old_is_refused_in_words(path, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(StoreError, match="too old") as caught:
        Database(path)
    assert "newer Python" in caught.value.remedy


def test_the_schema_doesnt_change_without_a_new_version():
    """If this fails, leave the versions there are as they were, and add another."""
    known = [
        "ba4d1e98b8fc5bd4",
        "9078f508c2430ac9",
        "76cb9b2a1c46128d",
        "bc641301d80137d8",
        "7042d4d0e39363a9",
    ]
    assert [hashlib.sha256("".join(m).encode()).hexdigest()[:16] for m in MIGRATIONS] == known


def test_many_who_open_a_new_home_at_once_find_one_whole_database(path):
    failed = []

    def open_and_count():
        try:
            count(Database(path))
        except Exception as error:  # noqa: BLE001 - it is shown below
            failed.append(error)

    threads = [threading.Thread(target=open_and_count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert counted(Database(path)) == 8


# What is written, and when


def test_every_connection_waits_for_the_disk(path):
    opened = Database(path)
    with opened.writing() as one, opened.reading() as another:
        for sql in (one, another):
            assert sql.execute("PRAGMA synchronous").fetchone()[0] == 2
            assert sql.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            assert sql.execute("PRAGMA foreign_keys").fetchone()[0] == 1


@pytest.mark.parametrize("error", [RunError("no"), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_is_raised_while_writing_nothing_is_written(path, error):
    opened = Database(path)

    def write_and_fail():
        with opened.writing() as sql:
            sql.execute("UPDATE ticket SET last = 99")
            raise error

    with pytest.raises(type(error)):
        write_and_fail()
    assert counted(opened) == 0
    count(opened)
    assert counted(opened) == 1


def test_who_reads_sees_one_moment_whatever_is_written_meanwhile(path):
    opened = Database(path)
    with opened.reading() as sql:
        before = sql.execute("SELECT last FROM ticket").fetchone()[0]
        count(opened)
        assert sql.execute("SELECT last FROM ticket").fetchone()[0] == before == 0
    assert counted(opened) == 1


def test_threads_write_one_after_another_and_lose_nothing(path):
    opened = Database(path)

    def count_often():
        for _ in range(25):
            with opened.writing() as sql:  # read, then write
                (last,) = sql.execute("SELECT last FROM ticket").fetchone()
                sql.execute("UPDATE ticket SET last = ?", (last + 1,))

    threads = [threading.Thread(target=count_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(opened) == 100


def test_a_forked_process_uses_connections_of_its_own(path):
    """In a fresh process, because a fork of this one would take pytest along."""
    script = """
import os, sys
from pathlib import Path
from tlcore.runs.database import Database
opened = Database(Path(sys.argv[1]))
def count():
    with opened.writing() as sql:
        sql.execute("UPDATE ticket SET last = last + 1")
count()
if (child := os.fork()) == 0:
    count()
    os._exit(len(opened._idle) != 2)
assert os.waitpid(child, 0)[1] == 0
count()
"""
    command = [sys.executable, "-W", "error", "-c", script, path]
    subprocess.run(command, cwd=PROJECT, check=True, timeout=60)
    assert counted(Database(path)) == 3


def test_nothing_is_left_open(path):
    """Linux lists a process's open files; a store that is gone holds none."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("this system doesn't list open files")
    opened = Database(path)
    count(opened)
    assert _open_below(path.parent)
    opened.close()
    assert _open_below(path.parent) == []
    count(opened)
    del opened
    assert _open_below(path.parent) == []


def _open_below(folder):
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = Path(os.readlink(descriptor))
        except OSError:
            continue
        if folder in target.parents:
            found.append(target)
    return found


# When the disk fails


def test_a_disk_that_is_full_is_named_and_what_was_written_before_stands(path):
    opened = Database(path)
    count(opened)

    def write_more_than_there_is_room_for():
        with opened.writing() as sql:
            (pages,) = sql.execute("PRAGMA page_count").fetchone()
            sql.execute(f"PRAGMA max_page_count = {pages}")
            sql.execute("INSERT INTO rule VALUES ('big', ?)", ("x" * 10**6,))

    with pytest.raises(StoreError, match="The disk is full") as caught:
        write_more_than_there_is_room_for()
    assert "Free some space" in caught.value.remedy
    count(opened)
    assert counted(opened) == 2


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_file_is_named(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged") as caught:
        Database(path)
    assert caught.value.where == str(path)


def test_a_page_that_was_overwritten_is_noticed(path):
    opened = Database(path)
    count(opened)
    opened.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(StoreError, match="is damaged"):
        count(Database(path))


def test_a_home_that_is_a_file_is_named(path):
    path.parent.write_text("no folder")
    with pytest.raises(StoreError, match="disk failed") as caught:
        Database(path)
    assert str(path.parent) in caught.value.where


def test_a_place_where_nothing_can_be_written_is_named(path):
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match="can't be written to"):
        Database(path)


def test_whoever_waits_too_long_is_told_so(path, monkeypatch):
    opened = Database(path)
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    with opened.writing(), pytest.raises(StoreError, match="was busy"):
        count(opened)
    count(opened)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_FULL", "full"),
        ("SQLITE_IOERR", "disk failed"),
        ("SQLITE_IOERR_FSYNC", "disk failed"),
        ("SQLITE_CORRUPT", "damaged"),
        ("SQLITE_NOTADB", "damaged"),
        ("SQLITE_BUSY", "busy"),
        ("SQLITE_BUSY_SNAPSHOT", "busy"),
        ("SQLITE_READONLY", "can't be written"),
        ("SQLITE_CANTOPEN", "can't be written"),
    ],
)
def test_every_failure_of_the_disk_has_words_and_a_remedy(path, name, words):
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = getattr(sqlite3, name)
    with pytest.raises(StoreError, match=words) as caught, database.in_words(path):
        raise error
    assert caught.value.where == str(path)
    assert caught.value.remedy


def test_a_mistake_of_ours_is_not_blamed_on_the_disk(path):
    opened = Database(path)
    with pytest.raises(sqlite3.OperationalError, match="no such table"), opened.reading() as sql:
        sql.execute("SELECT * FROM nowhere")
    count(opened)


# When the home moves, or another version comes by


def test_a_home_that_was_moved_is_noticed_before_anything_is_written(path):
    opened = Database(path)
    count(opened)
    path.parent.rename(path.parent.with_name("moved"))
    for _ in range(2):
        with pytest.raises(StoreError, match="moved, replaced or deleted") as caught:
            count(opened)
        assert "TL_HOME" in caught.value.remedy
    assert not path.exists()
    assert counted(Database(path.parent.with_name("moved") / path.name)) == 1


def test_a_home_that_moves_while_something_is_written_acknowledges_nothing(path):
    opened = Database(path)
    moved = path.parent.with_name("moved")

    def write_while_it_moves():
        with opened.writing() as sql:
            sql.execute("UPDATE ticket SET last = 99")
            path.parent.rename(moved)

    with pytest.raises(StoreError, match="moved"):
        write_while_it_moves()
    assert counted(Database(moved / path.name)) == 0


def test_a_home_that_moves_while_a_file_is_written_is_no_failure_of_the_disk(path):
    opened = Database(path)

    def write_while_it_moves():
        with opened.writing():
            path.parent.rename(path.parent.with_name("moved"))
            (path.parent / "recipe.yaml").write_text("")

    with pytest.raises(StoreError, match="was moved"):
        write_while_it_moves()


def test_another_home_in_the_place_of_the_opened_one_is_left_alone(path):
    opened = Database(path)
    path.parent.rename(path.parent.with_name("moved"))
    count(Database(path))
    with pytest.raises(StoreError, match="replaced"):
        count(opened)
    assert counted(Database(path)) == 1


def test_a_lab_that_is_open_while_another_version_migrates_says_so(path):
    older = Database(path)
    count(older)
    count(Database(path, (*MIGRATIONS, SECOND)))
    for use in (count, counted):
        with pytest.raises(StoreError, match="Another version of the lab") as caught:
            use(older)
        assert "open it again" in caught.value.remedy


def test_a_migration_keeps_a_copy_of_what_was_before(path):
    count(Database(path))
    count(Database(path, (*MIGRATIONS, SECOND)))
    kept = path.with_name(f"runs.sqlite.before-{len(MIGRATIONS) + 1}")
    assert sorted(path.parent.glob("runs.sqlite.*")) == [kept]
    kept.rename(path)
    for end in ("wal", "shm"):
        path.with_name(f"runs.sqlite-{end}").unlink(missing_ok=True)
    assert counted(Database(path)) == 1


def test_a_copy_is_one_moment_and_nobody_writes_meanwhile(path, tmp_path, monkeypatch):
    opened = Database(path)
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    count(opened)
    with opened.copied(tmp_path / "copy.sqlite"), pytest.raises(StoreError, match="was busy"):
        count(opened)
    count(opened)
    assert counted(Database(tmp_path / "copy.sqlite")) == 1


def test_a_home_on_another_machines_disk_is_refused_unless_somebody_insists(
    path, tmp_path, monkeypatch
):
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(machine, "MOUNTS", mounts)
    for form in ("nfs4", "cifs", "smb3", "fuse.sshfs", "exfat"):
        mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} {form} rw 0 0\n")
        with pytest.raises(StoreError, match=f"it is {form}") as caught:
            Database(path)
        assert "TL_HOME" in caught.value.remedy
        assert not path.exists()
    monkeypatch.setenv("TL_HOME_ANYWAY", "1")
    count(Database(path))
    monkeypatch.delenv("TL_HOME_ANYWAY")
    for text in ("/dev/sda / ext4 rw 0 0\n", "server:/x / nfs rw 0 0\n/dev/b / ext4 rw 0 0\n", ""):
        mounts.write_text(text)
        count(Database(path))
