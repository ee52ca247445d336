from dataclasses import replace

import numpy as np
import pytest

from tests.analysis.tables import predict_at_random
from tests.analysis.test_calibration import predict_calibrated
from tlcore.analysis.abstaining import abstain, abstention_curve, promise, threshold_for
from tlcore.analysis.predictions import Predictions


def test_whoever_answers_less_is_right_more_often():
    table = predict_calibrated(2000, 4)
    never, sometimes = abstain(table, 1.1), abstain(table, 0.8)
    assert (never.coverage.value, never.accuracy) == (0, None)
    answered = table.confidence >= 0.8
    assert sometimes.coverage.value == answered.mean()
    assert sometimes.accuracy is not None
    assert sometimes.accuracy.value == table.correct[answered].mean() > table.correct.mean()


def test_the_curve_begins_where_everything_is_answered():
    curve = abstention_curve(predict_at_random(300, 3))
    assert curve[0].coverage.value == 1
    shares = [each.coverage.value for each in curve]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("wanted", [0.5, 0.7, 0.8, 0.9, 0.97])
def test_the_threshold_is_the_lowest_that_gives_what_is_wanted(wanted):
    table = predict_calibrated(400, 3, seed=4)
    every = {float(each): abstain(table, float(each)) for each in np.unique(table.confidence)}
    enough = [t for t, a in every.items() if a.accuracy and a.accuracy.value >= wanted]
    assert threshold_for(table, wanted) == min(enough)


def test_pictures_of_like_confidence_are_answered_together_or_not_at_all():
    given = np.array([[0.9, 0.1], [0.8, 0.2], [0.8, 0.2], [0.6, 0.4]], dtype=np.float32)
    table = Predictions(np.array(list("abcd")), np.array([0, 0, 1, 0]), given, ("x", "y"))
    assert threshold_for(table, 1.0) == pytest.approx(0.9)
    assert threshold_for(table, 0.75) == pytest.approx(0.6)


def test_what_no_threshold_gives_is_not_promised():
    wrong = np.array([[0.9, 0.1], [0.8, 0.2]], dtype=np.float32)
    table = Predictions(np.array(["a", "b"]), np.array([1, 1]), wrong, ("x", "y"))
    assert threshold_for(table, 0.6) is None
    assert promise(table, table, 0.6) is None
    assert threshold_for(predict_at_random(0, 2), 0.5) is None


def test_a_promise_made_on_many_pictures_is_kept_on_others():
    validation, test = predict_calibrated(4000, 5, seed=1), predict_calibrated(4000, 5, seed=2)
    found = promise(validation, test, 0.9)
    assert found is not None
    assert found.chosen.accuracy is not None
    assert found.chosen.accuracy.value >= 0.9
    assert found.holds
    assert found.kept.coverage.value == pytest.approx(found.chosen.coverage.value, abs=0.05)


def test_a_promise_that_was_made_on_easier_pictures_is_broken_and_said_so():
    validation = predict_at_random(500, 4, skill=4.0)
    test = replace(validation, labels=np.roll(validation.labels, 1))
    found = promise(validation, test, 0.95)
    assert found is not None
    assert not found.holds
