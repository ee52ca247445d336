"""What goes, what stays, and what a kill in between leaves."""

import os
import time as wall

import pytest

from bench.support.lives import NOON, RECIPE, bring_to, publish, start, submit, work
from bench.support.makers import everything_in, two_classes, write_files
from tests.data.uploads.test_files import handed
from tlcore import paths
from tlcore.access import LOCAL, Rules, anonymous
from tlcore.data import cache
from tlcore.data.load import open_dataset
from tlcore.data.uploads.files import (
    empty_upload_bin,
    keep_upload,
    list_uploads,
    restore_upload,
    share_upload,
)
from tlcore.errors import DataMissing, NotAllowed, RunError
from tlcore.recipe import Data, Input
from tlcore.runs import artifacts, identity, retention
from tlcore.runs.retention import (
    delete_upload,
    disk_use,
    drop_pictures,
    empty_bin,
    expire,
    prune,
    run_bytes,
    showing,
)
from tlcore.runs.states import State

ADA, BOB = anonymous(name="Ada"), anonymous(name="Bob")
NOBODYS = "20270115-080000-0123456789abcdef"


def names(going) -> list[tuple[str, str]]:
    return sorted((each.what, each.name.rpartition("/")[2]) for each in going)


def files_of(store, run) -> list[str]:
    folder = store.folder(run, by=LOCAL).path
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def littered(store, run) -> None:
    """What crashes leave: drafts of attempts, half-written files, superseded checkpoints."""
    folder = store.folder(run, by=LOCAL).path
    write_files(folder, {
        "attempt-1/last.safetensors": b"x" * 10, ".result.json.77.tmp": b"x",
        "checkpoints/last-999.safetensors": b"x" * 100, "checkpoints/.last.88.tmp": b"x",
        "predictions-99.parquet": b"x", "result-99.json": b"x",
        "pictures-99.zip": b"x", "validation-99.parquet": b"x",
    })  # fmt: skip


def finished(store, *, by=LOCAL) -> str:
    """A finished run with all its files."""
    attempt = work(store, by=by)
    for number in range(4):
        publish(store, attempt, "last", f"state {number}")
    for kind in ("best", "predictions", "validation", "pictures", "result"):
        publish(store, attempt, kind, kind)
    store.end(attempt, State.FINISHED, "all epochs done")
    store.folder(attempt.run, by=LOCAL).sweep(attempt.number)
    return attempt.run


def test_the_best_and_the_last_two_states_are_kept(store):
    run = finished(store)
    states = [path.read_text() for path in sorted((paths.home() / "runs" / run).rglob("last-*"))]
    assert states == ["state 2", "state 3"]
    assert store.artifact(run, "best", by=LOCAL).read_text() == "best"


def test_what_crashes_left_goes_and_nothing_else(store):
    run = finished(store)
    before = files_of(store, run)
    littered(store, run)
    would_go = prune(store, by=LOCAL)
    assert set(files_of(store, run)) > set(before)
    assert sum(each.bytes for each in would_go) == 10 + 1 + 100 + 1 + 1 + 1 + 1 + 1
    assert prune(store, by=LOCAL, dry_run=False) == would_go
    assert files_of(store, run) == before
    assert prune(store, by=LOCAL) == ()


@pytest.mark.parametrize(
    "state", [State.QUEUED, State.STARTING, State.RUNNING, State.PAUSING, State.STOPPING]
)
def test_what_waits_or_works_is_never_touched(store, state):
    run = bring_to(store, state)
    littered(store, run)
    before = files_of(store, run)
    assert prune(store, by=LOCAL, dry_run=False, runs_before=NOON + 99, cache_bytes=0) == ()
    assert files_of(store, run) == before


def test_a_folder_that_no_row_knows_of_goes_once_it_is_old(store):
    folder = write_files(paths.home() / "runs" / NOBODYS, {"recipe.yaml": b"{}"})
    strange = write_files(paths.home() / "runs" / "my notes", {"x.txt": b"{}"})
    assert prune(store, by=LOCAL, dry_run=False) == ()
    for path in (folder, strange):
        os.utime(path, (0, 0))
    assert names(prune(store, by=LOCAL, dry_run=False)) == [("stray", NOBODYS)]
    assert not folder.exists()
    assert strange.exists()


def test_old_runs_go_into_the_bin_and_what_is_paused_waits(store, time):
    old = [bring_to(store, state) for state in (State.FINISHED, State.STOPPED, State.FAILED)]
    paused = bring_to(store, State.PAUSED)
    time.pass_by(100)
    new = bring_to(store, State.FINISHED)
    assert names(prune(store, by=LOCAL, runs_before=NOON + 50)) == sorted(
        ("old run", run) for run in old
    )
    prune(store, by=LOCAL, dry_run=False, runs_before=NOON + 50)
    assert {run.id for run in store.list(by=LOCAL)} == {paused, new}
    assert {run.id for run in store.list(by=LOCAL, binned=True)} == set(old)
    assert files_of(store, old[0])


def decoded(tmp_path, count) -> list[str]:
    """Keys in the cache, each used later than the one before."""
    for number in range(count):
        folder = write_files(tmp_path / str(number), two_classes(2 + number))
        open_dataset(Data(name="folder", path=str(folder)), Input(size=16))
        os.utime(cache.shelves()[-1].path, (number + 1, number + 1))
    return [shelf.path.name for shelf in cache.shelves()]


def test_decoded_pictures_go_that_were_unused_for_longest(store, tmp_path):
    first, second, third = decoded(tmp_path, 3)
    open_dataset(Data(name="folder", path=str(tmp_path / "0")), Input(size=16))
    shelves = {shelf.path.name: shelf for shelf in cache.shelves()}
    most = shelves[first].bytes + shelves[third].bytes
    going = prune(store, by=LOCAL, cache_bytes=most)
    assert names(going) == [("decoded pictures", second)]
    prune(store, by=LOCAL, dry_run=False, cache_bytes=most)
    assert {shelf.path.name for shelf in cache.shelves()} == {first, third}
    data = open_dataset(Data(name="folder", path=str(tmp_path / "1")), Input(size=16))
    assert len(data.train) == 6


def test_pixels_in_use_outlive_their_place_in_the_cache(store, tmp_path):
    folder = write_files(tmp_path / "pets", two_classes())
    data = open_dataset(Data(name="folder", path=str(folder)), Input(size=16))
    before = data.train.pixels.copy()
    prune(store, by=LOCAL, dry_run=False, cache_bytes=0)
    assert cache.shelves() == []
    assert (data.train.pixels == before).all()


def test_drafts_of_killed_makers_go_after_a_day(store):
    drafts = [paths.cache() / "data" / ".x.tmp", paths.uploads() / ".y.tmp"]
    for draft in drafts:
        write_files(draft, {"pixels.bin": b"x" * 5})
    assert prune(store, by=LOCAL, dry_run=False) == ()
    for draft in drafts:
        os.utime(draft, (0, 0))
    assert sum(each.bytes for each in prune(store, by=LOCAL, dry_run=False)) == 10
    assert not any(draft.exists() for draft in drafts)


def test_only_who_sits_at_the_machine_clears_up_for_everybody(store):
    with pytest.raises(NotAllowed):
        prune(store, by=ADA)


def test_what_is_deleted_comes_back_whole_until_the_bin_is_emptied(store, time):
    run = finished(store)
    before = everything_in(store.folder(run, by=LOCAL).path)
    store.delete(run, by=LOCAL)
    time.pass_by(100)
    assert empty_bin(store, by=LOCAL, older_than=200) == ()
    store.restore(run, by=LOCAL)
    assert everything_in(store.folder(run, by=LOCAL).path) == before
    store.delete(run, by=LOCAL)
    would_go = empty_bin(store, by=LOCAL, dry_run=True)
    assert [(each.what, each.name) for each in would_go] == [("run", run)]
    assert would_go[0].bytes == sum(map(len, before.values()))
    assert empty_bin(store, by=LOCAL) == would_go
    assert not (paths.home() / "runs" / run).exists()
    with pytest.raises(RunError, match="There is no run"):
        store.restore(run, by=LOCAL)


def test_everybody_empties_their_own_bin(store):
    runs = {owner: finished(store, by=owner) for owner in (ADA, BOB)}
    for owner, run in runs.items():
        store.delete(run, by=owner)
    assert [each.name for each in empty_bin(store, by=ADA)] == [runs[ADA]]
    assert [run.id for run in store.list(by=LOCAL, binned=True)] == [runs[BOB]]
    assert [each.name for each in empty_bin(store, by=LOCAL)] == [runs[BOB]]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_the_bin_is_emptied_a_run_is_whole_in_the_bin_or_gone(
    store, monkeypatch, moment
):
    run = finished(store)
    before = everything_in(store.folder(run, by=LOCAL).path)
    store.delete(run, by=LOCAL)

    def killed(*arguments, **more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(
            *((store, "forget") if moment == "before" else (retention, "remove_path")), killed
        )
        with pytest.raises(Killed):
            empty_bin(store, by=LOCAL)
    if moment == "before":
        store.restore(run, by=LOCAL)
        assert everything_in(store.folder(run, by=LOCAL).path) == before
        return
    with pytest.raises(RunError):
        store.restore(run, by=LOCAL)
    monkeypatch.setattr(artifacts, "ABANDONED", -1)
    assert names(prune(store, by=LOCAL, dry_run=False)) == [("stray", run)]
    assert not (paths.home() / "runs" / run).exists()


def test_a_checkpoint_that_is_being_published_is_never_taken_for_a_stray(store, monkeypatch):
    """The sweep waits its turn: it sees the file and its row, or neither."""
    attempt = work(store)
    store.end(attempt, State.PAUSED, "for now")
    littered(store, attempt.run)
    seen = []
    find = artifacts.find_strays

    def look(sql, folder):
        seen.append(sql.in_transaction)
        return find(sql, folder)

    monkeypatch.setattr(artifacts, "find_strays", look)
    store.strays(remove=True)
    assert seen == [True]
    store.resume(attempt.run, by=LOCAL)
    again = start(store, attempt.run)
    store.begin(again, identity.own(), {})
    publish(store, again, "last", "new")
    assert store.strays(remove=True) == ()
    assert store.checkpoints(again.run, by=LOCAL)[0].is_whole()


def test_the_room_that_everything_takes_is_told(store, tmp_path):
    run, other = finished(store, by=ADA), finished(store, by=BOB)
    decoded(tmp_path, 1)
    upload = keep_upload(handed(two_classes()), by=ADA)
    size = run_bytes(store, run, by=ADA)
    assert size == sum(
        len(content) for content in everything_in(paths.home() / "runs" / run).values()
    )
    store.delete(other, by=BOB)
    everybodys, adas, bobs = (disk_use(store, by=who) for who in (LOCAL, ADA, BOB))
    assert (adas.runs, adas.binned, adas.uploads) == (size, 0, upload.bytes)
    assert (bobs.runs, bobs.binned, bobs.uploads) == (bobs.binned, bobs.runs, 0)
    assert everybodys.runs == adas.runs + bobs.runs
    assert everybodys.cache == sum(shelf.bytes for shelf in cache.shelves()) > 0
    assert everybodys.free > 0


def test_an_upload_that_runs_need_is_not_deleted_without_saying_so(store):
    upload = keep_upload(handed(two_classes()), by=ADA)
    data = Data(name="folder", path=upload.path)
    run = store.submit(RECIPE.model_copy(update={"data": data}), by=ADA).id
    submit(store, by=ADA)
    with pytest.raises(RunError, match=f"1 run was made with these pictures \\({run}\\)"):
        delete_upload(store, upload.id, by=ADA)
    assert list_uploads(by=ADA)
    assert delete_upload(store, upload.id, by=ADA, anyway=True).binned
    with pytest.raises(DataMissing, match="in the bin"):
        open_dataset(data, Input())
    restore_upload(upload.id, by=ADA)
    assert open_dataset(data, Input()).classes == ("cats", "dogs")


def test_the_runs_of_others_are_counted_and_not_named(store):
    store.set_rules(Rules(show_others=False), by=LOCAL)
    upload = keep_upload(handed(two_classes()), by=ADA)
    share_upload(upload.id, by=ADA, shared=True)
    recipe = RECIPE.model_copy(update={"data": Data(name="folder", path=upload.path)})
    run = store.submit(recipe, by=BOB).id
    with pytest.raises(RunError, match="1 run was made") as caught:
        delete_upload(store, upload.id, by=ADA)
    assert run not in str(caught.value)


def test_uploads_leave_the_bin_with_the_runs(store):
    upload = keep_upload(handed(two_classes()), by=ADA)
    delete_upload(store, upload.id, by=ADA)
    later = wall.time() + 9 - NOON
    assert [each.what for each in empty_bin(store, by=ADA, older_than=-later)] == ["upload"]
    assert list_uploads(by=LOCAL, binned=True) == ()


def of_upload(store, upload, *, by=LOCAL):
    """A run with pictures of an upload."""
    recipe = RECIPE.model_copy(update={"data": Data(name="folder", path=upload.path)})
    attempt = start(store, store.submit(recipe, by=by).id)
    store.begin(attempt, identity.own(), {})
    for kind in ("predictions", "pictures"):
        publish(store, attempt, kind, kind)
    store.end(attempt, State.FINISHED, "done")
    return attempt.run


def test_runs_that_still_show_pictures_of_a_deleted_upload_are_told_and_can_let_them_go(store):
    upload = keep_upload(handed(two_classes()), by=LOCAL)
    run, binned, other = of_upload(store, upload), of_upload(store, upload), finished(store)
    store.delete(binned, by=LOCAL)
    delete_upload(store, upload.id, by=LOCAL, anyway=True)
    empty_upload_bin(wall.time(), by=LOCAL)
    assert {each.id for each in showing(store, [upload.id], by=LOCAL)} == {run, binned}
    assert showing(store, [upload.id], by=ADA) == ()
    for each in (run, binned):
        drop_pictures(store, each, by=LOCAL)
    assert showing(store, [upload.id], by=LOCAL) == ()
    assert [each for each in files_of(store, run) if "pictures" in each] == []
    assert any("predictions" in each for each in files_of(store, run))
    assert any("pictures" in each for each in files_of(store, other))


def test_what_absent_visitors_left_goes_and_all_else_stays(store, time):
    store.set_rules(Rules(absent=1000.0), by=LOCAL)
    time.wall = wall.time()
    ended, bobs, mine = finished(store, by=ADA), finished(store, by=BOB), finished(store)
    waiting = submit(store, by=ADA)
    used = keep_upload(handed(two_classes(7)), by=BOB)
    of_upload(store, used, by=BOB)
    left = keep_upload(handed(two_classes()), by=ADA)
    time.pass_by(900)
    assert expire(store) == ()
    store.visits.note(BOB)
    time.pass_by(200)
    assert names(expire(store)) == [("old run", ended), ("upload", left.id)]
    assert {run.id for run in store.list(by=LOCAL)} >= {bobs, mine, waiting}
    assert [each.id for each in list_uploads(by=LOCAL)] == [used.id]
    assert not (store.home / "runs" / ended).exists()


def test_where_no_rule_says_so_nothing_ever_expires(store, time):
    run = finished(store, by=ADA)
    time.pass_by(10**9)
    assert expire(store) == ()
    assert store.get(run, by=ADA)
