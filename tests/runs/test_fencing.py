"""Whoever has lost the right to a run can write nothing, however late they come to themselves."""

from dataclasses import replace

import pytest

from bench.support.lives import publish, start, submit, work
from tlcore.access import LOCAL
from tlcore.errors import Fenced
from tlcore.events import Note
from tlcore.runs import identity
from tlcore.runs.records import LEASE, Metric
from tlcore.runs.states import State

pytestmark = pytest.mark.processes


def ended(store, time):
    attempt = work(store)
    store.end(attempt, State.FAILED, "a rehearsal")
    return attempt


def found_lost(store, time):
    attempt = work(store)
    time.pass_by(LEASE + 1)
    store.find_lost()
    return attempt


def waiting_again(store, time):
    attempt = found_lost(store, time)
    store.resume(attempt.run, by=LOCAL)
    return attempt


def taken_over(store, time):
    attempt = waiting_again(store, time)
    start(store, attempt.run)
    return attempt


def taken_over_and_begun(store, time):
    attempt = waiting_again(store, time)
    store.begin(start(store, attempt.run), identity.own(), {})
    return attempt


def forgotten(store, time):
    attempt = ended(store, time)
    store.delete(attempt.run, by=LOCAL)
    store.forget(attempt.run, by=LOCAL)
    return attempt


def guessed(store, time):
    return replace(work(store), token="0" * 32)


def of_another_run(store, time):
    return replace(work(store), run=work(store).run)


def of_another_number(store, time):
    return replace(work(store), number=2)


def of_no_run(store, time):
    return replace(work(store), run="../" * 5)


STALE = [
    ended,
    found_lost,
    waiting_again,
    taken_over,
    taken_over_and_begun,
    forgotten,
    guessed,
    of_another_run,
    of_another_number,
    of_no_run,
]
WRITES = {
    "begin": lambda store, attempt, draft: store.begin(attempt, identity.own(), {"torch": "0"}),
    "beat": lambda store, attempt, draft: store.beat(attempt, progress=10**6),
    "events": lambda store, attempt, draft: store.record(attempt, [Note("too late")]),
    "metrics": lambda store, attempt, draft: store.record(
        attempt, metrics=[Metric("loss", 0, 0, 0.0)]
    ),
    "publish": lambda store, attempt, draft: store.publish(attempt, "result", draft),
    "finish": lambda store, attempt, draft: store.end(attempt, State.FINISHED, "too late"),
    "pause": lambda store, attempt, draft: store.end(attempt, State.PAUSED, "too late"),
}


def everything(store):
    """All that the store knows, and all files but those of the database."""
    with store._database.reading() as sql:
        rows = list(sql.iterdump())
    files = {path: path.read_bytes() for path in store.home.glob("runs/**/*") if path.is_file()}
    return rows, files


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("stale", STALE, ids=lambda make: make.__name__)
def test_a_stale_attempt_can_write_nothing(store, time, tmp_path, stale, write):
    attempt = stale(store, time)
    draft = tmp_path / "result.json"
    if attempt.run != "../" * 5 and (store.home / "runs" / attempt.run).exists():
        draft = store.home / "runs" / attempt.run / "late.json"
    draft.write_text("late")
    before = everything(store)
    with pytest.raises(Fenced):
        WRITES[write](store, attempt, draft)
    assert everything(store) == before
    assert draft.read_text() == "late"


def test_the_attempt_that_took_over_isnt_disturbed_by_the_old_one(store, time):
    old = waiting_again(store, time)
    new = start(store, old.run)
    store.begin(new, identity.own(), {})
    for write in ("beat", "events", "finish"):
        with pytest.raises(Fenced):
            WRITES[write](store, old, None)
    publish(store, new, "result", "whole")
    store.end(new, State.FINISHED, "as it should")
    assert store.get(new.run, by=LOCAL).reason == "as it should"


def test_an_attempt_is_begun_once(store):
    attempt = start(store, submit(store))
    store.begin(attempt, identity.own(), {})
    with pytest.raises(Fenced, match="begun already"):
        store.begin(attempt, identity.own(), {})


def test_a_take_over_between_sealing_and_publishing_is_noticed(store, time, monkeypatch):
    """The right is looked at in the very transaction that publishes, not only before."""
    from tlcore.runs import artifacts

    attempt = work(store)
    seal = artifacts.seal

    def seal_slowly(*given):
        sealed = seal(*given)
        time.pass_by(LEASE + 1)
        store.find_lost()
        return sealed

    monkeypatch.setattr(artifacts, "seal", seal_slowly)
    draft = store.folder(attempt.run, by=LOCAL).drafts(1) / "last"
    draft.write_text("late")
    with pytest.raises(Fenced):
        store.publish(attempt, "last", draft)
    assert store.checkpoints(attempt.run, by=LOCAL) == ()
    assert draft.exists()
