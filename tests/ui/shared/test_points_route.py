"""What a chart is told of a run: all of it once, then only what is new, and only who may see it."""

import json
import math

import pytest
from starlette.requests import Request

from bench.support.archives import finished
from bench.support.lives import bring_to, submit, work
from tlcore import paths
from tlcore.access import LOCAL, known_by
from tlcore.errors import StoreError
from tlcore.events import Note, PhaseBegan, Started
from tlcore.runs.records import Metric
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.visits import signed_key
from tlcore.schedule.plan import PhaseCount
from tlcore.ui.shared import points_route
from tlcore.ui.shared.session import COOKIE

KEY = "a key that only Ada's browser knows"


@pytest.fixture
def store():
    return RunStore()


def ask(query, *, cookie=""):
    """The answer and its status."""
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())] if cookie else []
    scope = {"type": "http", "method": "GET", "path": points_route.ROUTE.path,
             "query_string": query.encode(), "headers": headers}  # fmt: skip
    answer = points_route.answer(Request(scope))
    return json.loads(bytes(answer.body)), answer.status_code


def news_of(run, since=""):
    (news,) = ask(f"run={run}&since={since}")[0]["runs"]
    return news


def test_everything_is_told_once_and_then_only_what_is_new(store):
    attempt = work(store)
    store.record(attempt, [Note("hello")], [Metric("loss", 0, 0, 0.5, 0.1)])
    first = news_of(attempt.run)
    assert first["curves"] == {"loss": [[0, 0, 0.5, 0.1]]}
    assert first["notes"] == ["hello"]
    store.record(attempt, [Note("again")], [Metric("train_loss", 0, 0, 0.4, 0.2)])
    second = news_of(attempt.run, first["next"])
    assert second["curves"] == {"train_loss": [[0, 0, 0.4, 0.2]]}
    assert second["notes"] == ["again"]
    third = news_of(attempt.run, second["next"])
    assert (third["curves"], third["notes"], third["next"]) == ({}, [], second["next"])


def test_a_point_measured_again_is_told_again(store):
    attempt = work(store)
    store.record(attempt, metrics=[Metric("loss", 0, 0, 0.5)])
    place = news_of(attempt.run)["next"]
    store.record(attempt, metrics=[Metric("loss", 0, 0, 0.4)])
    assert news_of(attempt.run, place)["curves"] == {"loss": [[0, 0, 0.4, 0.0]]}


def test_a_value_that_is_no_number_is_null_and_the_answer_still_is_json(store):
    attempt = work(store)
    store.record(attempt, metrics=[Metric("loss", 0, 0, math.nan), Metric("loss", 0, 1, math.inf)])
    values = [point[2] for point in news_of(attempt.run)["curves"]["loss"]]
    assert values == [None, None]


def test_phases_are_told_with_the_epoch_in_which_they_thaw_and_whether_they_have(store):
    attempt = work(store)
    phases = (PhaseCount(0, "head", 2, 1, 9), PhaseCount(1, "last 1 blocks", 3, 5, 9))
    started = Started("r", "cpu", "float32", ("a", "b"), 65, 6, 12, phases, 5)
    store.record(attempt, [started, PhaseBegan(0, 0, "head", 1, 9, cached=True)])
    news = news_of(attempt.run)
    assert news["planned"] == [[0, "thaws: head", True], [2, "thaws: the last block", True]]
    assert news["begun"] == [0]
    assert news["steps"] == 3  # 65 pictures, 32 a step


def test_who_waits_is_told_its_place(store):
    first, second = submit(store), submit(store)
    answer, _ = ask(f"run={first},{second}")
    assert [news["place"] for news in answer["runs"]] == [1, 2]


def test_whoever_works_is_told_with_the_memory_it_takes(store):
    attempt = work(store)
    assert news_of(attempt.run)["memory"] > 10_000_000  # this very process


@pytest.mark.parametrize(
    ("state", "again"),
    [
        (State.QUEUED, 0.6), (State.STARTING, 0.6), (State.RUNNING, 0.6), (State.PAUSING, 0.6),
        (State.PAUSED, 3.0), (State.FINISHED, None), (State.STOPPED, None), (State.FAILED, None),
    ],
)  # fmt: skip
def test_a_chart_asks_on_only_as_long_as_something_may_come(store, state, again):
    assert news_of(bring_to(store, state))["again"] == again


def test_a_run_in_the_bin_says_so_and_one_that_is_gone_too(store):
    run = finished(store)
    store.delete(run, by=LOCAL)
    assert news_of(run)["binned"]
    store.forget(run, by=LOCAL)
    assert "There is no run" in news_of(run)["gone"]


@pytest.mark.parametrize("run", ["x", "../../etc", "%00", "'; DROP TABLE run; --"])
def test_an_id_that_is_none_is_no_run(store, run):
    (news,) = ask(f"run={run}")[0]["runs"]
    assert "There is no run" in news["gone"]


@pytest.mark.parametrize("since", ["", "x", "1", "-1--1", "9" * 99 + "-1", "1.5-2"])
def test_a_place_that_is_none_is_the_beginning(store, since):
    assert len(news_of(finished(store), since)["curves"]["loss"]) == 9


def test_nobody_asks_for_more_than_so_many_at_once(store):
    answer, _ = ask("run=" + ",".join(["x"] * 500))
    assert len(answer["runs"]) == points_route.MOST_RUNS


def test_a_brief_answer_says_how_runs_stand_and_no_more(store):
    (news,) = ask(f"run={finished(store)}&brief=1")[0]["runs"]
    assert news["state"] == "finished"
    assert not {"curves", "notes", "next"} & news.keys()


def test_in_a_lab_open_to_anybody_only_its_owner_is_told_of_a_run(store, monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    run = finished(store, by=known_by(KEY))
    (mine,) = ask(f"run={run}", cookie=KEY)[0]["runs"]
    assert mine["state"] == "finished"
    (theirs,) = ask(f"run={run}", cookie=signed_key(paths.home()))[0]["runs"]
    assert "There is no run" in theirs["gone"]
    refused, status = ask(f"run={run}")
    assert status == 403
    assert "cookie" in refused["error"]


def test_a_store_that_fails_is_told_in_words(store, monkeypatch):
    def fail(*given, **named):
        raise StoreError("The disk is full")

    monkeypatch.setattr(RunStore, "get", fail)
    refused, status = ask(f"run={submit(store)}")
    assert status == 503
    assert refused["error"] == "The disk is full"
