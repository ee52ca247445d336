"""Backbones are tried on the pictures that a run would learn from; the run goes on from there."""

import pytest
import torch

from tlcore import catalog
from tlcore.advice.trial import recipe_for
from tlcore.events import Keeping
from tlcore.nn import trial
from tlcore.nn.engine.loop import train
from tlcore.nn.trial import nearest_hits, try_cards
from tlcore.recipe import Data, Shapes

SMALL = Data(shapes=Shapes(per_class=12, test_per_class=4, size=32))


def cards(*names):
    return [catalog.lookup(name) for name in names]


def test_the_nearest_others_decide_and_never_the_picture_itself():
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    angles = torch.tensor([0.0, 0.1, 0.2, 3.0, 3.1, 0.4])
    features = torch.stack([angles.cos(), angles.sin()], dim=1)
    assert nearest_hits(features, labels, near=1).tolist() == [True, True, True, True, True, False]


def test_cards_are_compared_on_the_same_pictures_with_intervals_and_cost():
    told: list[str] = []
    found = try_cards(SMALL, cards("pebble-shapes", "pebble-photo"), tell=told.append)
    assert {each.backbone for each in found.tried} == {"pebble-shapes", "pebble-photo"}
    for each in found.tried:
        assert each.head.n == each.neighbours.n == found.pictures == 120
        assert each.head.low < each.head.value < each.head.high
        assert min(each.milliseconds, each.seconds, each.megabytes, each.memory) > 0
    assert found.best.behind is None
    behind = found.tried[1].behind
    assert behind is not None
    assert behind[0] < behind[1]
    assert told[0] == "Pebble for shapes looks at the first pictures"


def test_the_run_that_follows_computes_no_picture_again():
    photo = Data(name="digits", limit_train=200, limit_test=20)
    recipe = recipe_for(photo, "pebble-photo")
    solved = recipe.optimiser.name == "exact"
    found = try_cards(recipe.data, cards("pebble-photo"))
    assert found.best.kept
    events = list(train(recipe))
    totals = [event.total for event in events if isinstance(event, Keeping)]
    assert solved or recipe.schedule.preset == "head-only"
    assert set(totals) <= {20}  # of the test set, which nobody has looked at before


def test_a_card_that_is_clearly_behind_stops_after_the_first_pictures(monkeypatch):
    monkeypatch.setattr(trial, "FIRST", 40)
    judged = iter([1.0, 0.1, 1.0])

    def said(features, labels, classes):
        right = next(judged)
        wrong = (labels + 1) % classes
        share = torch.arange(len(labels)) < right * len(labels)
        return torch.nn.functional.one_hot(torch.where(share, labels, wrong), classes).float()

    monkeypatch.setattr(trial, "out_of_fold", said)
    found = try_cards(SMALL, cards("pebble-shapes", "pebble-photo"))
    best, behind = found.tried
    assert (best.head.n, behind.head.n) == (120, 40)
    assert behind.stopped
    assert not best.stopped


def test_when_time_is_up_no_further_card_begins():
    found = try_cards(SMALL, cards("pebble-shapes", "pebble-photo", "pebble-photo"), seconds=0)
    assert len(found.tried) == 2
    assert found.late == ("Pebble for photos",)


@pytest.mark.parametrize("count", [10, 33])
def test_the_first_pictures_have_every_class_in_its_share(count):
    from tlcore.data.load import load
    from tlcore.recipe import Input

    splits = load(SMALL, Input(size=32))
    assert splits.validation is not None
    some = trial._some([splits.train, splits.validation], count)
    assert len(set(some.ids.tolist())) == count
    counts = torch.bincount(torch.from_numpy(some.labels), minlength=10)
    assert counts.max() - counts.min() <= 1
