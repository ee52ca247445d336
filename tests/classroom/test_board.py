"""The board sorts by need, pools what the class found, and gives all of it away as a file."""

import csv
import io

import pytest

from tests.classroom.test_register import ADA, BOB, predict_all, train_all, work_off
from tlcore.access import anonymous
from tlcore.analysis.intervals import Interval
from tlcore.classroom import board
from tlcore.classroom.measures import Outcome, outcome_of, right_choice, truth_of, was_right
from tlcore.errors import NotAllowed
from tlcore.nn import worker
from tlcore.runs.states import State


def names(register, group, teacher):
    return [row.student.nickname for row in board.rows_of(register, group.code, by=teacher)]


def test_who_needs_help_stands_first_and_never_who_is_best(
    register, group, teacher, time, monkeypatch
):
    people = {name: anonymous() for name in ("Ada", "Bob", "Cem", "Dee")}
    seats = {name: register.join(group.code, name, by=by) for name, by in people.items()}
    predict_all(register, seats["Dee"], by=people["Dee"])
    train_all(register, seats["Dee"], monkeypatch, by=people["Dee"])
    register.go(seats["Bob"].number, 1, by=people["Bob"])
    assert names(register, group, teacher) == ["Ada", "Cem", "Bob", "Dee"]
    register.raise_hand(seats["Dee"].number, True, by=people["Dee"])
    time.pass_by(5)
    register.raise_hand(seats["Cem"].number, True, by=people["Cem"])
    assert names(register, group, teacher) == ["Dee", "Cem", "Ada", "Bob"]
    time.pass_by(board.QUIET)
    register.go(seats["Ada"].number, 1, by=people["Ada"])
    rows = board.rows_of(register, group.code, by=teacher)
    assert [row.student.nickname for row in rows] == ["Dee", "Cem", "Bob", "Ada"]
    assert "no headway" in rows[2].amber
    assert rows[3].amber == ""
    assert rows[0].accuracy is not None
    assert rows[3].accuracy is None


def test_a_run_at_work_is_headway_and_three_that_failed_are_a_worry(
    register, group, teacher, time, monkeypatch
):
    here = register.join(group.code, "Ada", by=ADA)
    register.push(group.code, here.lesson.recipe("first", 0), "first", by=teacher)
    time.pass_by(2 * board.QUIET)
    (row,) = board.rows_of(register, group.code, by=teacher)
    assert row.amber == ""
    for _ in range(board.FAILED):
        attempt = register.store.claim(device="cpu")
        assert attempt is not None
        register.store.end(attempt, State.FAILED, "a rehearsal")
        if _ < board.FAILED - 1:
            register.push(group.code, here.lesson.recipe("first", 0), "first", by=teacher)
    (row,) = board.rows_of(register, group.code, by=teacher)
    assert row.amber == "3 runs failed in a row"
    assert worker is not None


def test_the_board_is_for_teachers(register, group):
    register.join(group.code, "Ada", by=ADA)
    with pytest.raises(NotAllowed):
        board.rows_of(register, group.code, by=ADA)


def outcome(accuracy, n=300):
    found = Interval(accuracy, accuracy - 0.03, accuracy + 0.03, n)
    return Outcome(found, {"accuracy": 100 * accuracy})


def test_the_truth_of_a_question_is_what_its_runs_say(lesson):
    guess, choose = lesson.predictions
    both = {"first": outcome(0.5), "second": outcome(0.8)}
    assert truth_of(guess.truth, both) == pytest.approx(80)
    assert truth_of(choose.truth, both) == pytest.approx(30)
    assert truth_of(choose.truth, {"first": outcome(0.5)}) is None
    found = right_choice(choose, 30)
    assert found is not None
    assert found.text == "the second"
    assert [was_right(choose, value, 30) for value in (0, 1)] == [False, True]
    assert [was_right(guess, value, 80) for value in (74, 75, 85, 86)] == [False, True, True, False]


def test_a_ballot_counts_all_answers_and_the_truth_has_an_interval_from_three_on(lesson):
    guess, choose = lesson.predictions
    found = board.ballot(guess, [(0, None), (55, 52), (100, 54), (None, 50)])
    assert found.counts() == (1, 0, 0, 0, 0, 1, 0, 0, 0, 1)
    assert found.right == 1
    assert found.truth is not None
    assert found.truth.low < 52 < found.truth.high
    assert board.ballot(guess, [(5, 5), (6, 6)]).truth is None
    assert board.ballot(choose, [(1, 3.0), (1, -1.0), (0, None)]).counts() == (1, 2)
    assert board.ballot(choose, []).truth is None


def test_all_runs_of_the_class_are_pooled_kind_by_kind(register, group, teacher, monkeypatch):
    for name in ("Ada", "Bob", "Cem"):
        by = anonymous()
        here = register.join(group.code, name, by=by)
        predict_all(register, here, by=by)
        train_all(register, here, monkeypatch, by=by)
    rows = board.rows_of(register, group.code, by=teacher)
    first, second = board.pools(register.taught(group.code, by=teacher), rows)
    assert first.seats == second.seats == (1, 2, 3)
    assert len(first.accuracies) == 3
    assert first.mean is not None
    assert 100 * first.mean.low < first.accuracies[0] < 100 * first.mean.high


def test_the_file_of_the_class_has_a_line_a_student_and_no_formulas(
    register, group, teacher, monkeypatch
):
    here = register.join(group.code, "=cmd()", by=ADA, team="left")
    register.predict(here.number, "guess", 80, "+because", by=ADA)
    register.join(group.code, "Bob", by=BOB)
    work_off(register, monkeypatch)
    text = board.as_csv(board.rows_of(register, group.code, by=teacher))
    head, ada, bob = csv.reader(io.StringIO(text))
    assert ada[1:3] == ["'=cmd()", "left"]
    assert ada[head.index("guess")] == "80 %"
    assert ada[head.index("guess: why")] == "'+because"
    assert bob[head.index("guess")] == ""
    assert len(head) == len(ada) == len(bob)
    assert board.as_csv(()) == "nickname\n"


def test_sure_and_wrong_and_called_by_the_cue_are_counted():
    import numpy as np

    from tlcore.analysis.predictions import Predictions

    found = outcome_of(
        Predictions(
            ids=np.array(["a", "b", "c", "d"]),
            labels=np.array([0, 0, 1, 1]),
            probabilities=np.array(
                [[0.95, 0.05], [0.05, 0.95], [0.4, 0.6], [0.2, 0.8]], dtype=np.float32
            ),
            classes=("cat", "dog"),
            groups={"cue": np.array(["cat", "dog", "cat", "none"])},
        ),
        Interval(0.75, 0.3, 0.9, 4), calibration=0.1, seconds=3.0, trained=1.0,
    )  # fmt: skip
    assert found.values["sure-and-wrong"] == 50
    assert found.values["by-cue"] == 50
    assert found.values["overfit"] == 25
    assert found.values["calibration"] == 10
