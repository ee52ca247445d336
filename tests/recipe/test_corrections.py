"""Corrections in a recipe: one a picture, in any order, and no part of recipes without any."""

import pytest

from tlcore.errors import RecipeError
from tlcore.recipe import Data, Recipe
from tlcore.recipe.corrections import LONGEST, MOST, Correction, in_words, listed
from tlcore.recipe.text import differing_fields, from_fields, from_text, to_json, to_yaml

MUG = Correction(picture="train/cat/00003", label="mug")
GONE = Correction(picture="test/key/00001", leave_out=True)
NASTY = ("<b>cat</b>", "**dog** :red[x]", "🦊 $x$ `y`", "long " * 60, "a\nb", "- {x: [")


def with_corrections(*corrections: Correction) -> Recipe:
    return Recipe(data=Data(corrections=corrections))


def test_recipes_without_corrections_keep_the_ids_that_they_had():
    assert Recipe().id == "44136fa355b3"
    assert "corrections" not in to_yaml(Recipe())


def test_the_same_corrections_in_another_order_make_the_same_recipe():
    one, other = with_corrections(MUG, GONE), with_corrections(GONE, MUG)
    assert one == other
    assert one.id == other.id
    assert len({one.id, with_corrections(MUG).id, Recipe().id}) == 3


def test_corrections_are_written_and_read_back_as_they_are():
    recipe = with_corrections(MUG, GONE)
    assert from_text(to_yaml(recipe)) == from_text(to_json(recipe)) == recipe
    assert "label: mug" in to_yaml(recipe)
    assert "leave_out: true" in to_yaml(recipe)


@pytest.mark.parametrize("name", NASTY)
def test_any_class_name_and_any_file_name_survives_the_round_trip(name):
    recipe = with_corrections(Correction(picture=f"{name}/1.png", label=name[:300]))
    assert from_text(to_yaml(recipe)) == from_text(to_json(recipe)) == recipe


@pytest.mark.parametrize(
    ("given", "field", "rule"),
    [
        ([{"picture": "a"}], "data.corrections.0.label", "leave_out"),
        (
            [{"picture": "a", "label": "b", "leave_out": True}],
            "data.corrections.0.label",
            "not both",
        ),
        ([{"label": "b"}], "data.corrections.0.picture", "must be given"),
        ([{"picture": "a", "lable": "b"}], "data.corrections.0.lable", "no field"),
        ([{"picture": "", "label": "b"}], "data.corrections.0.picture", "must not be empty"),
        ([{"picture": "a", "label": 3}], "data.corrections.0.label", "must be text"),
        ([{"picture": "a", "label": "b"}] * 2, "data.corrections", "names a again"),
        ("a", "data.corrections", "must be a list"),
        (
            [{"picture": str(number), "label": "b"} for number in range(MOST + 1)],
            "data.corrections",
            "at most 1,000",
        ),
        (
            [{"picture": f"{n}{'x' * 990}", "label": "b"} for n in range(LONGEST // 990 + 1)],
            "data.corrections",
            "100,000 bytes",
        ),
    ],
)
def test_whatever_is_wrong_with_one_is_said_with_its_place(given, field, rule):
    with pytest.raises(RecipeError) as caught:
        from_fields({"data": {"corrections": given}})
    problems = [each for each in caught.value.problems if each.field == field]
    assert problems, caught.value
    assert rule in problems[0].rule


def test_as_many_as_there_may_be_can_still_be_read():
    """A recipe is kept as text, and a text may only be so long."""
    many = [Correction(picture=f"{n:04}{'é' * 45}", label="<&>") for n in range(MOST)]
    recipe = with_corrections(*many)
    assert from_text(to_json(recipe)) == recipe


def test_what_was_corrected_is_told_in_words():
    assert in_words(()) == ""
    assert in_words((MUG, MUG, GONE)) == "2 pictures given another label, 1 left out"
    assert in_words((GONE, GONE)) == "2 pictures left out"
    assert listed((MUG, GONE), most=1) == "train/cat/00003 → mug; and 1 more"


def test_recipes_that_differ_in_corrections_say_in_which():
    found = differing_fields([Recipe(), with_corrections(MUG), with_corrections(GONE)])
    assert found == {
        "data.corrections": (
            "–",
            "1 picture given another label: train/cat/00003 → mug",
            "1 picture left out: test/key/00001 left out",
        )
    }


def test_a_difference_beyond_the_first_few_is_a_difference():
    four = [Correction(picture=f"{n}", label="mug") for n in range(4)]
    other = [*four[:3], Correction(picture="3", label="cup")]
    assert differing_fields([with_corrections(*four), with_corrections(*other)])
