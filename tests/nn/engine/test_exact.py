"""An exact head is the best linear head there is, and a run with one is like any other run."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import cross_entropy

from tests.nn.engine.test_resume import assert_same_ending, interrupt
from tests.nn.engine.test_train import of
from tlcore.data import load
from tlcore.errors import RecipeError
from tlcore.events import Checkpoint, EpochDone, Note, StepDone, Tested
from tlcore.nn.engine import train
from tlcore.nn.engine.exact import FOLDS, folds_of, known, strengths
from tlcore.nn.engine.frozen import Frozen
from tlcore.nn.engine.setup import prepare_work
from tlcore.recipe.text import from_fields

EXACT = {"optimiser": {"name": "exact"}, "epochs": 5}


def points(pictures, features, seed=0):
    chance = torch.Generator().manual_seed(seed)
    values = torch.randn(pictures, features, generator=chance) * 3 + 1
    return values, torch.randint(0, 4, (pictures,), generator=chance)


@pytest.mark.parametrize(("pictures", "features"), [(40, 90), (90, 40)])
def test_it_finds_what_scikit_learn_finds(pictures, features):
    values, labels = points(pictures, features)
    plain = ((values - values.mean(0)) / values.std(0, correction=0)).double().numpy()
    for strength in (1.0, 0.01):
        peer = LogisticRegression(C=1 / (strength * pictures), tol=1e-9, max_iter=9000)
        peer.fit(plain, labels.numpy())
        ours = known(values, labels, 4).solve(strength).logits(values).softmax(1).numpy()
        assert np.abs(ours - peer.predict_proba(plain)).max() < 1e-4


def test_a_feature_that_never_varies_counts_for_nothing():
    values, labels = points(30, 10)
    values[:, 3] = 7.0
    found = known(values, labels, 4).solve(0.1)
    assert torch.isfinite(found.weight).all()
    assert found.weight[:, 3].abs().max() < 1e-9


def test_each_epoch_is_a_strength_and_the_best_by_folds_is_kept(pretrained):
    told = list(train(pretrained(**EXACT)))
    epochs = of(EpochDone, told)
    assert [epoch.rate for epoch in epochs] == strengths(5)
    losses = [epoch.train_loss for epoch in epochs]
    assert losses == sorted(losses, reverse=True)
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    (note,) = [each.text for each in of(Note, told) if "penalty" in each.text]
    assert f"{best.rate:.2g}" in note


def test_the_validation_share_is_learned_from_once_it_has_chosen(pretrained, small):
    told = list(train(pretrained(**EXACT)))
    assert any("all 60 labelled" in note.text for note in of(Note, told))
    few = small().data.model_dump() | {"labels_per_class": 2}
    told = list(train(pretrained(**EXACT, data=few)))
    assert not any("labelled" in note.text for note in of(Note, told))


@pytest.mark.parametrize("shares", [{"labels_per_class": 6}, {}])
def test_what_the_validation_share_says_was_said_before_it_was_learned_from(
    shares, pretrained, small, monkeypatch
):
    if not shares:
        monkeypatch.setattr("tlcore.nn.engine.exact.FOLDED_UP_TO", 10)
    told = list(train(pretrained(**EXACT, data=small().data.model_dump() | shares)))
    best = min(of(EpochDone, told), key=lambda epoch: epoch.validation_loss)
    (tested,) = of(Tested, told)
    assert tested.validation.correct.mean() == pytest.approx(best.validation_accuracy)


def test_every_labelled_picture_is_judged_by_a_head_that_was_solved_without_it(pretrained):
    recipe = pretrained(**EXACT)
    work = prepare_work(recipe, load(recipe.data, recipe.input))
    blocks = len(work.network.stages)
    frozen = Frozen(work.network.eval(), blocks, recipe.input.size, work.precision)
    assert work.validation is not None
    assert work.splits.validation is not None
    sides = (work.training, work.validation)
    for side in sides:
        list(side.enter(frozen, keep=False))
    features = torch.cat([side.batch(torch.arange(len(side))) for side in sides]).detach()
    labels = torch.cat([side.pictures.labels for side in sides])
    ids = np.concatenate([work.splits.train.ids, work.splits.validation.ids])
    folds, classes = folds_of(labels, ids), len(work.splits.classes)

    def loss(strength, *, closely):
        losses = []
        for number in range(FOLDS):
            aside = folds == number
            head = known(features[~aside], labels[~aside], classes).solve(strength, closely=closely)
            said = head.logits(features[aside])
            losses.append(cross_entropy(said, labels[aside], reduction="none"))
        return torch.cat(losses).mean().item()

    told = [epoch.validation_loss for epoch in of(EpochDone, train(recipe))]
    assert told == pytest.approx([loss(each, closely=False) for each in strengths(5)], rel=1e-3)
    closely = [loss(each, closely=True) for each in strengths(5)]
    assert closely[int(np.argmin(told))] < 1.01 * min(closely)


def test_folds_share_out_every_class_and_never_part_what_belongs_together():
    labels = torch.arange(60) % 3
    folds = folds_of(labels)
    for number in range(FOLDS):
        assert torch.bincount(labels[folds == number]).tolist() == [4, 4, 4]
    assert torch.equal(folds, folds_of(labels))
    groups = np.array([f"bird {number // 4}" for number in range(60)])
    together = folds_of(labels, groups).numpy()
    assert all(len(set(together[groups == group])) == 1 for group in groups)
    assert set(together) == set(range(FOLDS))


@pytest.mark.parametrize("epoch", [0, 3, 4])
def test_resuming_after_any_strength_changes_nothing(epoch, pretrained, kept_weights, tmp_path):
    recipe, path = pretrained(**EXACT), tmp_path / "last.safetensors"
    interrupt(recipe, path, lambda e: isinstance(e, Checkpoint | StepDone) and e.epoch == epoch)
    whole, rest = list(train(recipe)), list(train(recipe, resume=path))
    assert_same_ending((whole, kept_weights(whole)), (rest, kept_weights(rest)))


def test_classes_of_unequal_size_can_count_the_same(pretrained):
    uneven = {
        "name": "shapes",
        "shapes": {"per_class": 20, "test_per_class": 5, "size": 16, "imbalance": 8.0},
    }
    plain, weighted = (
        of(Tested, train(pretrained(**EXACT, data=uneven, balance=balance)))[0].predictions
        for balance in ("none", "weights")
    )
    assert not np.array_equal(plain.probabilities, weighted.probabilities)


def test_kept_views_are_all_learned_from(pretrained):
    flipped = {"flip": True, "views": 2}
    (once, twice) = (
        of(EpochDone, train(pretrained(**EXACT, augmentation=changes)))[0].train_loss
        for changes in ({}, flipped)
    )
    assert once != twice


def test_what_can_not_be_solved_exactly_is_refused_in_words():
    for fields, word in (
        ({"schedule": {"preset": "lp-ft"}}, "head-only"),
        ({"schedule": {"batchnorm": "adapted"}}, "batchnorm"),
        ({"data": {"validation": 0.0}}, "validation"),
        ({"epochs": 1}, "at least 2"),
        ({"model": {"head": {"hidden": [8]}}}, "linear head"),
        ({"augmentation": {"flip": True}}, "views"),
        ({"balance": "robust"}, "balance"),
        ({"distillation": {"teacher": "resnet18"}}, "teacher"),
    ):
        with pytest.raises(RecipeError, match=word):
            from_fields({"optimiser": {"name": "exact"}, **fields})
