"""What Start and the lessons say is in one place a language, and German proves it."""

import ast
import re

import pytest

from tests.ui.looking import open_page
from tests.ui.test_lesson import words
from tlcore.classroom import lesson as lessons
from tlcore.paths import PROJECT
from tlcore.ui.shared import sentences

SPOKEN = (
    *(PROJECT / "tlcore" / "ui" / "classroom").glob("*.py"),
    *(PROJECT / "pages" / f"{name}.py" for name in ("start", "lesson", "class")),
)


def said():
    """Every sentence that is given to `say` as it stands in the code."""
    for path in SPOKEN:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "say":
                continue
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def test_every_sentence_of_start_and_the_lessons_has_its_german():
    german = sentences.sentences("de")
    assert len(german) > 80
    assert [each for each in said() if each not in german] == []


def test_a_translation_has_the_same_places_to_put_something_in():
    for english, german in sentences.sentences("de").items():
        places = [sorted(re.findall(r"{\w+}", each)) for each in (english, german)]
        assert places[0] == places[1], english


def test_a_lesson_speaks_german_with_the_same_runs_and_questions():
    english, german = lessons.find("transfer"), lessons.find("transfer", "de")
    assert german.title == "Ein Vorsprung"
    assert german.runs == english.runs
    assert [step.name for step in german.steps] == [step.name for step in english.steps]
    assert german.predictions[1].choices[2].high == english.predictions[1].choices[2].high
    assert lessons.find("transfer", "fr") == english


def test_the_pages_speak_the_language_of_the_address():
    page = open_page("lesson", lang="de")
    assert "Ein Vorsprung" in words(page)
    page = open_page("", lang="de")
    assert "Transferlernen" in words(page)


@pytest.mark.parametrize("language", ["xx", "../en"])
def test_a_language_that_nobody_has_translated_is_english(language):
    assert "A head start" in words(open_page("lesson", lang=language))
