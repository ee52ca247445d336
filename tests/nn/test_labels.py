"""Every label is judged by a head that has not seen its picture."""

import numpy as np
import torch

from tlcore.analysis.label_errors import find_suspects
from tlcore.analysis.predictions import Predictions
from tlcore.nn.engine.exact import FOLDS, folds_of
from tlcore.nn.labels import check_labels, out_of_fold
from tlcore.recipe.text import from_fields


def clouds(each=40, classes=3):
    chance = torch.Generator().manual_seed(0)
    labels = torch.arange(classes).repeat_interleave(each)
    centres = torch.randn(classes, 20, generator=chance) * 2
    return centres[labels] + torch.randn(len(labels), 20, generator=chance), labels


def test_folds_share_every_class_evenly_and_are_always_the_same():
    labels = torch.tensor([0] * 50 + [1] * 10)
    folds = folds_of(labels)
    assert torch.equal(folds, folds_of(labels))
    for label, each in ((0, 10), (1, 2)):
        assert torch.bincount(folds[labels == label], minlength=FOLDS).tolist() == [each] * FOLDS


def test_planted_labels_are_found():
    features, labels = clouds()
    planted = torch.arange(0, len(labels), 12)
    noisy = labels.clone()
    noisy[planted] = (labels[planted] + 1) % 3
    said = out_of_fold(features, noisy, 3)
    ids = np.array([str(number) for number in range(len(labels))])
    table = Predictions(ids, noisy.numpy(), said.numpy(), ("a", "b", "c"))
    suspects = find_suspects(table)
    found = {each.row for each in suspects}
    assert len(found & set(planted.tolist())) >= 0.8 * len(planted)
    assert len(found) < 2 * len(planted)


def test_every_picture_of_every_side_is_looked_at():
    told = []
    shapes = {"per_class": 6, "test_per_class": 3, "size": 16}
    recipe = from_fields({"data": {"shapes": shapes}})
    found = check_labels(recipe, tell=lambda done, total: told.append((done, total)))
    assert len(found) == 9 * len(found.classes)
    assert len(set(found.ids.tolist())) == len(found)
    assert np.allclose(found.probabilities.sum(axis=1), 1, atol=1e-4)
    assert all(done <= total for done, total in told)
