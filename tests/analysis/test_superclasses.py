import numpy as np
import pytest

from tests.analysis.tables import predict_at_random
from tlcore.analysis.mistakes import fold, superclasses_of
from tlcore.analysis.predictions import Predictions
from tlcore.data.cifar import CIFAR100
from tlcore.errors import DataError

FINE = tuple(sorted(name for names in CIFAR100.values() for name in names))

OFFICIAL = (
    4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11, 6, 11, 5, 10, 7, 6, 13, 15,
    3, 15, 0, 11, 1, 10, 12, 14, 16, 9, 11, 5, 5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4,
    2, 0, 17, 4, 18, 17, 10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13,
    16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13,
)  # fmt: skip
"""The number of the superclass of each class, as the data set's own files have it."""


def predict_cifar100(n=300):
    table = predict_at_random(n, 100)
    return Predictions(table.ids, table.labels, table.probabilities, FINE)


def test_the_hundred_classes_fold_into_the_official_twenty():
    table = predict_cifar100()
    superclasses = superclasses_of(FINE)
    assert superclasses is not None
    folded = fold(table, superclasses)
    assert len(folded.classes) == 20
    assert folded.labels.tolist() == [OFFICIAL[label] for label in table.labels]


def test_a_superclass_is_as_likely_as_its_five_classes_together():
    table = predict_cifar100()
    folded = fold(table, superclasses_of(FINE) or {})
    for coarse in range(20):
        members = [fine for fine in range(100) if OFFICIAL[fine] == coarse]
        assert len(members) == 5
        together = table.probabilities[:, members].sum(axis=1)
        assert folded.probabilities[:, coarse] == pytest.approx(together, abs=1e-6)


def test_the_fine_class_of_each_picture_is_remembered():
    table = predict_cifar100()
    folded = fold(table, superclasses_of(FINE) or {})
    assert folded.groups["fine"].tolist() == [FINE[label] for label in table.labels]


def test_other_classes_have_no_superclasses():
    assert superclasses_of(("cat", "dog")) is None
    assert superclasses_of(FINE[1:]) is None


def test_a_class_that_nobody_put_anywhere_is_named():
    table = Predictions(np.array(["a"]), np.array([0]), np.ones((1, 1), np.float32), ("yeti",))
    with pytest.raises(DataError, match="'yeti' has no superclass"):
        fold(table, {"cat": "pet"})
