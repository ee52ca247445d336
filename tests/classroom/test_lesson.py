"""A lesson says what it means, and what is wrong with it, all at once."""

from typing import Any

import pytest

from tests.classroom.conftest import SMALL
from tlcore import strict
from tlcore.classroom import lesson as lessons
from tlcore.classroom.lesson import from_lesson_text, to_lesson_yaml, to_text
from tlcore.errors import LessonError


def fields_of_small() -> Any:
    return strict.load(SMALL)


def changed(**fields):
    return {**fields_of_small(), **fields}


def refusal(fields):
    with pytest.raises(LessonError) as caught:
        lessons.from_lesson_fields(fields)
    return str(caught.value)


def test_every_lesson_of_the_lab_is_one_and_says_what_the_teacher_needs():
    assert lessons.names()[0] == "transfer"
    for name in lessons.names():
        found = lessons.find(name)
        assert 10 <= found.minutes <= 45, name
        kinds = [step.kind for step in found.steps]
        assert {"predict", "do", "look", "explain"} <= set(kinds), name
        told = found.teacher
        assert told.finds, name
        assert told.timing, name
        assert told.questions, name
        assert told.mistakes, name
        for step in found.predictions:
            if step.choices:
                assert all(choice.because for choice in step.choices), name


def test_it_is_the_same_read_back_and_keeps_its_id(lesson):
    assert from_lesson_text(to_text(lesson)) == lesson
    assert from_lesson_text(to_lesson_yaml(lesson)).id == lesson.id


def test_every_mistake_is_told_at_once_and_where():
    words = refusal(changed(minutes=0, steps=[{"kind": "dance", "name": "x", "title": "X"}]))
    assert "minutes" in words
    assert "steps.0" in words
    assert "no choices" not in words


def test_what_would_give_the_answer_away_is_refused():
    steps = fields_of_small()["steps"]
    look = steps.pop(4)
    assert "give away" in refusal(changed(steps=[look, *steps]))


def test_a_step_names_only_runs_that_there_are():
    steps = fields_of_small()["steps"]
    steps[3]["runs"] = ["third"]
    assert "'third'" in refusal(changed(steps=steps))


def test_a_recipe_that_breaks_its_rules_is_told_by_its_run():
    words = refusal(changed(runs={"first": {"title": "F", "change": {"epochs": 0}},
                                  "second": {"title": "S"}}))  # fmt: skip
    assert "runs.first.epochs" in words


def test_a_question_asks_for_a_number_or_a_choice_and_not_for_both():
    steps = fields_of_small()["steps"]
    del steps[1]["scale"]
    assert "at least two, or a scale" in refusal(changed(steps=steps))


def test_a_lesson_of_a_newer_lab_says_what_it_needs():
    assert "update the lab" in refusal(changed(version=2))


def test_an_unknown_lesson_names_the_nearest():
    with pytest.raises(LessonError, match="did you mean 'transfer'"):
        lessons.find("transfr")


def test_students_have_dice_of_their_own_and_share_all_else(lesson):
    one, two = lesson.recipe("first", 1), lesson.recipe("first", 2)
    assert (one.seed, two.seed) == (1, 2)
    assert one.model_copy(update={"seed": 2}) == two
    split = lesson.model_copy(update={"varies": ("seed", "split")})
    assert split.recipe("first", 7).data.split_seed == 7


def test_other_words_change_nothing_but_words(lesson):
    fields = fields_of_small()
    said = {"title": "Zwei Läufe", "steps": [{"name": "choose", "question": "Welcher?",
            "choices": [{"text": "der erste"}, {"text": "der zweite"}]}]}  # fmt: skip
    spoken = lessons.from_lesson_fields(lessons.translated(fields, said))
    assert spoken.title == "Zwei Läufe"
    choices = spoken.predictions[1].choices
    assert choices[1].text == "der zweite"
    assert choices[1].low == 0
    assert spoken.runs == lesson.runs
