"""What is told before a lesson follows from the forecast, the students and the slots."""

import pytest

from tlcore.access import LOCAL
from tlcore.advice.forecast import Range
from tlcore.classroom import capacity, figures
from tlcore.classroom import lesson as lessons
from tlcore.runs.store import RunStore


def test_twice_the_students_take_twice_as_long_and_twice_the_slots_half():
    one = Range(10.0, 20.0, 40.0)
    assert capacity.told_when(one, students=30, slots=1).value == 600
    assert capacity.told_when(one, students=60, slots=2) == Range(300.0, 600.0, 1200.0)


def test_a_student_takes_all_runs_one_after_another(lesson):
    both = capacity.seconds_of_a_student(lesson, load=0)
    fields = {"runs": {"second": lesson.runs["second"]}}
    alone = capacity.seconds_of_a_student(lesson.model_copy(update=fields), load=0)
    assert both is not None
    assert alone is not None
    assert both.low < both.value < both.high
    assert alone.value < both.value < 2 * alone.value + 1e-9


def test_what_waits_already_is_counted(register, lesson):
    assert capacity.waiting_before(register.store) == 0
    register.store.submit(lesson.recipe("first", 1), by=LOCAL)
    assert capacity.waiting_before(RunStore()) == 1


def test_the_doctor_looks_at_disk_memory_and_minutes_of_every_lesson():
    found = list(capacity.ready_for(30))
    told = " ".join(each.what for each in found)
    assert "GB are free" in told
    assert "at a time" in told
    assert told.count("everybody has a result") == sum(
        bool(lessons.find(name).runs) for name in lessons.names()
    )


def test_figures_are_of_the_lessons_as_they_are_and_of_enough_students():
    for name, known in figures.kept().items():
        asked = lessons.find(name)
        assert known["lesson"] == figures.fingerprint(asked), f"{name} has changed: measure it anew"
        students = figures.outcomes(name)
        assert len(students) >= figures.FEWEST, name
        for step in asked.predictions:
            found = figures.truths(step, students)
            seen = figures.shown(step, found)
            assert seen is None or seen >= 0.9 * len(found), f"{name} shows too few its effect"


def test_a_lesson_that_has_changed_has_no_figures(monkeypatch, tmp_path, lesson):
    monkeypatch.setattr(figures, "KEPT", tmp_path / "figures.json")
    measured = {run: {"accuracy": 80.0, "low": 75.0, "high": 84.0, "n": 300, "seconds": 2.0}
                for run in lesson.runs}  # fmt: skip
    figures.keep("small", lesson, [measured] * figures.FEWEST)
    monkeypatch.setattr(lessons, "find", lambda name, language="en": lesson)
    assert len(figures.outcomes("small")) == figures.FEWEST
    said = [line for line in figures.in_words("small") if line.endswith("right")]
    assert said
    assert all("80 % [" in line and "[80, 80]" not in line for line in said), "of 300 pictures"
    runs = {**lesson.runs, "first": lesson.runs["second"]}
    monkeypatch.setattr(
        lessons, "find", lambda name, language="en": lesson.model_copy(update={"runs": runs})
    )
    assert figures.in_words("small") == []


@pytest.mark.parametrize("students", [0, -3])
def test_without_students_nothing_is_said_of_a_class(students):
    from tlcore.cli.doctor import _of_a_class

    assert _of_a_class(students) == ()
