from tlcore.recipe import Data, Model, Recipe
from tlcore.recipe.text import differing_fields
from tlcore.schedule import FreezeSchedule, Phase


def test_only_what_differs_is_told_with_the_value_of_every_recipe():
    one = Recipe(epochs=3, data=Data(labels_per_class=10), seed=4)
    other = one.model_copy(update={"data": Data(labels_per_class=None)})
    assert differing_fields([one, other, one]) == {"data.labels_per_class": ("10", "–", "10")}


def test_a_name_makes_no_difference():
    assert differing_fields([Recipe(name="a"), Recipe(name="b")]) == {}


def test_phases_of_ones_own_are_shown_as_they_are():
    own = FreezeSchedule(preset="custom", phases=(Phase(thaw="all"),))
    found = differing_fields([Recipe(), Recipe(schedule=own)])
    assert found["schedule.preset"] == ("head-only", "custom")
    assert found["schedule.phases"][0] == "[]"
    assert '"thaw": "all"' in found["schedule.phases"][1]


def test_text_that_somebody_typed_is_told_as_it_is():
    paths = ("<b>a</b>", "**b**")
    recipes = [Recipe(data=Data(name="folder", path=path), model=Model()) for path in paths]
    assert differing_fields(recipes) == {"data.path": paths}
