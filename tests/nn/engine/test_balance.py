"""Parts of unequal size count the same: by weights, by sampling, or the worst first."""

import numpy as np
import pytest
import torch

from tests.nn.engine.test_train import of
from tlcore.data import load
from tlcore.errors import RecipeError, TrainingError
from tlcore.events import Checkpoint, EpochDone, Note, StepDone, Tested
from tlcore.nn.engine import step, train
from tlcore.nn.engine.batches import Parts, class_weights, epoch_order, parts_of, raised, shares_of

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


def shares(balance, numbers, weights=(1.0, 1.0), stakes=(0.5, 0.5)):
    parts = Parts(np.array(numbers), torch.tensor(weights))
    found = shares_of(balance, np.array(numbers), parts, stakes)
    return None if found is None else found.numpy()


def test_without_balance_every_picture_counts_the_same():
    assert shares("none", [0, 1, 1, 1]) is None
    assert shares("sampling", [0, 1, 1, 1]) is None


@pytest.mark.parametrize(("imbalance", "batch"), [(20, 32), (100, 32), (100, 16)])
def test_with_weights_the_rarer_class_makes_up_half_of_the_loss_of_an_epoch(imbalance, batch):
    """Whatever else is in its batch: batches without a rare picture count less, not as much."""
    numbers = np.array([0] * (20 * imbalance) + [1] * 20)
    parts = Parts(numbers, class_weights(numbers, 2))
    order = np.random.default_rng(0).permutation(len(numbers))[: len(numbers) // batch * batch]
    of_each = np.zeros(2)
    for rows in order.reshape(-1, batch):
        counts = shares_of("weights", numbers[rows], parts, [])
        assert counts is not None
        of_each += np.bincount(numbers[rows], counts.numpy(), minlength=2)
    assert of_each[1] / of_each.sum() == pytest.approx(0.5, abs=0.02)


def test_stakes_are_shared_among_the_pictures_of_the_parts_that_are_there():
    assert shares("robust", [0, 0, 0, 1], stakes=(0.25, 0.75)) == pytest.approx(
        [0.25 / 3, 0.25 / 3, 0.25 / 3, 0.75]
    )
    assert shares("robust", [0, 0], stakes=(0.25, 0.75)) == pytest.approx([0.5, 0.5])


def test_the_part_that_is_learned_worst_comes_to_count_more():
    losses = np.array([0.1, 1.1, 0.3, 0.05], np.float32)
    stakes = [0.5, 0.5]
    for _ in range(50):
        stakes = raised(stakes, np.array([0, 1, 0, 0]), losses)
    assert stakes[1] > 0.8
    assert sum(stakes) == pytest.approx(1)


PER_PART = {
    "weights": {"balance": "weights", "balance_by": "cue"},
    "robust": {"balance": "robust", "balance_by": "cue"},
    "features of a teacher": {"distillation": {"teacher": "pebble-photo", "size": 32}},
    "blends": {"augmentation": {"cutmix": 1.0}, "label_smoothing": 0.1},
    "dropout": {"model": {"head": {"dropout": 0.5}}},
}


@pytest.mark.parametrize("changes", PER_PART.values(), ids=PER_PART)
def test_a_batch_in_parts_takes_the_same_step(changes, small, monkeypatch):
    """Where BatchNorm is frozen, to rounding: eight parts that begin with one that failed."""
    model = {"backbone": "pebble-shapes", "weights": "none"} | changes.get("model", {})
    frozen = {"preset": "full", "batchnorm": "frozen"}
    plain = {"data": CUED, "schedule": frozen, "optimiser": {"name": "sgd", "rate": 0.01}}
    recipe = small(**{**plain, "epochs": 1, **changes, "model": model})
    usual = [event.loss for event in of(StepDone, train(recipe))]
    whole, failures = step._gradients, iter([1, 1, 1])

    def tight(*arguments):
        found = whole(*arguments)
        for _ in failures:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return found

    monkeypatch.setattr(step, "_gradients", tight)
    events = list(train(recipe))
    assert any("parts of 2" in note.text for note in of(Note, events))
    found = [event.loss for event in of(StepDone, events)]
    assert found[0] == pytest.approx(usual[0], abs=1e-5)
    assert found == pytest.approx(usual, abs=2e-3)  # rounding, which every step makes larger


def test_a_part_of_one_picture_goes_with_another_where_batchnorm_compares_pictures(small):
    head = {"hidden": [8], "batchnorm": True}
    model = {"backbone": "pebble-shapes", "weights": "none", "head": head}
    with pytest.raises(TrainingError, match="batch of 1"):
        list(train(small(model=model, batch=1)))
    assert [piece.tolist() for piece in step._pieces(5, 4, 2)] == [[0, 1], [2, 3, 4]]
    assert [piece.tolist() for piece in step._pieces(5, 4, 1)] == [[0, 1], [2, 3], [4]]


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
