import shutil
import threading
from types import SimpleNamespace

import pytest

from bench.support.lives import RECIPE, bring_to, publish, start, submit, work
from tlcore.access import GIGABYTE, LOCAL, PRIVATE, PUBLIC, Owner, Rules, anonymous
from tlcore.errors import NotAllowed, QuotaExceeded
from tlcore.runs import limits
from tlcore.runs.records import LEASE
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

ADA = anonymous(name="Ada")
BOB = anonymous(name="Bob")
TIGHT = Rules(running=1, queued=3)


def submit_until_refused(store, by, attempts=500):
    """How many of so many submits are accepted."""
    accepted = 0
    for _ in range(attempts):
        try:
            submit(store, by=by)
        except QuotaExceeded:
            continue
        accepted += 1
    return accepted


def test_of_five_hundred_submits_exactly_the_quota_is_accepted(store):
    store.set_rules(TIGHT, by=LOCAL)
    assert submit_until_refused(store, ADA) == 4
    assert len(store.list(by=ADA)) == 4
    assert len(list((store.home / "runs").iterdir())) == 4


def test_it_doesnt_matter_how_quickly_the_first_leaves_the_queue(store):
    store.set_rules(TIGHT, by=LOCAL)
    start(store, submit(store, by=ADA))
    assert submit_until_refused(store, ADA, attempts=20) == 3


def test_of_five_hundred_submits_at_once_exactly_the_quota_is_accepted(store):
    store.set_rules(TIGHT, by=LOCAL)
    accepted = []

    def submit_many():
        accepted.append(submit_until_refused(RunStore(store.home), ADA, attempts=125))

    threads = [threading.Thread(target=submit_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(accepted) == 4


def test_the_quota_of_one_is_not_anothers(store):
    store.set_rules(TIGHT, by=LOCAL)
    assert submit_until_refused(store, ADA, attempts=5) == 4
    assert submit_until_refused(store, BOB, attempts=5) == 4
    assert submit_until_refused(store, LOCAL, attempts=10) == 10


def test_the_refusal_says_what_to_do(store):
    store.set_rules(TIGHT, by=LOCAL)
    submit_until_refused(store, ADA, attempts=5)
    with pytest.raises(QuotaExceeded, match="4 runs that wait or work") as caught:
        submit(store, by=ADA)
    assert "cancel one" in caught.value.remedy


def test_room_that_becomes_free_can_be_used_again(store):
    store.set_rules(TIGHT, by=LOCAL)
    submit_until_refused(store, ADA, attempts=5)
    store.ask(store.list(by=ADA)[0].id, "cancel", by=ADA)
    assert submit_until_refused(store, ADA, attempts=5) == 1


def test_nobody_has_more_runs_at_work_than_the_rules_give(store):
    store.set_rules(TIGHT, by=LOCAL)
    for owner in (ADA, ADA, BOB, LOCAL, LOCAL):
        submit(store, by=owner)
    owners = []
    while attempt := store.claim(device="cpu"):
        owners.append(store.get(attempt.run, by=LOCAL).owner)
    assert sorted(owners, key=repr) == sorted([ADA, BOB, LOCAL, LOCAL], key=repr)
    assert store.queued() == 1


def test_who_resumes_is_held_to_the_same_quota(store):
    store.set_rules(TIGHT, by=LOCAL)
    paused = [bring_to(store, State.PAUSED, by=ADA) for _ in range(2)]
    submit_until_refused(store, ADA, attempts=5)
    with pytest.raises(QuotaExceeded):
        store.resume(paused[0], by=ADA)
    assert store.get(paused[0], by=ADA).state == State.PAUSED
    assert store.resume(paused[1], by=LOCAL).state == State.QUEUED


def test_whose_files_fill_their_share_start_nothing_new(store):
    store.set_rules(Rules(bytes=1000), by=LOCAL)
    attempt = work(store, by=ADA)
    publish(store, attempt, "last", "x" * 999)
    submit(store, by=ADA)
    publish(store, attempt, "result", "x")
    with pytest.raises(QuotaExceeded, match="fill"):
        submit(store, by=ADA)
    submit(store, by=BOB)


def test_files_in_the_bin_still_count_until_they_are_gone(store):
    store.set_rules(Rules(bytes=1000), by=LOCAL)
    attempt = work(store, by=ADA)
    publish(store, attempt, "last", "x" * 1000)
    store.end(attempt, State.FAILED, "a rehearsal")
    store.delete(attempt.run, by=ADA)
    with pytest.raises(QuotaExceeded):
        submit(store, by=ADA)
    store.forget(attempt.run, by=ADA)
    submit(store, by=ADA)


def work_for(store, time, attempt, seconds):
    for _ in range(int(seconds / LEASE)):
        time.pass_by(LEASE)
        store.beat(attempt, progress=1)


def test_computing_time_is_counted_for_a_day(store, time):
    store.set_rules(Rules(seconds=600), by=LOCAL)
    attempt = work(store, by=ADA)
    work_for(store, time, attempt, seconds=590)
    submit(store, by=ADA)
    work_for(store, time, attempt, seconds=20)
    assert store.usage(by=ADA).seconds == 610
    with pytest.raises(QuotaExceeded, match="10 minutes"):
        submit(store, by=ADA)
    time.pass_by(limits.DAY)
    submit(store, by=ADA)


def test_time_that_was_used_is_used_whatever_is_deleted(store, time):
    store.set_rules(Rules(seconds=600), by=LOCAL)
    attempt = work(store, by=ADA)
    work_for(store, time, attempt, seconds=610)
    store.end(attempt, State.FINISHED, "done")
    store.delete(attempt.run, by=ADA)
    store.forget(attempt.run, by=ADA)
    assert store.usage(by=ADA).seconds == 610
    with pytest.raises(QuotaExceeded, match="10 minutes"):
        submit(store, by=ADA)


def test_one_person_has_as_many_runs_as_the_rules_say_the_bin_included(store):
    store.set_rules(Rules(runs_each=3), by=LOCAL)
    for _ in range(3):
        run = submit(store, by=ADA)
        store.ask(run, "cancel", by=ADA)
        store.delete(run, by=ADA)
    with pytest.raises(QuotaExceeded, match="You have 3 runs"):
        submit(store, by=ADA)
    submit(store, by=BOB)
    for _ in range(4):
        submit(store)


def test_whoever_comes_when_room_is_scarce_still_finds_some(store):
    store.set_rules(Rules(runs=40, runs_each=30), by=LOCAL)
    for person in (ADA, BOB, *(anonymous() for _ in range(5))):
        assert submit_until_refused(store, person, attempts=40) >= limits.FEW_RUNS
    assert store.usage(by=ADA).runs < 10


def test_who_has_used_up_their_time_is_asked_to_stop_and_told_why(store, time):
    store.set_rules(Rules(seconds=600), by=LOCAL)
    attempt, local = work(store, by=ADA), work(store)
    work_for(store, time, attempt, seconds=590)
    assert store.beat(attempt, progress=1) is None
    time.pass_by(10)
    assert store.beat(attempt, progress=2) == "stop"
    run = store.get(attempt.run, by=ADA)
    assert run.state == State.STOPPING
    assert "10 minutes" in run.reason
    assert store.beat(local, progress=1) is None


def test_all_together_have_no_more_runs_than_the_lab_keeps(store):
    store.set_rules(Rules(runs=2), by=LOCAL)
    run = bring_to(store, State.FAILED, by=ADA)
    submit(store, by=BOB)
    for owner in (BOB, LOCAL):
        with pytest.raises(QuotaExceeded, match="2 runs, as many as the lab keeps"):
            submit(store, by=owner)
    store.resume(run, by=ADA)


def test_some_of_the_disk_stays_free(store, monkeypatch):
    store.set_rules(Rules(free_bytes=5 * GIGABYTE), by=LOCAL)
    run = bring_to(store, State.PAUSED)
    free = SimpleNamespace(free=5 * GIGABYTE - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(QuotaExceeded, match="Less than 5 GB"):
        submit(store)
    with pytest.raises(QuotaExceeded, match="Less than 5 GB"):
        store.resume(run, by=LOCAL)
    free.free += 1
    submit(store)


def test_quotas_are_on_where_the_lab_is_open_to_anybody_and_nowhere_else(store, monkeypatch):
    assert store.rules() == PRIVATE
    monkeypatch.setenv("TL_PUBLIC", "0")
    assert store.rules() == PRIVATE
    monkeypatch.setenv("TL_PUBLIC", "1")
    assert store.rules() == PUBLIC
    assert (PUBLIC.running, PUBLIC.queued) == (1, 3)
    assert (PUBLIC.bytes, PUBLIC.free_bytes) == (GIGABYTE, 5 * GIGABYTE)
    assert not PUBLIC.show_others


def test_a_lab_that_is_opened_later_keeps_only_what_was_set_on_purpose(store, monkeypatch):
    store.set_rules(Rules(show_others=True, queued=7), by=LOCAL)
    monkeypatch.setenv("TL_PUBLIC", "1")
    assert store.rules() == Rules(**{**vars(PUBLIC), "queued": 7})


@pytest.mark.parametrize("owner", [ADA, Owner(""), Owner("Local"), Owner("local ")])
def test_only_who_sits_at_the_machine_sets_the_rules(store, owner):
    with pytest.raises(NotAllowed):
        store.set_rules(Rules(show_others=True), by=owner)
    assert store.rules() == PRIVATE


def test_usage_is_counted(store, time):
    attempt = work(store, by=ADA)
    submit(store, by=ADA)
    submit(store, by=BOB)
    publish(store, attempt, "last", "x" * 42)
    time.pass_by(3)
    store.beat(attempt, progress=1)
    usage = store.usage(by=ADA)
    assert (usage.running, usage.queued, usage.bytes, usage.seconds) == (1, 1, 42, 3)


def test_a_refused_recipe_leaves_no_folder_behind(store):
    store.set_rules(Rules(runs=0), by=LOCAL)
    with pytest.raises(QuotaExceeded):
        store.submit(RECIPE, by=LOCAL)
    assert not list(store.home.glob("runs/*"))
