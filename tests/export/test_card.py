"""The model card."""

from dataclasses import replace

import pytest

from tests.export.test_facts import EIGHT, PARITY
from tests.runs.examined import examined, predict
from tlcore.access import LOCAL
from tlcore.export.card import card_text
from tlcore.recipe import Distillation, Model, Recipe
from tlcore.report import story_of
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule

NASTY = ("<b>cat</b>", "**dog** [a](http://b)", "🦊 $x$ `y`", "long " * 60)
TRUE = [0, 1, 2, 3] * 20


@pytest.fixture
def story():
    """One class is called wrongly half of the time."""
    called = [1 if row < 40 and label == 0 else label for row, label in enumerate(TRUE)]
    store = RunStore()
    run = examined(store, predict(called, TRUE, NASTY), name="<script>alert(1)</script>")
    return story_of(store, run, by=LOCAL)


def test_it_says_all_that_was_measured(story):
    text = card_text(story, PARITY, EIGHT).replace("\\", "")
    for heading in (
        "What is here", "The exported file", "In eight bits", "At a glance", "Whom it fails",
        "Limits", "Ethics", "Licences and use", "How to reproduce this",
    ):  # fmt: skip
        assert f"## {heading}" in text
    assert "88 % [78, 93]" in text  # accuracy, with its interval
    assert "50 % [22, 78]" in text  # the worst class, allowing for its having been picked
    assert "calibration error" in text
    assert story.recipe.id in text
    assert "MIT" in text  # of the weights it began with
    assert "2.5 times as fast" in text


def test_without_eight_bits_it_says_nothing_of_them(story):
    text = card_text(story, PARITY)
    assert "In eight bits" not in text
    assert "int8" not in text


def test_names_are_text_and_nothing_is_shown_from_elsewhere(story):
    text, _, recipe = card_text(story, PARITY, EIGHT).partition("```yaml")
    assert "<script>" in recipe  # letter by letter, where nothing is markup
    assert "<script>" not in text.replace("\\<", "")
    assert "<b>" not in text.replace("\\<", "")
    assert "](http" not in text.replace("\\]", "")
    assert "![" not in text
    assert text.startswith("# \\<script\\>")


def test_a_recipe_without_pre_trained_weights_owes_nothing_and_a_teacher_is_named(story):
    recipe = Recipe(
        model=Model(backbone="scratch-plain", weights="none"),
        schedule=FreezeSchedule(preset="full"),
        distillation=Distillation(teacher="/somewhere/best-1.safetensors"),
    )
    text = card_text(replace(story, recipe=recipe), PARITY)
    assert "none were taken over" in text
    assert "a network that another run trained" in text
