"""What follows from a trial of backbones: the best, the front, and what a person is told."""

from dataclasses import replace

import pytest

from tlcore import catalog
from tlcore.advice.trial import (
    Trial,
    Tried,
    cards_elsewhere,
    cards_to_try,
    compared,
    from_json,
    in_words,
    recipe_for,
    to_json,
)
from tlcore.analysis.intervals import wilson
from tlcore.errors import DataError
from tlcore.recipe import Data


def tried(name, hits, milliseconds, **more):
    rate = wilson(hits, 100)
    return Tried(name, name.upper(), 96, rate, rate, 1.0, milliseconds, 9.0, **more)


def three():
    cards = [tried("slow", 90, 10.0), tried("fast", 88, 2.0), tried("bad", 60, 5.0)]
    return Trial(tuple(compared(cards, {"fast": (-0.06, 0.02), "bad": (-0.4, -0.2)})), pictures=100)


def test_the_most_accurate_is_recommended_and_a_fast_one_that_may_be_as_good_is_named():
    found = three()
    assert found.thrifty is not None
    assert (found.best.backbone, found.thrifty.backbone) == ("slow", "fast")
    assert any("FAST may be as good, and is 5.0 times as fast" in line for line in in_words(found))


def test_the_front_leaves_out_whoever_is_beaten_in_both():
    assert [each.backbone for each in three().front] == ["fast", "slow"]


def test_whoever_was_stopped_is_never_recommended():
    stopped = tried("lucky", 99, 1.0, stopped=True)
    found = Trial(tuple(compared([stopped, tried("whole", 80, 9.0)], {})))
    assert found.best.backbone == "whole"
    assert [each.backbone for each in found.front] == ["whole"]
    assert any("could no longer win: LUCKY" in line for line in in_words(found))


def test_what_was_found_is_read_back_as_it_was():
    found = replace(three(), elsewhere=("X (9 MB)",), late=("Y",), fingerprint="abc")
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tried": [{}]}'])
def test_what_cannot_be_read_is_said(text):
    with pytest.raises(DataError, match="can't be read"):
        from_json(text)


def test_only_cards_with_weights_here_are_tried_the_most_promising_first():
    here = {"pebble-photo", "resnet18", "mobilenetv2_100"}.__contains__
    names = [card.name for card in cards_to_try(Data(name="cifar10"), here=here)]
    assert names == ["resnet18", "mobilenetv2_100", "pebble-photo"]
    assert len(cards_to_try(Data(name="cifar10"), most=2, here=here)) == 2
    drawn = cards_to_try(Data(), here=lambda name: True)
    assert drawn[0].name == "pebble-shapes"
    assert not any(card.kind == "scratch" for card in drawn)


def test_what_fetching_would_add_is_said_with_size_and_licence():
    [line] = cards_elsewhere(here=lambda name: name != "resnet18")
    assert line.startswith("ResNet-18 (45 MB, Apache-2.0)")
    assert "59 of 100" in line
    first, *_, last = cards_elsewhere(here=lambda name: False)
    assert first.startswith("EfficientNet-Lite0")
    assert "of 100" not in last


def test_a_card_is_tried_with_the_recipe_that_would_run():
    recipe = recipe_for(Data(name="cifar10"), "resnet18", here=lambda name: True)
    assert (recipe.model.backbone, recipe.optimiser.name) == ("resnet18", "exact")
    card = catalog.lookup("resnet18")
    assert card is not None
    assert recipe.input.size <= card.usual
