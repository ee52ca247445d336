"""Every epoch sees what it should, in an order that only the seed and the epoch decide."""

import numpy as np
import pytest
import torch

from tlcore.nn.engine.batches import class_weights, epoch_order, steps_in_epoch

LABELS = np.array([0] * 90 + [1] * 10)


def test_an_epoch_sees_every_picture_once():
    assert sorted(epoch_order(LABELS, seed=0, epoch=3).tolist()) == list(range(100))


def test_the_order_follows_from_seed_and_epoch():
    first = epoch_order(LABELS, seed=0, epoch=0)
    assert torch.equal(first, epoch_order(LABELS, seed=0, epoch=0))
    assert not torch.equal(first, epoch_order(LABELS, seed=0, epoch=1))
    assert not torch.equal(first, epoch_order(LABELS, seed=1, epoch=0))


def test_balanced_sampling_draws_every_class_as_often():
    drawn = np.concatenate(
        [LABELS[epoch_order(LABELS, 0, epoch, balanced=True)] for epoch in range(20)]
    )
    assert drawn.mean() == pytest.approx(0.5, abs=0.05)


def test_class_weights_make_classes_count_the_same():
    weights = class_weights(LABELS, 2)
    assert weights[0] * 90 == pytest.approx(float(weights[1] * 10))
    assert float(weights[torch.from_numpy(LABELS)].mean()) == pytest.approx(1)


def test_a_class_without_pictures_has_a_finite_weight():
    assert torch.isfinite(class_weights(LABELS, 3)).all()


@pytest.mark.parametrize(("pictures", "steps"), [(64, 2), (65, 2), (66, 3), (31, 1), (2, 1)])
def test_a_last_batch_of_one_is_left_out(pictures, steps):
    assert steps_in_epoch(pictures, 32) == steps
