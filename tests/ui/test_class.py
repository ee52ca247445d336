"""The teacher's page: the board as it stands, acts that reach the class, and nothing for others."""

import pytest

from tests.classroom.conftest import SMALL
from tests.ui.looking import button, open_page
from tests.ui.test_lesson import words
from tlcore.access import LOCAL, anonymous
from tlcore.classroom.lesson import from_lesson_text
from tlcore.classroom.register import Register
from tlcore.errors import RunError
from tlcore.report.lesson import class_html
from tlcore.runs.store import RunStore
from tlcore.ui.classroom import acts, board

ADA, BOB = anonymous(), anonymous()


@pytest.fixture
def register():
    return Register(RunStore())


@pytest.fixture
def group(register):
    """A class of Ada, who has predicted, and Bob, whose name is a formula in HTML."""
    found = register.new_class(
        register.keep_lesson(from_lesson_text(SMALL), by=LOCAL), "Class 7b", by=LOCAL
    )
    ada = register.join(found.code, "Ada", by=ADA)
    register.join(found.code, "<b>Bob</b>", by=BOB)
    register.predict(ada.number, "guess", 80, "a hunch", by=ADA)
    return found


@pytest.fixture(autouse=True)
def nobody_trains(monkeypatch):
    monkeypatch.setattr(acts, "ensure_dispatcher", lambda home: None)


def open_class(group, **query):
    return open_page("class", **{"class": group.code, **query})


def board_of(page):
    return "".join(each.proto.body for each in page.get("html"))


def test_a_class_is_opened_with_a_lesson_and_its_code_and_link_are_shown(register):
    page = open_page("class")
    page.text_input[0].set_value("Class 7b")
    button(page, "Open the class").click().run()
    (group,) = register.classes(by=LOCAL)
    assert group.title == "Class 7b"
    assert group.code in words(page)
    assert any(f"lesson?class={group.code}" in each.value for each in page.code)


def test_the_board_has_a_row_a_student_and_shows_words_as_words(group):
    page = open_class(group)
    assert "**2** students" in words(page)
    shown = board_of(page)
    assert shown.index("&lt;b&gt;Bob") > 0
    assert "<b>Bob" not in shown
    assert "Predictions: Guess (1 of 2)" in [each.label for each in page.expander]


def test_on_the_wall_there_are_no_names_and_nothing_that_gives_an_answer_away(register, group):
    page = open_class(group)
    page.toggle[0].set_value(True).run()
    assert "Ada" not in board_of(page)
    assert not [each for each in page.expander if "Predictions" in each.label]
    assert not [each for each in page.button if each.label == "Delete the class"]
    register.open_truth(group.code, "guess", True, by=LOCAL)
    page.run()
    assert [each for each in page.expander if "Predictions" in each.label]


def test_the_teacher_holds_back_opens_pushes_and_takes_down_hands(register, group):
    ada, _ = register.students(group.code, by=LOCAL)
    register.raise_hand(ada.number, True, by=ADA)
    page = open_class(group)
    assert "hand up" in board_of(page)
    button(page, "Hold new runs back").click().run()
    assert register.taught(group.code, by=LOCAL).frozen
    button(page, "Let new runs go on").click().run()
    button(page, "Take the hand down").click().run()
    assert register.sitting(ada.number, by=ADA).hand is None
    button(page, "Send it").click().run()
    assert "2 students have it" in page.success[0].value
    page.run()
    button(page, "Let it go first").click().run()
    (run,) = register.sitting(ada.number, by=ADA).runs.values()
    assert register.store.position(run.id, by=ADA) == 1
    button(page, "End it").click().run()
    assert register.store.get(run.id, by=ADA).state == "stopped"
    button(page, "Open it for everybody").click().run()
    assert register.taught(group.code, by=LOCAL).opened == {"guess"}


def test_one_button_deletes_the_class_once_somebody_is_sure(register, group):
    page = open_class(group)
    assert button(page, "Delete the class").disabled
    page.checkbox[0].set_value(True).run()
    button(page, "Delete the class").click().run()
    assert not page.exception
    with pytest.raises(RunError, match="no class"):
        register.find_class(group.code)


def test_a_student_and_a_stranger_see_no_board_and_a_second_teacher_does(
    register, group, monkeypatch
):
    monkeypatch.setenv("TL_PUBLIC", "1")
    page = open_class(group)
    assert "for the teachers of the class" in page.error[0].value
    assert "Ada" not in board_of(page)
    assert not [each for each in page.button if each.label == "Delete the class"]
    assert "make you a teacher" in open_class(group, teacher="guessed").error[0].value
    page = open_class(group, teacher=register.taught(group.code, by=LOCAL).invite)
    assert "Ada" in board_of(page)
    assert "teacher" not in page.query_params


def test_the_report_of_the_class_has_everybody_and_words_as_words(register, group):
    from tlcore.classroom.board import rows_of

    written = class_html(group, rows_of(register, group.code, by=LOCAL))
    assert "&lt;b&gt;Bob" in written
    assert "a hunch" in written
    assert board.TICK > 1


def test_a_teacher_keeps_a_lesson_of_their_own_and_is_told_what_is_wrong_with_one(register):
    page = open_page("class")
    page.text_area[0].set_value("title: Mine\nsteps: [{kind: dance, name: x, title: X}]")
    button(page, "Keep this lesson").click().run()
    assert "steps" in page.error[0].value
    page.text_area[0].set_value(SMALL)
    button(page, "Keep this lesson").click().run()
    (address,) = register.own_lessons(by=LOCAL)
    assert any(f"lesson?lesson={address}" in each.value for each in page.code)
    page.run()
    button(page, "Delete this lesson").click().run()
    assert register.own_lessons(by=LOCAL) == {}


def test_a_teacher_is_told_beforehand_when_everybody_has_a_result(group):
    assert "30 students x this lesson on this machine" in words(open_class(group))
