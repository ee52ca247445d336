"""The page Runs: every run in its place, and for each what makes sense as it stands."""

import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from bench.support.archives import finished
from bench.support.lives import bring_to, start, submit, work
from tests.ui.looking import button, finish, given_to, open_page
from tlcore.access import LOCAL, Rules, known_by
from tlcore.errors import QuotaExceeded
from tlcore.recipe import Recipe
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.transfer import export_run
from tlcore.ui.runs import actions, listing
from tlcore.ui.shared import choosing

NASTY = "<img src=x onerror=alert(1)> **bold** [a](http://b) :red[c] $x$ `d` 🧊"


@pytest.fixture
def store():
    return RunStore()


def listed(page):
    return [(item["group"], item["id"]) for item in given_to(page, "runs_listing")["items"]]


def labels(page):
    return {each.label for each in page.button} - {"Keep this name"}


def test_without_runs_it_says_so_and_leads_on():
    page = open_page("runs")
    assert "no such runs yet" in page.caption[1].value
    assert len(page.get("page_link")) == 2


def test_what_works_comes_first_then_the_queue_in_its_order_then_the_rest(store):
    old, new = finished(store), finished(store)
    paused, at_work = bring_to(store, State.PAUSED), bring_to(store, State.RUNNING)
    first, second = submit(store), submit(store)
    assert listed(open_page("runs")) == [
        ("At work", at_work),
        ("In the queue", first),
        ("In the queue", second),
        ("Paused", paused),
        ("Ended", new),
        ("Ended", old),
    ]


def test_the_list_says_how_each_stands_and_of_the_tested_what_the_test_says(store):
    submit(store), submit(store), finished(store), bring_to(store, State.RUNNING)
    words = {item["words"] for item in given_to(open_page("runs"), "runs_listing")["items"]}
    assert "running · 0 of 3 epochs" in words
    assert any(each.startswith("next in the queue, ") for each in words)
    assert any(each.startswith("waits: place 2 in the queue, ") for each in words)
    assert any("[" in each and each.endswith("right") for each in words)


@pytest.mark.parametrize(
    ("filter", "states"),
    [
        ("Under way", {"queued", "running"}),
        ("Finished", {"finished"}),
        ("Stopped or failed", {"failed"}),
    ],
)
def test_a_filter_shows_these_runs_alone(store, filter, states):
    submit(store), finished(store), bring_to(store, State.RUNNING), bring_to(store, State.FAILED)
    page = open_page("runs")
    page.segmented_control(key="which runs").set_value(filter).run()
    assert {item["state"] for item in given_to(page, "runs_listing")["items"]} == states


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (State.QUEUED, {"Cancel", "Duplicate"}),
        (State.RUNNING, {"Pause", "Stop and keep the best", "Cancel", "Duplicate"}),
        (State.PAUSING, {"Stop and keep the best", "Cancel", "Duplicate"}),
        (State.STOPPING, {"Cancel", "Duplicate"}),
        (State.PAUSED, {"Resume", "Cancel", "Duplicate", "Delete"}),
        (State.STOPPED, {"Go on", "Duplicate", "Delete"}),
        (State.FAILED, {"Try again", "Duplicate", "Delete"}),
        (State.FINISHED, {"Duplicate", "Delete"}),
    ],
)
def test_only_what_makes_sense_is_offered(store, state, offered):
    assert labels(open_page("runs", run=bring_to(store, state))) == offered


@pytest.mark.parametrize(
    ("label", "state", "asked"),
    [
        ("Pause", State.PAUSING, "pause"),
        ("Stop and keep the best", State.STOPPING, "stop"),
        ("Cancel", State.STOPPING, "cancel"),
    ],
)
def test_a_button_asks_the_worker(store, label, state, asked):
    run = bring_to(store, State.RUNNING)
    page = open_page("runs", run=run)
    button(page, label).click().run()
    found = store.get(run, by=LOCAL)
    assert (found.state, found.request) == (state, asked)
    assert label not in labels(page)


@pytest.mark.parametrize("state", [State.PAUSED, State.STOPPED, State.FAILED])
def test_a_run_at_rest_goes_back_into_the_queue_and_somebody_sees_to_it(store, state, monkeypatch):
    asked: list[Path] = []
    monkeypatch.setattr(actions, "ensure_dispatcher", asked.append)
    run = bring_to(store, state)
    page = open_page("runs", run=run)
    button(page, actions._RESUME[state][0]).click().run()
    assert store.get(run, by=LOCAL).state == State.QUEUED
    assert asked == [store.home]


def test_a_click_that_comes_too_late_shows_how_the_run_stands_now(store):
    attempt = start(store, submit(store))
    page = open_page("runs", run=attempt.run)
    store.end(attempt, State.FAILED, "so it went")
    button(page, "Pause").click().run()
    assert page.error[0].value == "so it went"
    assert "Try again" in labels(page)


def test_what_the_rules_refuse_is_told_in_words(store, monkeypatch):
    monkeypatch.setattr(RunStore, "resume", _refuse)
    page = open_page("runs", run=bring_to(store, State.PAUSED))
    button(page, "Resume").click().run()
    assert page.error[0].value.startswith("You have 4 runs")


def _refuse(*given, **named):
    raise QuotaExceeded("You have 4 runs that wait or work", remedy="Wait.")


def test_a_deleted_run_lies_in_the_bin_and_comes_back(store):
    other, run = finished(store), finished(store)
    page = open_page("runs", run=run)
    button(page, "Delete").click().run()
    assert store.get(run, by=LOCAL).binned
    assert given_to(page, "runs_listing")["chosen"] == other
    button(page, "Undo").click().run()
    assert store.get(run, by=LOCAL).binned is None
    assert given_to(page, "runs_listing")["chosen"] == run
    assert "Undo" not in labels(page)


def test_a_run_in_the_bin_can_be_looked_at_and_restored(store):
    run = finished(store)
    store.delete(run, by=LOCAL)
    page = open_page("runs", run=run)
    assert labels(page) == {"Restore"}
    button(page, "Restore").click().run()
    assert store.get(run, by=LOCAL).binned is None
    assert "Delete" in labels(page)


def test_a_link_opens_the_run_that_was_looked_at(store):
    finished(store)
    page = open_page("runs")
    assert page.query_params["run"] in (run := given_to(page, "runs_listing")["chosen"], [run])


def test_the_bin_is_emptied_only_when_asked_twice(store):
    run = finished(store)
    store.delete(run, by=LOCAL)
    page = open_page("runs")
    page.segmented_control(key="which runs").set_value("Bin").run()
    assert [item["id"] for item in given_to(page, "runs_listing")["items"]] == [run]
    button(page, "Delete them for good").click().run()
    assert store.list(by=LOCAL, binned=True) == ()
    assert not page.exception


def test_runs_show_what_they_are_and_whose(store):
    mine = store.submit(Recipe(), by=LOCAL).id
    store.submit(Recipe(name="typed"), by=known_by("some key", name="Ada"))
    items = given_to(open_page("runs", run=mine), "runs_listing")["items"]
    assert [(each["name"], each["owner"]) for each in items] == [
        ("shapes · head only · 5 epochs", ""), ("typed", "Ada"),
    ]  # fmt: skip
    assert {each["about"] for each in items} == {"shapes · Pebble for shapes · head only"}


def test_a_run_is_renamed(store):
    run = finished(store)
    page = open_page("runs", run=run)
    page.text_input[0].set_value(NASTY).run()
    button(page, "Keep this name").click().run()
    assert store.get(run, by=LOCAL).name == NASTY
    assert given_to(page, "runs_listing")["items"][0]["name"] == NASTY


def test_duplicating_makes_its_recipe_the_draft(store):
    run = submit(store)
    page = open_page("runs", run=run)
    button(page, "Duplicate").click().run()
    draft, recipe = Recipe(**page.session_state["draft"]), store.recipe(run, by=LOCAL)
    assert draft.id == recipe.id
    assert draft.name == "", "a typed name is of one run"


def test_a_name_is_never_read_as_markup(store):
    run = store.submit(Recipe(), by=LOCAL, name=NASTY).id
    page = open_page("runs", run=run)
    shown = page.subheader[0].value
    assert NASTY not in shown
    assert shown.replace("\\", "").replace("\u2060", "") == NASTY.replace("\\", "")


def test_a_failure_says_why_without_being_read_as_markup(store):
    attempt = work(store)
    store.end(attempt, State.FAILED, NASTY)
    page = open_page("runs", run=attempt.run)
    assert page.error[0].value.replace("\\", "").replace("\u2060", "") == NASTY


def test_an_address_of_no_run_is_told_and_the_list_still_stands(store):
    run = finished(store)
    page = open_page("runs", run="20990101-000000-0123456789abcdef")
    assert "There is no run" in page.error[0].value.replace("\\", "")
    assert [item["id"] for item in given_to(page, "runs_listing")["items"]] == [run]


def test_its_recipe_can_be_taken_home_as_yaml(store):
    run = submit(store)
    page = open_page("runs", run=run)
    page.session_state["details of run"] = "Recipe"
    page.run()
    assert yaml.safe_load(page.code[0].value)["epochs"] == 3


def test_its_log_is_text(store):
    run = finished(store)
    store.folder(run, by=LOCAL).log.write_text("<b>one</b>\n" * 500)
    page = open_page("runs", run=run)
    page.session_state["details of run"] = "Log"
    page.run()
    assert page.code[0].value.splitlines() == ["<b>one</b>"] * 200


def test_its_history_says_every_state_and_why(store):
    page = open_page("runs", run=bring_to(store, State.FAILED))
    table = page.dataframe[0].value
    assert list(table["state"]) == ["queued", "starting", "running", "failed"]
    assert table["why"].iloc[-1] == "so it went"


def test_a_run_from_a_file_is_taken_in_and_looked_at(store, tmp_path):
    file = export_run(store, finished(store), tmp_path / "run.thaw", by=LOCAL)
    page = open_page("runs")
    page.file_uploader[0].upload("run.thaw", file.read_bytes()).run()
    button(page, "Take it in").click().run()
    new = store.list(by=LOCAL)[0]
    assert new.origin
    assert page.query_params["run"] in (new.id, [new.id])


def test_a_file_that_is_no_run_is_refused_in_words(store):
    page = open_page("runs")
    page.file_uploader[0].upload("run.thaw", b"PK but nothing else").run()
    button(page, "Take it in").click().run()
    assert page.error
    assert store.list(by=LOCAL) == ()


def test_two_hundred_runs_are_listed_some_at_a_time_and_quickly(store):
    for _ in range(200):
        submit(store)
    page = open_page("runs")
    assert len(listed(page)) == listing.AT_ONCE
    page.session_state["page of runs"] = 20
    page.run()
    assert len(listed(page)) == listing.AT_ONCE
    assert min(timed(page.run) for _ in range(3)) < 1.0  # 0.1 s here; a busy machine takes longer


def timed(do):
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def test_in_a_lab_open_to_anybody_others_runs_are_not_even_named(store, monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10**12))
    theirs = finished(store, by=known_by("Ada's key"))
    page = open_page("runs", run=theirs)
    assert "There is no run" in page.error[0].value.replace("\\", "")
    assert theirs not in json.dumps([str(each.proto) for each in page.get("bidi_component")])


def test_where_others_are_shown_their_runs_can_be_looked_at_and_duplicated_only(store, monkeypatch):
    store.set_rules(Rules(show_others=True), by=LOCAL)
    theirs = bring_to(store, State.RUNNING, by=known_by("Ada's key", name="*Ada*"))
    monkeypatch.setattr("tlcore.ui.shared.session.is_public", lambda: True)
    page = open_page("runs", run=theirs)
    assert labels(page) == {"Duplicate"}
    assert any("\\*Ada\\*'s" in each.value for each in page.caption)


def test_of_many_runs_a_box_offers_some_and_a_field_finds_the_others(monkeypatch):
    monkeypatch.setattr(choosing, "MOST", 2)
    runs = [finish(monkeypatch, name=name) for name in ("First cat", "Dog", "Horse")]
    page = open_page("results", run=runs[1])
    [box] = [each for each in page.selectbox if each.label == "Run"]
    assert [option.split(" · ")[0] for option in box.options] == ["Horse", "Dog"]
    [field] = [each for each in page.text_input if each.label.startswith("Find among 3 runs")]
    field.set_value("CAT").run()
    [box] = [each for each in page.selectbox if each.label == "Run"]
    assert [option.split(" · ")[0] for option in box.options] == ["Dog", "First cat"]
