import numpy as np
import pytest

from tlcore.analysis.comparison import difference
from tlcore.analysis.predictions import Predictions


def predict(called, *, labels=(0, 1, 0, 1, 0, 1), ids="abcdef", classes=("cat", "dog")):
    return Predictions(
        ids=np.array(list(ids)),
        labels=np.array(labels),
        probabilities=np.eye(2, dtype=np.float32)[list(called)],
        classes=classes,
    )


def test_the_difference_is_that_of_the_accuracies():
    gain = difference(predict([0, 0, 0, 0, 0, 0]), predict([0, 1, 0, 1, 1, 1]))
    assert gain is not None
    assert gain.value == pytest.approx(5 / 6 - 3 / 6)
    assert gain.n == 6


def test_the_order_of_the_pictures_makes_no_difference():
    first, second = predict([0, 0, 0, 0, 0, 0]), predict([0, 1, 0, 1, 1, 1])
    shuffled = predict([1, 1, 1, 0, 1, 0], labels=(1, 0, 1, 0, 1, 0), ids="fedcba")
    assert difference(first, shuffled) == difference(first, second)


@pytest.mark.parametrize(
    "other",
    [
        predict([0, 1], labels=(0, 1), ids="ab"),
        predict([0] * 6, ids="abcdeX"),
        predict([0] * 6, labels=(0, 1, 0, 1, 0, 0)),
        predict([0] * 6, classes=("cat", "owl")),
    ],
    ids=["fewer pictures", "another picture", "another label", "another class"],
)
def test_other_test_pictures_have_no_difference(other):
    assert difference(predict([0] * 6), other) is None


def test_no_pictures_have_no_difference():
    nothing = Predictions(
        np.array([], dtype=str), np.array([], dtype=int), np.zeros((0, 1), np.float32), ("cat",)
    )
    assert difference(nothing, nothing) is None
