"""Notes beside what needs them: short, folded, and with a picture of this very run."""

import re

from tests.ui.looking import finish, open_page
from tlcore import catalog
from tlcore.analysis.intervals import wilson
from tlcore.recipe import Recipe
from tlcore.schedule import FreezeSchedule
from tlcore.schedule.plan import Plan
from tlcore.ui.shared.what_is import NOTES, interval_picture, strip_picture


def notes_of(page):
    return {
        each.value for each in page.markdown if each.value in {words for _, words in NOTES.values()}
    }


def test_each_note_is_three_or_four_sentences_of_a_breath_each():
    for name, (_, words) in NOTES.items():
        sentences = re.split(r"(?<=[.:?]) ", words)
        assert 3 <= len(sentences) <= 5, name
        assert max(len(each.split()) for each in sentences) <= 24, name


def test_the_train_page_explains_strip_batchnorm_and_rate(monkeypatch):
    told = notes_of(open_page("train"))
    assert NOTES["strip"][1] in told
    assert NOTES["batchnorm"][1] in told


def test_a_result_explains_its_interval(monkeypatch):
    run = finish(monkeypatch)
    assert NOTES["interval"][1] in notes_of(open_page("results", run=run))


def test_pictures_are_of_what_is_beside_them():
    wide, narrow = interval_picture(wilson(5, 10)), interval_picture(wilson(500, 1000))
    lengths = []
    for drawn in (wide, narrow):
        x1, x2 = re.findall(r'x1="([\d.]+)" y1="16" x2="([\d.]+)"', drawn)[1]
        lengths.append(float(x2) - float(x1))
    assert lengths[0] > 5 * lengths[1]
    recipe = Recipe(epochs=4, schedule=FreezeSchedule(preset="lp-ft", head_epochs=2))
    outline = catalog.outline_for(recipe.model, 10, 32)
    assert outline is not None
    drawn = strip_picture(Plan(recipe.schedule, outline, recipe.epochs))
    assert drawn.count("<rect") == 2 * (len(outline.blocks) + 1)
