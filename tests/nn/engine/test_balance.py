"""Parts of unequal size count the same: by weights, by sampling, or the worst first."""

import numpy as np
import pytest
import torch

from tests.nn.engine.test_train import of
from tlcore.data import load
from tlcore.errors import RecipeError
from tlcore.events import Checkpoint, EpochDone, StepDone, Tested
from tlcore.nn.engine import train
from tlcore.nn.engine.balance import balanced_loss, parts_of
from tlcore.nn.engine.batches import epoch_order

CUED = {
    "name": "shapes",
    "shapes": {
        "per_class": 20,
        "test_per_class": 4,
        "size": 16,
        "cue": "colour",
        "cue_share": 0.9,
        "test_cue_share": 0.5,
    },
}
CPU = torch.device("cpu")
LOGITS = torch.tensor([[2.0, 0.0], [0.5, 0.0], [0.0, 1.0], [0.0, 3.0]])
TARGETS = torch.tensor([0, 1, 1, 1])


def loss(balance, parts, weights=(1.0, 1.0), stakes=None):
    stakes = [0.5, 0.5] if stakes is None else stakes
    parts, weights = torch.tensor(parts), torch.tensor(weights)
    found = balanced_loss(
        LOGITS, TARGETS, parts, weights, balance=balance, stakes=stakes, smoothing=0.0
    )
    return found.item(), stakes


def test_without_balance_every_picture_counts_the_same():
    plain = torch.nn.functional.cross_entropy(LOGITS, TARGETS).item()
    assert loss("none", [0, 1, 1, 1])[0] == pytest.approx(plain)


def test_weights_by_class_are_torch_s_own():
    wanted = torch.nn.functional.cross_entropy(LOGITS, TARGETS, torch.tensor([2.0, 0.5])).item()
    assert loss("weights", TARGETS.tolist(), (2.0, 0.5))[0] == pytest.approx(wanted)


def test_the_part_that_is_learned_worst_comes_to_count_more():
    each = torch.nn.functional.cross_entropy(LOGITS, TARGETS, reduction="none")
    stakes = [0.5, 0.5]
    for _ in range(50):
        total, stakes = loss("robust", [0, 1, 0, 0], stakes=stakes)
    assert each[1] > each[[0, 2, 3]].mean()
    assert stakes[1] > 0.8
    assert sum(stakes) == pytest.approx(1)
    assert total > each.mean().item()


def test_each_class_within_each_group_is_a_part(small):
    recipe = small(data=CUED)
    pictures = load(recipe.data, recipe.input).train
    parts = parts_of(pictures, "cue", CPU)
    cells = set(zip(pictures.labels.tolist(), pictures.groups["cue"].tolist(), strict=True))
    assert parts.count == len(cells) > 10
    order = epoch_order(parts.numbers, 0, 0, balanced=True).numpy()
    conflicting = pictures.groups["cue"] == "conflicting"
    assert conflicting.mean() < 0.2
    assert np.mean(conflicting[order]) > 0.35


def test_a_column_that_is_not_there_is_named_with_those_that_are(small):
    recipe = small(data=CUED, balance="sampling", balance_by="colour")
    with pytest.raises(RecipeError, match=r"balance_by is 'colour'.*cue, cue_value"):
        next(train(recipe))


@pytest.mark.parametrize("balance", ["weights", "sampling", "robust"])
def test_every_balance_by_group_trains(small, balance):
    events = list(train(small(data=CUED, balance=balance, balance_by="cue")))
    assert len(of(EpochDone, events)) == 2
    assert of(Tested, events)


def test_a_phase_may_balance_otherwise_than_the_recipe(pretrained):
    phases = [{"thaw": "all", "epochs": 1}, {"thaw": "head", "epochs": 1, "balance": "sampling"}]
    changed = pretrained("custom", data=CUED, balance_by="cue", dials={"phases": phases})
    plain = [{**phase, "balance": None} for phase in phases]
    usual = pretrained("custom", data=CUED, balance_by="cue", dials={"phases": plain})
    losses = [[epoch.train_loss for epoch in of(EpochDone, train(r))] for r in (changed, usual)]
    assert losses[0][0] == losses[1][0]
    assert losses[0][1] != losses[1][1]


def test_what_counts_more_is_kept_with_a_run_that_goes_on(small, tmp_path):
    recipe = small(data=CUED, balance="robust", balance_by="cue", epochs=3)
    whole, path = [], tmp_path / "state.safetensors"
    for event in train(recipe):
        whole += [event.loss] if isinstance(event, StepDone) else []
        if isinstance(event, Checkpoint) and event.epoch == 0:
            event.save(path)
            before = len(whole)
    rest = [event.loss for event in of(StepDone, train(recipe, resume=path))]
    assert rest == whole[before:]
