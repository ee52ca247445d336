"""What a store promises, whether one process asks it or every call is another's."""

import json
import math

import pytest

from bench.support.lives import RECIPE, bring_to, publish, start, submit, work
from tests.runs.fake_run import train
from tlcore.access import LOCAL, Rules, anonymous
from tlcore.errors import RunError
from tlcore.events import Note
from tlcore.recipe import Model, Recipe
from tlcore.recipe.text import from_file
from tlcore.runs import identity
from tlcore.runs.records import Metric
from tlcore.runs.states import State

ADA = anonymous(name="Ada")
BOB = anonymous(name="Bob")


# Asking for runs


def test_a_new_run_waits_with_everything_that_was_said(any_store):
    run = any_store.submit(RECIPE, by=ADA, preset="demo", priority=2)
    assert (run.owner, run.owner.name, run.name) == (ADA, "Ada", RECIPE.name)
    assert (run.preset, run.priority, run.recipe_id) == ("demo", 2, RECIPE.id)
    assert (run.state, run.reason, run.attempt, run.request) == (State.QUEUED, "", 0, None)
    assert (run.epoch, run.epochs, run.progress) == (0, 3, 0)
    assert run.created == run.updated
    assert run.started is run.ended is run.binned is None
    assert any_store.get(run.id, by=ADA) == run
    assert any_store.recipe(run.id, by=ADA) == RECIPE


def test_its_recipe_also_lies_in_its_folder_to_be_run_again(any_store):
    run = any_store.submit(RECIPE, by=LOCAL, preset="demo").id
    folder = any_store.folder(run, by=LOCAL)
    assert folder.path == any_store.home / "runs" / run
    assert from_file(folder.path / "recipe.yaml") == RECIPE
    assert "preset: demo\n" in (folder.path / "recipe.yaml").read_text()


def test_a_run_may_have_another_name_than_its_recipe(any_store):
    run = any_store.submit(RECIPE, by=LOCAL, name="second try")
    assert run.name == "second try"
    assert any_store.rename(run.id, "third <b>try</b>", by=LOCAL).name == "third <b>try</b>"
    assert any_store.recipe(run.id, by=LOCAL).name == RECIPE.name


@pytest.mark.parametrize("name", ["x" * 301, "a\nb", "a\0b", "half \udc80"])
def test_a_name_that_fits_into_no_line_is_refused_and_leaves_nothing_behind(any_store, name):
    run = submit(any_store)
    with pytest.raises(RunError, match="one line of at most 300"):
        any_store.rename(run, name, by=LOCAL)
    with pytest.raises(RunError, match="one line of at most 300"):
        any_store.submit(RECIPE, by=LOCAL, name=name)
    with pytest.raises(RunError, match="nickname"):
        any_store.submit(RECIPE, by=anonymous(name=name))
    with pytest.raises(RunError, match="priority"):
        any_store.submit(RECIPE, by=LOCAL, priority=10**30)
    assert [each.id for each in any_store.list(by=LOCAL)] == [run]
    assert [each.name for each in (any_store.home / "runs").iterdir()] == [run]


def test_runs_are_listed_the_newest_first_some_at_a_time(any_store):
    runs = [submit(any_store) for _ in range(5)]
    assert [run.id for run in any_store.list(by=LOCAL)] == runs[::-1]
    assert [run.id for run in any_store.list(by=LOCAL, limit=2, offset=1)] == runs[3:1:-1]
    assert any_store.list(by=LOCAL, limit=0) == ()


def test_runs_are_listed_by_state(any_store):
    waiting, failed = submit(any_store), bring_to(any_store, State.FAILED)
    listed = {
        state: [run.id for run in any_store.list(by=LOCAL, states=[state])] for state in State
    }
    assert listed[State.QUEUED] == [waiting]
    assert listed[State.FAILED] == [failed]
    assert sum(map(len, listed.values())) == 2
    both = any_store.list(by=LOCAL, states={State.QUEUED, State.FAILED})
    assert [run.id for run in both] == [failed, waiting]


def test_a_recipe_survives_the_store_whatever_is_in_it(any_store):
    recipe = Recipe.model_validate(
        {"name": "bidi \u202e <script> [x](y)", "data": {"name": "folder", "path": "/a: b#c"}}
    )
    run = any_store.submit(recipe, by=LOCAL).id
    assert any_store.recipe(run, by=LOCAL) == recipe


# Taking them from the queue


def test_runs_are_taken_in_their_order_and_never_twice(any_store):
    runs = [submit(any_store) for _ in range(3)]
    assert [any_store.position(run, by=LOCAL) for run in runs] == [1, 2, 3]
    attempts = [any_store.claim(device="cpu") for _ in runs]
    assert [attempt.run for attempt in attempts] == runs
    assert len({attempt.token for attempt in attempts}) == 3
    assert any_store.claim(device="cpu") is None
    assert any_store.position(runs[0], by=LOCAL) is None
    assert [run.id for run in any_store.active()] == runs[::-1]


def test_one_persons_many_runs_dont_hold_up_another(any_store):
    many = [submit(any_store, by=ADA) for _ in range(3)]
    one = submit(any_store, by=BOB)
    assert any_store.position(one, by=BOB) == 2
    taken = []
    while attempt := any_store.claim(device="cpu"):  # one slot: each ends before the next begins
        taken.append(attempt.run)
        any_store.end(attempt, State.FAILED, "a rehearsal")
    assert taken == [many[0], one, *many[1:]]


def test_priority_counts_among_ones_own_runs_only(any_store):
    plain = submit(any_store, by=ADA)
    other = submit(any_store, by=BOB)
    urgent = submit(any_store, by=ADA, priority=5)
    order = [any_store.claim(device="cpu").run for _ in range(3)]
    assert order == [urgent, other, plain]


def test_position_tells_the_order_in_which_runs_are_taken(any_store):
    runs = [submit(any_store, by=by, priority=i % 2) for i, by in enumerate([ADA, ADA, BOB] * 3)]
    order = sorted(runs, key=lambda run: any_store.position(run, by=LOCAL))
    assert [any_store.claim(device="cpu").run for _ in runs] == order


def test_a_certain_run_can_be_taken_out_of_turn_if_it_still_waits(any_store):
    first, second = submit(any_store), submit(any_store)
    assert start(any_store, second).run == second
    assert any_store.claim(device="cpu", run=second) is None
    assert any_store.queued() == 1
    assert any_store.claim(device="cpu").run == first


def test_whoever_claims_is_told_the_device_and_holds_the_right(any_store):
    run = submit(any_store)
    assert any_store.attempt(run) is None
    attempt = any_store.claim(device="cuda:1", worker=identity.own())
    assert any_store.get(run, by=LOCAL).device == attempt.device == "cuda:1"
    assert any_store.attempt(run) == attempt
    assert any_store.worker(run) == identity.own()
    assert attempt.token not in repr(attempt)


# Working on them


def test_a_run_lives_from_the_queue_to_its_result(any_store):
    attempt = start(any_store, submit(any_store))
    any_store.begin(attempt, identity.own(), {"torch": "2.15"})
    for event in train(RECIPE):
        any_store.record(attempt, [event])
    any_store.end(attempt, State.FINISHED, "all 3 epochs are done")
    run = any_store.get(attempt.run, by=LOCAL)
    assert (run.state, run.reason) == (State.FINISHED, "all 3 epochs are done")
    assert (run.epoch, run.epochs, run.attempt) == (3, 3, 1)
    assert run.created <= run.started <= run.ended == run.updated
    changes = any_store.history(run.id, by=LOCAL)
    assert [change.after for change in changes] == ["queued", "starting", "running", "finished"]
    assert [change.before for change in changes] == [None, "queued", "starting", "running"]
    assert [change.attempt for change in changes] == [0, 1, 1, 1]
    assert changes[-1].why == run.reason
    assert changes[-1].at == run.ended


def test_the_environment_of_the_latest_attempt_lies_in_the_folder(any_store):
    attempt = start(any_store, submit(any_store))
    any_store.begin(attempt, identity.own(), {"torch": "2.15", "host": "ä"})
    folder = any_store.folder(attempt.run, by=LOCAL)
    assert json.loads(folder.environment.read_text()) == {"torch": "2.15", "host": "ä"}


def test_progress_grows_and_the_worker_learns_what_is_asked(any_store):
    attempt = work(any_store)
    assert any_store.beat(attempt, progress=7) is None
    assert any_store.beat(attempt, progress=3) is None
    assert any_store.get(attempt.run, by=LOCAL).progress == 7
    any_store.ask(attempt.run, "pause", by=LOCAL)
    assert any_store.beat(attempt, progress=8) == "pause"
    any_store.end(attempt, State.PAUSED, "as it was asked")
    assert any_store.get(attempt.run, by=LOCAL).request is None


def test_events_are_kept_in_order_with_number_attempt_and_time(any_store):
    attempt = work(any_store)
    any_store.record(attempt, [Note("one"), Note("two")])
    any_store.record(attempt, [Note("ä \udc80")])
    events = any_store.events(attempt.run, by=LOCAL)
    assert [event["text"] for event in events] == ["one", "two", "ä \udc80"]
    assert [event["seq"] for event in events] == [1, 2, 3]
    assert all(event["attempt"] == 1 and event["at"] > 0 for event in events)
    assert any_store.events(attempt.run, by=LOCAL, since=2) == events[2:]


def test_of_a_step_only_the_points_of_its_curves_are_kept(any_store):
    attempt = work(any_store)
    any_store.record(attempt, list(train(RECIPE)))
    kinds = {event["event"] for event in any_store.events(attempt.run, by=LOCAL)}
    assert "EpochDone" in kinds
    assert "StepDone" not in kinds
    points = any_store.metrics(attempt.run, by=LOCAL)
    assert [(p.epoch, p.step) for p in points if p.name == "loss"] == [
        (epoch, step) for epoch in range(3) for step in range(5)
    ]
    assert [p.value for p in points if p.name == "validation_loss"] == [0.6] * 3


def test_a_point_that_is_written_again_is_there_once_and_told_again(any_store):
    attempt = work(any_store)
    first = [Metric("loss", 0, step, 1.0) for step in range(4)]
    any_store.record(attempt, metrics=first)
    seen = any_store.metrics(attempt.run, by=LOCAL)[-1].seq
    any_store.record(attempt, metrics=[Metric("loss", 0, 2, 0.5), Metric("loss", 0, 4, 0.4)])
    points = any_store.metrics(attempt.run, by=LOCAL)
    assert sorted((p.step, p.value) for p in points) == [
        (0, 1.0), (1, 1.0), (2, 0.5), (3, 1.0), (4, 0.4),
    ]  # fmt: skip
    assert points[-2:] == any_store.metrics(attempt.run, by=LOCAL, since=seen)
    assert [p.seq for p in points] == sorted({p.seq for p in points})


def test_a_loss_that_is_no_number_comes_back_as_none(any_store):
    attempt = work(any_store)
    values = [math.nan, math.inf, -math.inf, 1e-300]
    points = [Metric("loss", 0, step, value, seconds=0.5) for step, value in enumerate(values)]
    any_store.record(attempt, metrics=points)
    back = any_store.metrics(attempt.run, by=LOCAL)
    assert math.isnan(back[0].value)
    assert [point.value for point in back[1:]] == values[1:]
    assert {point.seconds for point in back} == {0.5}


def test_of_many_points_some_are_given_and_of_each_epoch_all(any_store):
    attempt = work(any_store)
    steps = [Metric(name, 0, step, 0.5) for step in range(1000) for name in ("loss", "rate")]
    epochs = [Metric("train_loss", epoch, 0, 0.5) for epoch in range(3)]
    any_store.record(attempt, metrics=[*steps, *epochs])
    given = {"by": LOCAL, "names": ("loss", "train_loss"), "most": 100}
    points = any_store.metrics(attempt.run, **given)
    assert [point.name for point in points].count("train_loss") == 3
    assert 80 <= len(points) <= 110
    assert {point.name for point in points} == {"loss", "train_loss"}
    assert any_store.metrics(attempt.run, since=points[-1].seq, **given) == ()


def test_the_two_latest_states_are_kept_and_of_the_rest_the_latest(any_store):
    attempt = work(any_store)
    run = attempt.run
    assert any_store.artifact(run, "last", by=LOCAL) is None
    for number in range(4):
        publish(any_store, attempt, "last", f"state {number}")
        publish(any_store, attempt, "result", f"result {number}")
    states = any_store.checkpoints(run, by=LOCAL)
    assert [state.path.read_text() for state in states] == ["state 3", "state 2"]
    assert any_store.artifact(run, "last", by=LOCAL) == states[0].path
    assert any_store.artifact(run, "result", by=LOCAL).read_text() == "result 3"
    folder = any_store.folder(run, by=LOCAL).path
    files = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()}
    kept = {str(state.path.relative_to(folder)) for state in states}
    assert files == {"recipe.yaml", "environment.json", "result-8.json", *kept}
    assert any_store.usage(by=LOCAL).bytes == sum(len("state 3") for _ in states) + len("result 3")


def test_a_state_that_was_changed_since_is_noticed(any_store):
    attempt = work(any_store)
    publish(any_store, attempt, "last", "older state")
    path = publish(any_store, attempt, "last", "newer state")
    assert all(state.is_whole() for state in any_store.checkpoints(attempt.run, by=LOCAL))
    path.write_text("newer stAte")
    whole = [state.is_whole() for state in any_store.checkpoints(attempt.run, by=LOCAL)]
    assert whole == [False, True]
    path.unlink()
    assert not any_store.checkpoints(attempt.run, by=LOCAL)[0].is_whole()


def test_only_a_file_of_the_runs_own_folder_can_be_published(any_store, tmp_path):
    attempt = work(any_store)
    outside = tmp_path / "secret"
    outside.write_text("not the run's")
    link = any_store.folder(attempt.run, by=LOCAL).drafts(1) / "link"
    link.symlink_to(outside)
    for path in (outside, link, link.parent, link.parent / "missing"):
        with pytest.raises(RunError, match="in the run's folder"):
            any_store.publish(attempt, "last", path)
    assert outside.read_text() == "not the run's"
    assert any_store.checkpoints(attempt.run, by=LOCAL) == ()


@pytest.mark.parametrize("state", [State.FINISHED, State.STOPPED, State.FAILED, State.PAUSED])
def test_every_end_has_a_reason_in_words(any_store, state):
    attempt = work(any_store)
    with pytest.raises(ValueError, match="in words"):
        any_store.end(attempt, state, "")
    assert any_store.get(attempt.run, by=LOCAL).state == State.RUNNING


# Asking what is at work, and going on with what isn't

ANSWERS = {
    "pause": {State.STARTING: "pausing", State.RUNNING: "pausing", State.PAUSING: "pausing"},
    "stop": {
        State.STARTING: "stopping",
        State.RUNNING: "stopping",
        State.PAUSING: "stopping",
        State.STOPPING: "stopping",
    },
    "cancel": {
        State.QUEUED: "stopped",
        State.STARTING: "stopping",
        State.RUNNING: "stopping",
        State.PAUSING: "stopping",
        State.PAUSED: "stopped",
        State.STOPPING: "stopping",
    },
}


@pytest.mark.parametrize("state", [state for state in State if state != State.LOST])
@pytest.mark.parametrize("what", ANSWERS)
def test_what_makes_sense_is_asked_and_everything_else_refused_in_words(store, state, what):
    run = bring_to(store, state)
    if answer := ANSWERS[what].get(state):
        assert store.ask(run, what, by=LOCAL).state == answer
        assert store.get(run, by=LOCAL).reason or answer != "stopped"
    else:
        with pytest.raises(RunError, match=f"A run that is {state} can't be"):
            store.ask(run, what, by=LOCAL)
        assert store.get(run, by=LOCAL).state == state


def test_a_cancel_is_stronger_than_a_stop_and_a_stop_than_a_pause(any_store):
    attempt = work(any_store)
    for what in ("pause", "stop", "cancel", "stop"):
        any_store.ask(attempt.run, what, by=LOCAL)
    assert any_store.beat(attempt, progress=1) == "cancel"


def test_what_was_asked_before_the_worker_began_is_told_when_it_has(any_store):
    attempt = start(any_store, submit(any_store))
    any_store.ask(attempt.run, "cancel", by=LOCAL)
    any_store.begin(attempt, identity.own(), {})
    assert any_store.get(attempt.run, by=LOCAL).state == State.STOPPING
    assert any_store.beat(attempt, progress=1) == "cancel"


@pytest.mark.parametrize("state", [State.PAUSED, State.STOPPED, State.FAILED])
def test_what_is_resumed_waits_again_and_its_states_stand(any_store, state):
    attempt = work(any_store)
    path = publish(any_store, attempt, "last", "state")
    if state == State.STOPPED:
        any_store.ask(attempt.run, "stop", by=LOCAL)
    any_store.end(attempt, state, "for a reason")
    later = submit(any_store)
    run = any_store.resume(attempt.run, by=LOCAL)
    assert (run.state, run.request, run.ended) == (State.QUEUED, None, None)
    assert state in run.reason
    assert any_store.position(run.id, by=LOCAL) == any_store.position(later, by=LOCAL) + 1
    second = start(any_store, run.id)
    assert second.number == 2
    assert any_store.artifact(run.id, "last", by=LOCAL) == path
    any_store.begin(second, identity.own(), {})
    assert any_store.get(run.id, by=LOCAL).reason == ""


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.PAUSING, State.FINISHED])
def test_what_is_not_at_rest_or_has_finished_is_not_resumed(any_store, state):
    run = bring_to(any_store, state)
    with pytest.raises(RunError, match=f"can't be resumed: it is {state}"):
        any_store.resume(run, by=LOCAL)


# The bin, and the rules


def test_what_is_deleted_can_be_restored_until_it_is_forgotten(any_store):
    run = bring_to(any_store, State.FINISHED)
    assert any_store.delete(run, by=LOCAL).binned
    assert any_store.list(by=LOCAL) == ()
    assert [each.id for each in any_store.list(by=LOCAL, binned=True)] == [run]
    assert any_store.restore(run, by=LOCAL).binned is None
    with pytest.raises(RunError, match="isn't in the bin"):
        any_store.forget(run, by=LOCAL)
    any_store.delete(run, by=LOCAL)
    any_store.forget(run, by=LOCAL)
    with pytest.raises(RunError, match="There is no run"):
        any_store.get(run, by=LOCAL)


def test_what_is_in_the_bin_is_left_alone(any_store):
    run = bring_to(any_store, State.PAUSED)
    any_store.delete(run, by=LOCAL)
    for change in (
        lambda: any_store.resume(run, by=LOCAL),
        lambda: any_store.ask(run, "cancel", by=LOCAL),
        lambda: any_store.rename(run, "x", by=LOCAL),
        lambda: any_store.delete(run, by=LOCAL),
    ):
        with pytest.raises(RunError, match="is in the bin"):
            change()


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.STOPPING])
def test_what_waits_or_works_is_not_deleted(any_store, state):
    run = bring_to(any_store, state)
    with pytest.raises(RunError, match=f"This run is {state}"):
        any_store.delete(run, by=LOCAL)


def test_rules_are_kept(any_store):
    assert any_store.rules() == Rules()
    rules = Rules(show_others=False, queued=7, free_bytes=1)
    any_store.set_rules(rules, by=LOCAL)
    assert any_store.rules() == rules


def test_recipes_of_the_same_pictures_and_backbone_are_found_with_their_newest_run(any_store):
    other = Recipe(model=Model(backbone="resnet18"))
    asked = [Recipe(), Recipe(seed=7), Recipe(), other]
    runs = [any_store.submit(recipe, by=ADA).id for recipe in asked]
    like = any_store.recipes_like(Recipe(seed=3), by=ADA)
    assert [*like.items()] == [(Recipe().id, runs[2]), (Recipe(seed=7).id, runs[1])]
    assert any_store.recipes_like(other, by=ADA) == {other.id: runs[3]}
    assert any_store.recipes_like(other, by=ADA, states=[State.FINISHED]) == {}
    longer = Recipe(seed=3, epochs=9, name="longer")
    assert any_store.recipes_like(longer, by=ADA, only_seeds=True) == {}
    assert any_store.recipes_like(Recipe(seed=9), by=ADA, only_seeds=True) == like
    found = any_store.list(by=ADA, recipes=[Recipe().id, other.id])
    assert [run.id for run in found] == [runs[3], runs[2], runs[0]]
    assert any_store.list(by=ADA, recipes=[]) == ()


def test_runs_are_found_by_a_part_of_what_they_are_called(any_store):
    names = ("Pets, by transfer", "Pets, from scratch", "100 % flowers")
    runs = {name: any_store.submit(RECIPE, by=ADA, name=name).id for name in names}
    expected = {"pets": names[1::-1], " SCRATCH": names[1:2], "%": names[2:], "_": ()}
    for words, found in expected.items():
        assert [run.name for run in any_store.list(by=ADA, words=words)] == list(found), words
    assert [run.id for run in any_store.list(by=ADA, words=runs[names[0]])] == [runs[names[0]]]
    assert any_store.list(by=ADA, limit=1, oldest_first=True)[0].name == names[0]


def test_runs_are_counted_by_state_and_the_bin_apart(any_store):
    for state in (State.QUEUED, State.FINISHED, State.FINISHED):
        last = bring_to(any_store, state)
    any_store.delete(last, by=LOCAL)
    assert any_store.counts(by=LOCAL) == {State.QUEUED: 1, State.FINISHED: 1}
    assert any_store.counts(by=LOCAL, binned=True) == {State.FINISHED: 1}
