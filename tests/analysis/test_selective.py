from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from tests.analysis.tables import predict_at_random
from tests.analysis.test_calibration import predict_calibrated
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.selective import abstain, abstention_curve, promise, threshold_for


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


def test_a_threshold_that_is_promised_passes_scipys_binomial_test():
    table = predict_calibrated(1000, 3, seed=4)
    for wanted in (0.5, 0.7, 0.8):
        threshold = threshold_for(table, wanted)
        assert threshold is not None, wanted
        answered = table.confidence >= threshold
        right = int(table.correct[answered].sum())
        p = binomtest(right, int(answered.sum()), wanted, alternative="greater").pvalue
        assert p <= 0.05 / 4, wanted


def test_at_most_one_promise_in_twenty_is_broken():
    many = predict_calibrated(40_000, 4, seed=999)
    for wanted, pictures in ((0.7, 200), (0.9, 200), (0.9, 1000)):
        broken = 0
        for seed in range(100):
            threshold = threshold_for(predict_calibrated(pictures, 4, seed=seed), wanted)
            if threshold is not None:
                broken += many.correct[many.confidence >= threshold].mean() < wanted
        assert broken <= 8, (wanted, pictures)  # 5 of 100, and chance


def test_what_no_threshold_gives_is_not_promised():
    wrong = np.array([[0.9, 0.1], [0.8, 0.2]], dtype=np.float32)
    table = Predictions(np.array(["a", "b"]), np.array([1, 1]), wrong, ("x", "y"))
    assert threshold_for(table, 0.6) is None
    assert threshold_for(predict_calibrated(1000, 3), 1.0) is None  # nothing is ever certain
    assert promise(table, table, 0.6) is None
    assert threshold_for(predict_at_random(0, 2), 0.5) is None


def test_a_promise_made_on_many_pictures_is_kept_on_others():
    validation, test = predict_calibrated(4000, 5, seed=1), predict_calibrated(4000, 5, seed=2)
    found = promise(validation, test, 0.9)
    assert found is not None
    assert found.chosen.accuracy is not None
    assert found.chosen.accuracy.value >= 0.9
    assert found.kept.accuracy is not None
    assert found.kept.accuracy.high >= 0.9
    assert found.verdict == "kept"
    assert found.kept.coverage.value == pytest.approx(found.chosen.coverage.value, abs=0.05)


def test_a_promise_that_was_made_on_easier_pictures_is_broken_and_said_so():
    validation = predict_at_random(500, 4, skill=4.0)
    test = replace(validation, labels=np.roll(validation.labels, 1))
    found = promise(validation, test, 0.95)
    assert found is not None
    assert found.verdict == "broken"
