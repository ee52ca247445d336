"""A student's way through a lesson, without a browser: what is shown when, what stays closed."""

import pytest

from tests.classroom.conftest import SMALL
from tests.runs import fake_run
from tests.ui.looking import button, open_page
from tlcore.access import LOCAL
from tlcore.classroom.lesson import from_lesson_text
from tlcore.classroom.register import Register
from tlcore.nn import worker
from tlcore.report.lesson import lesson_html
from tlcore.runs.store import RunStore
from tlcore.ui.classroom import steps


@pytest.fixture
def register():
    return Register(RunStore())


@pytest.fixture
def address(register):
    return register.keep_lesson(from_lesson_text(SMALL), by=LOCAL)


@pytest.fixture(autouse=True)
def nobody_trains(monkeypatch):
    monkeypatch.setattr(steps, "ensure_dispatcher", lambda home: None)


def words(page):
    return " ".join(each.value for each in (*page.markdown, *page.caption, *page.warning))


def test_all_lessons_are_listed_and_the_first_opens_at_its_first_step():
    page = open_page("lesson")
    assert "A head start" in words(page)
    page = open_page("lesson", lesson="transfer")
    assert "Step 1 of 7" in words(page)
    assert [each.label for each in page.button if each.key == "step on"] == ["Go on"]


def test_an_address_of_a_lesson_that_there_is_not_says_what_is_near():
    page = open_page("lesson", lesson="transfr")
    assert "did you mean" in page.error[0].value
    assert "no class with this code" in open_page("lesson", **{"class": "QQQQQQ"}).error[0].value


def test_from_the_first_step_to_the_report(register, address, monkeypatch):
    page = open_page("lesson", lesson=address)
    button(page, "Go on").click().run()
    assert button(page, "Go on").disabled
    page.slider[0].set_value(80.0)
    page.text_area[0].set_value("because it has **more** epochs")
    button(page, "That is my prediction").click().run()
    page.radio[0].set_value(1)
    page.text_area[0].set_value("a hunch")
    button(page, "That is my prediction").click().run()
    assert "Step 4 of 6" in words(page)
    button(page, "Train").click().run()
    assert "0 of 2 runs" in page.get("progress")[0].proto.text
    assert button(page, "Go on").disabled
    monkeypatch.setattr(worker, "load_engine", lambda threads: fake_run.train)
    while attempt := register.store.claim(device="cpu"):
        worker.work(register.store, attempt)
    page.run()
    button(page, "Go on").click().run()
    assert "You predicted" in words(page)
    assert "84 %" in words(page).replace("\\", "")
    assert "\\*\\*more\\*\\*" in words(page)
    button(page, "Go on").click().run()
    assert button(page, "Go on").disabled
    page.text_area[0].set_value("It saw the pictures <b>twice</b>.")
    button(page, "Keep it").click().run()
    button(page, "Go on").click().run()
    assert not page.exception
    (here,) = register.sittings(by=LOCAL)
    assert here.step == 6
    written = lesson_html(here, register.outcomes(here, by=LOCAL)).replace("\xa0", " ")
    for told in ("80 %", "84 %", "a hunch", "&lt;b&gt;twice", "82.0 %", "As predicted"):
        assert told in written, told


def test_a_prediction_without_answer_or_reason_is_asked_for_again(register, address):
    page = open_page("lesson", lesson=address)
    button(page, "Go on").click().run()
    button(page, "That is my prediction").click().run()
    assert "One sentence why is missing" in page.error[0].value
    assert register.sittings(by=LOCAL)[0].answers == {}


def test_who_comes_back_goes_on_where_they_were(address):
    page = open_page("lesson", lesson=address)
    button(page, "Go on").click().run()
    assert "Step 2 of 6" in words(open_page("lesson", lesson=address))


def test_a_nickname_lets_into_a_class_and_the_teachers_pause_is_told(register, address):
    group = register.new_class(address, "7b", by=LOCAL)
    page = open_page("lesson", **{"class": group.code.lower()})
    page.text_input[0].set_value("Ada")
    button(page, "Join").click().run()
    assert "Step 1 of 6" in words(page)
    button(page, "Raise a hand").click().run()
    assert button(page, "Take the hand down")
    register.freeze(group.code, True, by=LOCAL)
    page.run()
    assert "holds new runs back" in words(page)
