import pytest
import timm

from tlcore import catalog
from tlcore.catalog import CARDS
from tlcore.catalog.outlines import COSTS, FOLDER, MEASURED
from tlcore.catalog.outlines import block_costs as stored_costs
from tlcore.nn.networks.build import build
from tlcore.recipe import Head, Model
from tools.outlines import as_blocks, block_costs, measure

HEAD = Head(hidden=(7,), batchnorm=True)


def _other_size(card):
    """Neither the usual size, for what depends on it, nor a large one."""
    return max(32, card.smallest) + card.multiple * 3


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_the_stored_outline_is_the_real_network_s(card):
    """If this fails, draw them anew: python -m tools.outlines"""
    size = _other_size(card)
    model = Model(backbone=card.name, weights="none", head=HEAD)
    network = build(model, 5, size, seed=0)
    assert catalog.outline_for(model, 5, size) == network.outline


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_parameters_on_the_card_are_those_of_the_outline(card):
    outline = catalog.outline_for(Model(backbone=card.name, weights="none"), 5)
    assert outline
    assert card.parameters == sum(layer.size for layer in outline.backbone)


@pytest.mark.parametrize(
    "card", [c for c in CARDS if c.multiply_adds() < 10**8], ids=lambda card: card.name
)
def test_stored_counts_are_the_real_network_s(card):
    network = build(Model(backbone=card.name, weights="none"), 2, card.usual, seed=0)
    assert measure(network, card.usual) == {
        "parameters": card.parameters,
        "features": card.features(),
        "multiply_adds": card.multiply_adds(),
    }
    assert set(as_blocks(network.outline)) == set(network.outline.blocks)
    costs = {block: list(vars(cost).values()) for block, cost in stored_costs()[card.name].items()}
    assert block_costs(network, card.usual) == costs


def test_no_outline_is_left_over_from_an_earlier_catalogue():
    stored = {path.stem for path in FOLDER.glob("*.json") if path not in (MEASURED, COSTS)}
    assert stored == {card.name for card in CARDS}


@pytest.mark.parametrize("card", [c for c in CARDS if c.tag], ids=lambda card: card.name)
def test_what_cards_say_of_weights_on_the_hub_is_what_timm_says(card):
    known = timm.models.get_pretrained_cfg(card.name)
    assert known
    assert known.tag == card.tag
    assert known.hf_hub_id == f"timm/{card.name}.{card.tag}"
    assert (known.mean, known.std) == card.trained_with
    assert known.license == card.licence.lower()
    assert known.input_size[-1] == card.usual


@pytest.mark.parametrize("card", [c for c in CARDS if c.smallest > 8], ids=lambda card: card.name)
def test_the_smallest_size_works_and_nothing_below_does(card, monkeypatch):
    model = Model(backbone=card.name, weights="none")
    build(model, 2, card.smallest, seed=0)
    monkeypatch.setattr(catalog, "check", lambda model, size: None)
    with pytest.raises(Exception, match=r"size|Kernel"):
        build(model, 2, card.smallest - 1, seed=0)
