"""What is said of a recipe's fields is what its classes say."""

from tlcore.recipe import Recipe
from tlcore.recipe.fields import field_cards, sections


def _paths(value, path=""):
    """Every field of a recipe, found another way: by writing one out."""
    for name, inner in value.items():
        yield from _paths(inner, f"{path}{name}.") if isinstance(inner, dict) else [path + name]


def test_every_field_has_a_card_with_its_default():
    written = set(_paths(Recipe().model_dump()))
    cards = field_cards()
    lists = ("schedule.phases", "data.corrections")
    within = {path for path in cards if path.rpartition(".")[0] in lists}
    assert set(cards) - within == written - {*lists}
    assert cards["epochs"].default == Recipe().epochs
    assert cards["early_stopping.patience"].default is None


def test_a_card_says_what_may_stand_there():
    cards = field_cards()
    assert cards["optimiser.name"].choices == ("sgd", "adam", "adamw", "exact")
    assert cards["optimiser.nesterov"].kind == "truth"
    assert cards["model.head.hidden"].kind == "list"
    assert cards["data.labels_per_class"].kind == "whole number"
    assert cards["model.head.dropout"].values == "number from 0 below 1"
    assert cards["data.corrections.picture"].default is None


def test_sections_come_in_the_order_of_the_recipe():
    paths = [section.path for section in sections()]
    assert paths[:4] == ["", "data", "data.shapes", "data.corrections"]
    assert all(section.about for section in sections())
