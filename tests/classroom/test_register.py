"""Who sits where, what they said, and what a teacher may do; two people at every act."""

import inspect

import pytest

from tests.runs import fake_run
from tlcore.access import LOCAL, Rules, anonymous
from tlcore.classroom.register import MOST_STUDENTS, Register
from tlcore.errors import LessonError, NotAllowed, QuotaExceeded, RunError, Sealed, ThawError
from tlcore.nn import worker
from tlcore.recipe import Recipe
from tlcore.runs.results import read_predictions, read_result
from tlcore.runs.states import State
from tlcore.runs.transfer import export_run

ADA, BOB = anonymous(name="Ada"), anonymous(name="Bob")


@pytest.fixture
def ada(register, group):
    """Ada's seat in the class."""
    return register.join(group.code, "Ada", by=ADA)


def work_off(register, monkeypatch):
    """Have a rehearsal of everything that waits done."""
    monkeypatch.setattr(worker, "load_engine", lambda threads: fake_run.train)
    while attempt := register.store.claim(device="cpu"):
        worker.work(register.store, attempt)


def predict_all(register, here, by=ADA):
    register.predict(here.number, "guess", 80.0, "a hunch", by=by)
    return register.predict(here.number, "choose", 1, "more epochs", by=by)


def train_all(register, here, monkeypatch, by=ADA):
    here = register.go(here.number, 3, by=by)
    register.train(here.number, by=by)
    work_off(register, monkeypatch)
    return register.sitting(here.number, by=by)


# The gate


def test_a_student_goes_on_where_they_were_and_not_past_a_question(register, ada, group):
    register.go(ada.number, 1, by=ADA)
    with pytest.raises(NotAllowed, match="prediction first"):
        register.go(ada.number, 2, by=ADA)
    with pytest.raises(NotAllowed, match="prediction first"):
        register.go(ada.number, 5, by=ADA)
    assert register.join(group.code, "whatever", by=ADA).step == 1
    predict_all(register, ada)
    assert register.go(ada.number, 3, by=ADA).step == 3
    with pytest.raises(NotAllowed, match="your runs"):
        register.go(ada.number, 4, by=ADA)
    assert register.go(ada.number, 0, by=ADA).step == 0


def test_no_result_of_the_lesson_opens_before_it_is_predicted_wherever_it_was_trained(
    register, ada, monkeypatch, tmp_path
):
    store = register.store
    run = store.submit(ada.lesson.recipe("second", 99), by=ADA)  # on another page, with other dice
    work_off(register, monkeypatch)
    telling = {
        "artifact": lambda: store.artifact(run.id, "best", by=ADA),
        "result": lambda: read_result(store, run.id, by=ADA),
        "predictions": lambda: read_predictions(store, run.id, by=ADA),
        "export": lambda: export_run(store, run.id, tmp_path / "out.thaw", by=ADA),
    }
    for what, look in telling.items():
        with pytest.raises(Sealed, match="once you have predicted"):
            look()
        assert what
    assert {point.name for point in store.metrics(run.id, by=ADA)} <= {"rate", "images_per_second"}
    closed = [each for each in store.events(run.id, by=ADA) if each["event"] == "EpochDone"]
    assert closed
    assert all(each["validation_accuracy"] is None for each in closed)
    register.predict(ada.number, "guess", 50, "why not", by=ADA)
    with pytest.raises(Sealed):  # the second question stands before it, too
        read_result(store, run.id, by=ADA)
    register.predict(ada.number, "choose", 0, "so", by=ADA)
    assert read_result(store, run.id, by=ADA)["report"]
    assert "validation_accuracy" in {point.name for point in store.metrics(run.id, by=ADA)}
    telling["export"]()


def test_the_gate_stands_before_nobody_else_and_before_no_other_recipe(register, ada, monkeypatch):
    store = register.store
    theirs = store.submit(ada.lesson.recipe("second", 1), by=BOB)
    other = store.submit(Recipe(epochs=7), by=ADA)
    work_off(register, monkeypatch)
    assert read_result(store, theirs.id, by=BOB)
    assert read_result(store, other.id, by=ADA)
    with pytest.raises(Sealed):  # where a lab shows everybody's runs, she doesn't see it there
        read_result(store, theirs.id, by=ADA)


def test_what_somebody_had_seen_before_the_lesson_stays_open(register, lesson, time, monkeypatch):
    store = register.store
    run = store.submit(lesson.recipe("second", 4), by=ADA)
    work_off(register, monkeypatch)
    time.pass_by(60)
    register.sit_down(register.keep_lesson(lesson, by=ADA), by=ADA)
    assert read_result(store, run.id, by=ADA)
    assert store.awaits_prediction(lesson.recipe("second", 5), by=ADA)
    assert not store.awaits_prediction(Recipe(epochs=9), by=ADA)


def test_a_prediction_stays_as_it_was_made(register, ada):
    register.predict(ada.number, "guess", 80, "a hunch", by=ADA)
    with pytest.raises(NotAllowed, match="as it was made"):
        register.predict(ada.number, "guess", 20, "better so", by=ADA)
    found = register.sitting(ada.number, by=ADA).answers["guess"]
    assert (found.value, found.words) == (80, "a hunch")


def test_a_prediction_needs_a_possible_answer_and_a_reason(register, ada):
    for step, value in (("guess", 101), ("choose", 2), ("choose", 0.5), ("choose", -1)):
        with pytest.raises(LessonError, match="is no answer"):
            register.predict(ada.number, step, value, "why", by=ADA)
    with pytest.raises(RunError, match="why is missing"):
        register.predict(ada.number, "guess", 10, "   ", by=ADA)
    with pytest.raises(LessonError, match="no such step"):
        register.predict(ada.number, "why", 10, "no question", by=ADA)
    assert register.sitting(ada.number, by=ADA).answers == {}


def test_the_explanation_is_written_last(register, ada, monkeypatch):
    with pytest.raises(NotAllowed, match="written last"):
        register.explain(ada.number, "why", "because", by=ADA)
    predict_all(register, ada)
    with pytest.raises(NotAllowed, match="written last"):
        register.explain(ada.number, "why", "because", by=ADA)
    train_all(register, ada, monkeypatch)
    found = register.explain(ada.number, "why", "because", by=ADA)
    assert found.answers["why"].words == "because"
    assert register.explain(ada.number, "why", "rather so", by=ADA).answers["why"].words
    assert register.go(ada.number, 6, by=ADA).step == 6


# Training


def test_training_asks_for_what_is_missing_and_for_nothing_twice(register, ada, monkeypatch):
    predict_all(register, ada)
    here = register.go(ada.number, 3, by=ADA)
    for _ in range(3):
        here = register.train(here.number, by=ADA)
    assert [run.state for run in here.runs.values()] == [State.QUEUED] * 2
    assert len(register.store.list(by=ADA)) == 2
    register.store.ask(here.runs["first"].id, "cancel", by=ADA)
    work_off(register, monkeypatch)
    here = register.train(here.number, by=ADA)
    assert [run.state for run in here.runs.values()] == [State.QUEUED, State.FINISHED]
    assert {run.owner for run in here.runs.values()} == {ADA}


def test_a_lesson_asks_for_no_more_runs_than_the_rules_let_wait(register, ada, monkeypatch):
    register.store.set_rules(Rules(queued=0, running=1), by=LOCAL)
    predict_all(register, ada)
    here = register.go(ada.number, 3, by=ADA)
    assert list(register.train(here.number, by=ADA).runs) == ["first"]
    work_off(register, monkeypatch)
    assert list(register.train(here.number, by=ADA).runs) == ["first", "second"]
    register.store.set_rules(Rules(queued=0, running=0), by=LOCAL)
    bob = register.join(ada.code, "Bob", by=BOB)
    predict_all(register, bob, by=BOB)
    register.go(bob.number, 3, by=BOB)
    with pytest.raises(QuotaExceeded):  # who has nothing that waits is told why
        register.train(bob.number, by=BOB)


def test_outcomes_are_told_once_they_are_predicted_and_to_the_teacher_before(
    register, ada, teacher, monkeypatch
):
    register.store.submit(ada.lesson.recipe("second", 1), by=ADA)
    register.push(ada.code, ada.lesson.recipe("second", 0), "second", by=teacher)
    work_off(register, monkeypatch)
    here = register.sitting(ada.number, by=ADA)
    assert register.outcomes(here, by=ADA) == {}
    assert list(register.outcomes(here, by=teacher)) == ["second"]
    predict_all(register, ada)
    here = register.sitting(ada.number, by=ADA)
    found = register.outcomes(here, by=ADA)["second"]
    assert found.values["accuracy"] == pytest.approx(100 * found.accuracy.value)


def test_what_the_class_said_is_told_without_names_once_opened_and_answered(
    register, ada, teacher, monkeypatch
):
    bob = register.join(ada.code, "Bob", by=BOB)
    predict_all(register, bob, by=BOB)
    register.open_truth(ada.code, "guess", True, by=teacher)
    assert register.opened_answers(ada.number, by=ADA) == ()  # it would give hers away
    predict_all(register, ada)
    train_all(register, ada, monkeypatch)
    ((step, pairs),) = register.opened_answers(ada.number, by=ADA)
    assert step.name == "guess"
    assert [value for value, _ in pairs] == [80.0, 80.0]
    assert [truth is not None for _, truth in pairs] == [True, False]
    register.open_truth(ada.code, "guess", False, by=teacher)
    assert register.opened_answers(ada.number, by=ADA) == ()


# Joining


def test_students_get_seats_in_turn_and_nobody_the_same_nickname(register, group):
    assert register.join(group.code.lower(), "Ada", by=ADA).seat == 1
    with pytest.raises(RunError, match="has this nickname"):
        register.join(group.code, "ADA", by=BOB)
    assert register.join(group.code, "Bob", by=BOB, team="left").seat == 2
    with pytest.raises(RunError, match="nickname is missing"):
        register.join(group.code, " ", by=anonymous())
    with pytest.raises(RunError, match="no class with this code"):
        register.join("ABC", "Eve", by=anonymous())
    with pytest.raises(RunError, match="one line"):
        register.join(group.code, "E\nve", by=anonymous())


def test_a_class_has_no_more_students_than_a_board_can_show(register, group, monkeypatch):
    monkeypatch.setattr("tlcore.classroom.register.MOST_STUDENTS", 1)
    register.join(group.code, "Ada", by=ADA)
    with pytest.raises(QuotaExceeded):
        register.join(group.code, "Bob", by=BOB)
    assert MOST_STUDENTS >= 100


def test_alone_one_can_leave_and_in_a_class_a_gate_stays(register, lesson, ada):
    alone = register.sit_down(register.keep_lesson(lesson, by=BOB), by=BOB)
    assert register.store.awaits_prediction(lesson.recipe("first", 0), by=BOB)
    register.leave(alone.number, by=BOB)
    assert not register.store.awaits_prediction(lesson.recipe("first", 0), by=BOB)
    with pytest.raises(NotAllowed, match="in a class"):
        register.leave(ada.number, by=ADA)


def test_a_class_goes_on_with_its_lesson_when_the_teacher_has_deleted_it(
    register, group, lesson, teacher
):
    register.drop_lesson(lesson.id, by=teacher)
    assert register.join(group.code, "Ada", by=ADA).lesson == lesson
    with pytest.raises(LessonError, match="no lesson"):
        register.lesson(lesson.id)


# What teachers do


def test_frozen_no_new_run_begins_wherever_it_is_asked_for(register, ada, teacher):
    register.freeze(ada.code, True, by=teacher)
    with pytest.raises(NotAllowed, match="holds new runs back"):
        register.store.submit(Recipe(), by=ADA)
    register.store.submit(Recipe(), by=BOB)
    register.freeze(ada.code, False, by=teacher)
    assert register.store.submit(Recipe(), by=ADA)


def test_a_run_that_is_called_forward_goes_before_everybodys(register, ada, teacher):
    store = register.store
    bob = register.join(ada.code, "Bob", by=BOB)
    register.push(ada.code, Recipe(), "all", by=teacher)
    first, later = register.students(ada.code, by=teacher)
    waiting = later.runs["all"]
    assert store.position(waiting.id, by=BOB) == 2
    register.call_forward(ada.code, waiting.id, by=teacher)
    assert store.position(waiting.id, by=BOB) == 1
    assert store.position(first.runs["all"].id, by=ADA) == 2
    attempt = store.claim(device="cpu")
    assert attempt is not None
    assert attempt.run == waiting.id
    assert bob.seat == 2


def test_a_recipe_is_pushed_to_all_who_have_room(register, ada, teacher):
    register.join(ada.code, "Bob", by=BOB)
    register.store.set_rules(Rules(queued=1, running=0), by=LOCAL)
    register.store.submit(Recipe(), by=BOB)
    assert register.push(ada.code, Recipe(epochs=4), "four", by=teacher) == (1, 1)
    (run,) = register.sitting(ada.number, by=ADA).runs.values()
    assert register.store.recipe(run.id, by=ADA).seed == ada.seat


def test_deleting_a_class_leaves_nothing_of_it(register, ada, teacher, monkeypatch):
    predict_all(register, ada)
    train_all(register, ada, monkeypatch)
    own = register.store.submit(Recipe(), by=ADA)
    register.push(ada.code, Recipe(), "waits", by=teacher)
    folders = [register.store.folder(run.id, by=ADA).path
               for run in register.sitting(ada.number, by=ADA).runs.values()]  # fmt: skip
    assert register.delete_class(ada.code, by=teacher) == ()
    assert not any(folder.exists() for folder in folders)
    assert [run.id for run in register.store.list(by=LOCAL)] == [own.id]
    with register.store.database.reading() as sql:
        for table in ("class", "teacher", "sitting", "answer", "lesson_run", "gate"):
            assert sql.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table


def test_what_is_at_work_is_asked_to_end_before_a_class_goes(register, ada, teacher):
    register.push(ada.code, Recipe(), "works", by=teacher)
    attempt = register.store.claim(device="cpu")
    assert attempt is not None
    assert register.delete_class(ada.code, by=teacher) == (attempt.run,)
    assert register.taught(ada.code, by=teacher).frozen
    register.store.end(attempt, State.STOPPED, "as asked")
    assert register.delete_class(ada.code, by=teacher) == ()


# Two people at every act

OF_STUDENTS = {
    "sitting": lambda r, s, by: r.sitting(s.number, by=by),
    "go": lambda r, s, by: r.go(s.number, 1, by=by),
    "predict": lambda r, s, by: r.predict(s.number, "guess", 5, "x", by=by),
    "count": lambda r, s, by: r.count(s.number, "counting", 5, by=by),
    "explain": lambda r, s, by: r.explain(s.number, "why", "x", by=by),
    "raise_hand": lambda r, s, by: r.raise_hand(s.number, True, by=by),
    "train": lambda r, s, by: r.train(s.number, by=by),
    "leave": lambda r, s, by: r.leave(s.number, by=by),
    "outcomes": lambda r, s, by: r.outcomes(s, by=by),
    "opened_answers": lambda r, s, by: r.opened_answers(s.number, by=by),
}
OF_TEACHERS = {
    "taught": lambda r, s, by: r.taught(s.code, by=by),
    "new_invite": lambda r, s, by: r.new_invite(s.code, by=by),
    "freeze": lambda r, s, by: r.freeze(s.code, not r.find_class(s.code).frozen, by=by),
    "open_truth": lambda r, s, by: r.open_truth(s.code, "guess", True, by=by),
    "students": lambda r, s, by: r.students(s.code, by=by),
    "push": lambda r, s, by: r.push(s.code, Recipe(), "x", by=by),
    "call_forward": lambda r, s, by: r.call_forward(s.code, s.runs["first"].id, by=by),
    "cancel": lambda r, s, by: r.cancel(s.code, s.runs["first"].id, by=by),
    "delete_class": lambda r, s, by: r.delete_class(s.code, by=by),
}
OF_EVERYBODY = {
    "lesson", "keep_lesson", "own_lessons", "drop_lesson", "sit_down", "join", "sittings",
    "new_class", "find_class", "classes", "is_teacher", "teach_too",
}  # fmt: skip


def everything(register):
    with register.store.database.reading() as sql:
        return [
            tuple(map(tuple, sql.execute(f"SELECT * FROM {table}")))
            for table in ("class", "teacher", "sitting", "answer", "lesson_run", "gate", "run")
        ]


@pytest.fixture
def waiting(register, ada):
    """Ada with a run that waits, in a lab whose people don't see each other's."""
    register.store.set_rules(Rules(show_others=False), by=LOCAL)
    predict_all(register, ada)
    register.go(ada.number, 3, by=ADA)
    return register.train(ada.number, by=ADA)


def test_every_act_is_tried_here():
    acts = {name for name, _ in inspect.getmembers(Register, inspect.isfunction)}
    public = {name for name in acts if not name.startswith("_")}
    assert public == {*OF_STUDENTS, *OF_TEACHERS, *OF_EVERYBODY}


def test_neither_a_classmate_nor_a_stranger_sees_or_changes_anything_of_a_student(
    register, waiting
):
    register.join(waiting.code, "Bob", by=BOB)
    before = everything(register)
    for by in (BOB, anonymous()):
        for name, act in OF_STUDENTS.items():
            with pytest.raises(RunError):
                act(register, waiting, by)
            assert everything(register) == before, name


def test_a_teacher_sees_a_student_and_speaks_for_nobody(register, waiting, teacher):
    before = everything(register)
    for name, act in OF_STUDENTS.items():
        if name in ("sitting", "outcomes", "opened_answers"):
            act(register, waiting, teacher)
            continue
        with pytest.raises(RunError):
            act(register, waiting, teacher)
        assert everything(register) == before, name
    register.raise_hand(waiting.number, True, by=ADA)
    register.raise_hand(waiting.number, False, by=teacher)
    assert register.sitting(waiting.number, by=ADA).hand is None


def test_only_teachers_of_a_class_and_the_machines_owner_do_what_teachers_do(
    register, waiting, teacher
):
    before = everything(register)
    for name, act in OF_TEACHERS.items():
        for by in (ADA, BOB, anonymous()):
            with pytest.raises(NotAllowed):
                act(register, waiting, by)
            assert everything(register) == before, name
    for name, act in OF_TEACHERS.items():
        if name not in ("cancel", "delete_class"):
            act(register, waiting, teacher)
            act(register, waiting, LOCAL)
    OF_TEACHERS["cancel"](register, waiting, teacher)
    OF_TEACHERS["delete_class"](register, waiting, LOCAL)


def test_a_second_teacher_comes_by_the_link_and_a_new_link_ends_the_old(register, group, teacher):
    with pytest.raises(NotAllowed):
        register.teach_too(group.code, "guessed", by=BOB)
    newer = register.new_invite(group.code, by=teacher)
    with pytest.raises(NotAllowed):
        register.teach_too(group.code, group.invite, by=BOB)
    register.teach_too(group.code, newer.invite, by=BOB)
    assert register.is_teacher(group.code, by=BOB)
    assert not register.is_teacher(group.code, by=ADA)
    assert register.find_class(group.code).invite == ""
    assert [each.code for each in register.classes(by=BOB)] == [group.code]
    assert register.classes(by=ADA) == ()


def test_runs_of_another_class_are_not_at_hand(register, waiting, group, lesson, teacher):
    other = register.new_class(register.keep_lesson(lesson, by=BOB), "8a", by=BOB)
    for act in (register.cancel, register.call_forward):
        with pytest.raises(ThawError, match="no such run in this class"):
            act(other.code, waiting.runs["first"].id, by=BOB)


def test_own_lessons_are_ones_own(register, lesson):
    address = register.keep_lesson(lesson, by=ADA)
    assert register.lesson(address) == lesson
    assert list(register.own_lessons(by=ADA)) == [address]
    register.drop_lesson(address, by=BOB)
    assert register.lesson(address) == lesson
    assert register.own_lessons(by=BOB) == {}
