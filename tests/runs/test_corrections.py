"""Corrections are noted for whoever made them, survive, and change nothing of the run."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.support.makers import everything_in
from tlcore.access import LOCAL, anonymous
from tlcore.data import load
from tlcore.errors import RunError
from tlcore.recipe import Data, Recipe, Shapes
from tlcore.recipe.corrections import MOST, Correction
from tlcore.runs.corrections import corrected, note, noted, take_back

RECIPE = Recipe(name="Pets", data=Data(shapes=Shapes(per_class=10, test_per_class=4, size=16)))
MUG = Correction(picture="test/cat/00003", label="mug")
GONE = Correction(picture="train/key/00001", leave_out=True)


def test_what_was_noted_is_there_after_a_restart_and_nothing_else_changed(tmp_path):
    (tmp_path / "recipe.yaml").write_text("data: {}")
    before = everything_in(tmp_path)
    note(tmp_path, MUG, by=LOCAL)
    note(tmp_path, GONE, by=LOCAL)
    assert noted(tmp_path, by=LOCAL) == (MUG, GONE)
    after = everything_in(tmp_path)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 1


def test_of_eighty_noted_by_two_tabs_at_once_all_eighty_are_kept(tmp_path):
    given = [Correction(picture=f"test/cat/{n:05}", label="mug") for n in range(80)]
    with ThreadPoolExecutor(2) as tabs:
        list(tabs.map(lambda each: note(tmp_path, each, by=LOCAL), given))
    assert set(noted(tmp_path, by=LOCAL)) == set(given)


def test_a_later_correction_of_a_picture_takes_the_place_of_an_earlier(tmp_path):
    other = Correction(picture=MUG.picture, label="key")
    for each in (MUG, GONE, other):
        note(tmp_path, each, by=LOCAL)
    assert noted(tmp_path, by=LOCAL) == (GONE, other)


def test_undoing_one_or_all_leads_back_to_the_very_same_recipe(tmp_path):
    note(tmp_path, MUG, by=LOCAL)
    one = corrected(RECIPE, noted(tmp_path, by=LOCAL))
    note(tmp_path, GONE, by=LOCAL)
    both = corrected(RECIPE, noted(tmp_path, by=LOCAL))
    assert len({RECIPE.id, one.id, both.id}) == 3
    take_back(tmp_path, [GONE.picture], by=LOCAL)
    assert corrected(RECIPE, noted(tmp_path, by=LOCAL)).id == one.id
    take_back(tmp_path, [MUG.picture], by=LOCAL)
    assert corrected(RECIPE, noted(tmp_path, by=LOCAL)) == RECIPE


def test_visitors_correct_each_for_themselves(tmp_path):
    ada, bob = anonymous(), anonymous()
    note(tmp_path, MUG, by=ada)
    assert noted(tmp_path, by=bob) == noted(tmp_path, by=LOCAL) == ()
    take_back(tmp_path, [MUG.picture], by=bob)
    assert noted(tmp_path, by=ada) == (MUG,)


def test_the_new_recipe_differs_in_its_corrections_and_name_alone():
    found = corrected(RECIPE, [GONE, MUG])
    assert found.name == "Pets, corrected"
    assert corrected(found, [MUG]).name == "Pets, corrected"
    assert found.data.corrections == (MUG, GONE)
    plain = found.model_copy(
        update={"name": RECIPE.name, "data": found.data.model_copy(update={"corrections": ()})}
    )
    assert plain == RECIPE
    load(found.data, found.input)


def test_a_corrected_run_can_be_corrected_again_and_the_later_word_counts():
    other = Correction(picture=MUG.picture, label="key")
    again = corrected(corrected(RECIPE, [MUG, GONE]), [other])
    assert again.data.corrections == (other, GONE)


@pytest.mark.parametrize("name", ["<b>cat</b>", "**dog** :red[x]", "🦊 $x$", "../../x", "a\nb"])
def test_hostile_names_are_noted_as_they_are(tmp_path, name):
    given = Correction(picture=f"{name}/1.png", label=name)
    note(tmp_path, given, by=LOCAL)
    assert noted(tmp_path, by=LOCAL) == (given,)
    assert all(path.parent == tmp_path for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"corrections": 3}', '{"corrections": [{"picture": "a"}]}',
     '{"corrections": [{"picture": "a", "label": 3}]}', "[" * 9000, "x" * (1024**2 + 1)],
)  # fmt: skip
def test_a_damaged_file_is_one_error_in_words(tmp_path, content):
    note(tmp_path, MUG, by=LOCAL)
    (path,) = tmp_path.iterdir()
    path.write_text(content)
    with pytest.raises(RunError, match="can't be read"):
        noted(tmp_path, by=LOCAL)


def test_more_than_a_recipe_can_hold_are_refused_and_the_others_stay(tmp_path):
    note(tmp_path, MUG, by=LOCAL)
    (path,) = tmp_path.iterdir()
    many = [{"picture": str(number), "label": "mug"} for number in range(MOST)]
    path.write_text(json.dumps({"version": 1, "corrections": many}))
    with pytest.raises(RunError, match="as many as a recipe can hold"):
        note(tmp_path, MUG, by=LOCAL)
    assert len(noted(tmp_path, by=LOCAL)) == MOST
    assert len(corrected(RECIPE, noted(tmp_path, by=LOCAL)).data.corrections) == MOST


def test_beside_a_run_that_is_gone_nothing_is_noted(tmp_path):
    with pytest.raises(RunError, match="gone"):
        note(tmp_path / "gone", MUG, by=LOCAL)
