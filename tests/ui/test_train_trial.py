"""The part of Train that tries backbones on one's own pictures."""

from dataclasses import replace

import pytest

from tests.advice.test_trial import three
from tests.ui.looking import open_page
from tlcore.recipe import Data, Recipe
from tlcore.recipe.text import from_fields
from tlcore.runs import card_trial
from tlcore.runs.card_trial import folder_of, found_in, keep, question_for
from tlcore.ui.shared.draft import packed, unpacked
from tlcore.ui.train import trial


def opened(recipe):
    page = open_page("train", recipe=packed(recipe))
    page.session_state["trial box"] = True
    page.run()
    assert not page.exception
    return page


@pytest.fixture
def asked(monkeypatch):
    found = []
    monkeypatch.setattr(trial, "ask", lambda question, folder: found.append((question, folder)))
    return found


def test_a_click_has_five_tried_on_the_data_at_hand(asked):
    recipe = Recipe(data=Data(name="digits"), epochs=3)
    opened(recipe).button(key="try cards").click().run()
    assert asked == [(question_for(recipe), folder_of(question_for(recipe)))]


def test_what_was_found_is_shown_after_a_reload_and_a_card_is_taken():
    recipe = Recipe(data=Data(name="digits"))
    found = three()
    real = [("resnet18", found.tried[0]), ("pebble-photo", found.tried[1])]
    tried = tuple(replace(each, backbone=name, title=name) for name, each in real)
    folder = folder_of(question_for(recipe))
    folder.mkdir(parents=True)
    keep(folder, replace(found, tried=tried))
    page = opened(recipe)
    text = "\n".join(each.value for each in page.markdown)
    assert "resnet18 at 96 px got 90 % [" in text.replace("\\", "")
    page.button(key="take pebble-photo").click().run()
    assert not page.exception
    link = page.query_params["recipe"]
    link = link if isinstance(link, str) else link[0]
    assert from_fields(dict(unpacked(link))).model.backbone == "pebble-photo"


def test_other_pictures_have_another_trial(tmp_path):
    (tmp_path / "a").mkdir()
    question = question_for(Recipe(data=Data(name="folder", path=str(tmp_path))))
    digits = question_for(Recipe(data=Data(name="digits")))
    assert folder_of(digits) != folder_of(question_for(Recipe()))
    assert found_in(folder_of(digits)) is None
    assert card_trial.folder_named("no such") is None
    assert question.data.path == str(tmp_path)
