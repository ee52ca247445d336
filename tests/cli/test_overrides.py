from argparse import ArgumentTypeError

import pytest

from tlcore.cli.arguments import changed, read_override
from tlcore.errors import RecipeError
from tlcore.recipe.text import from_fields


def recipe_with(*texts, **fields):
    return from_fields(changed(fields, [read_override(text) for text in texts]))


def test_values_are_read_as_a_recipe_file_would_read_them():
    recipe = recipe_with(
        "epochs=3", "optimiser.rate=1e-2", "augmentation.flip=true", "model.head.hidden=[64, 32]",
        "schedule.preset=lp-ft", "data.labels_per_class=null", "name=no",
    )  # fmt: skip
    assert (recipe.epochs, recipe.optimiser.rate, recipe.augmentation.flip) == (3, 0.01, True)
    assert recipe.model.head.hidden == (64, 32)
    assert recipe.schedule.preset == "lp-ft"
    assert recipe.data.labels_per_class is None
    assert recipe.name == "no"


def test_what_is_not_named_stays_as_it_was():
    recipe = recipe_with("optimiser.rate=0.5", optimiser={"name": "sgd"}, batch=8)
    assert (recipe.optimiser.name, recipe.optimiser.rate, recipe.batch) == ("sgd", 0.5, 8)


def test_the_given_fields_are_not_touched():
    fields = {"optimiser": {"name": "sgd"}}
    changed(fields, [("optimiser.name", "adam")])
    assert fields == {"optimiser": {"name": "sgd"}}


def test_the_last_value_of_a_field_wins():
    assert recipe_with("epochs=3", "epochs=4").epochs == 4


@pytest.mark.parametrize("text", ["epochs", "=3", ".=3", "optimiser.=3", ".rate=3", "a..b=3", ""])
def test_what_is_no_field_and_value_is_refused(text):
    with pytest.raises(ArgumentTypeError, match="must be FIELD=VALUE"):
        read_override(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs=0", "epochs is 0: must be at least 1"),
        ("epochs=three", "epochs is 'three': must be a whole number"),
        ("optimizer.rate=1", "Did you mean 'optimiser'?"),
        ("optimiser.rat=1", "Did you mean 'rate'?"),
        ("epochs.more=1", "epochs.more: can't be set, because epochs has no fields"),
        ("epochs=[", "is not valid YAML"),
        ("schedule=head-only", "must be fields with values"),
    ],
)
def test_a_wrong_value_names_its_field(text, said):
    with pytest.raises(RecipeError) as caught:
        recipe_with(text, epochs=5)
    assert said in str(caught.value)
