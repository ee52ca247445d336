import json
import time

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from tests.analysis.tables import predict_at_random
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import calibration_error, class_f1_intervals, f1_interval, score
from tlcore.errors import DataError


@pytest.mark.parametrize(("n", "k"), [(1, 2), (50, 3), (500, 10), (2000, 100)])
def test_scores_agree_with_scikit_learn(n, k):
    table = predict_at_random(n, k)
    report = score(table)
    present = sorted(set(table.labels.tolist()))
    expected = precision_recall_fscore_support(
        table.labels, table.predicted, labels=present, average="macro", zero_division=0
    )
    assert (report.precision, report.recall, report.f1) == pytest.approx(expected[:3])
    assert report.accuracy.value == pytest.approx((table.labels == table.predicted).mean())
    expected_loss = log_loss(table.labels, table.probabilities, labels=range(k))
    assert report.loss == pytest.approx(expected_loss, abs=1e-5)
    expected_confusion = confusion_matrix(table.labels, table.predicted, labels=range(k))
    assert (report.confusion == expected_confusion).all()


def test_each_class_agrees_with_scikit_learn():
    table = predict_at_random(400, 7)
    expected = precision_recall_fscore_support(table.labels, table.predicted, zero_division=0)
    ours = [(c.precision, c.recall, c.f1, c.support) for c in score(table).classes]
    assert np.array(ours) == pytest.approx(np.array(expected).T)


def test_a_class_without_test_pictures_is_left_out_of_the_mean_and_said_so():
    table = predict_at_random(90, 4, labels=np.arange(90) % 3)
    report = score(table)
    assert report.absent == ("class 3",)
    assert report.classes[3].support == 0
    assert report.classes[3].recall is None
    assert report.classes[3].recall_interval is None
    assert report.recall == pytest.approx(np.mean([c.recall for c in report.classes[:3]]))


def test_a_class_that_is_never_called_has_precision_0():
    table = Predictions(
        ids=np.array(["a", "b"]),
        labels=np.array([0, 1]),
        probabilities=np.array([[0.9, 0.1], [0.9, 0.1]], dtype=np.float32),
        classes=("cat", "dog"),
    )
    dog = score(table).classes[1]
    assert (dog.precision, dog.recall, dog.f1) == (0, 0, 0)


def test_the_calibration_error_is_what_a_loop_over_bins_gives():
    table = predict_at_random(3000, 5)
    total = 0.0
    for low in np.arange(15) / 15:
        inside = (table.confidence > low) & (table.confidence <= low + 1 / 15)
        if inside.any():
            gap = abs(table.confidence[inside].mean() - table.correct[inside].mean())
            total += gap * inside.mean()
    assert calibration_error(table) == pytest.approx(total, abs=1e-6)


def test_certainty_about_everything_with_half_of_it_wrong_is_an_error_of_a_half():
    sure = np.array([[1, 0], [1, 0]], dtype=np.float32)
    table = Predictions(np.array(["a", "b"]), np.array([0, 1]), sure, ("cat", "dog"))
    assert calibration_error(table) == pytest.approx(0.5)


def test_the_report_as_fields_is_strict_json():
    fields = score(predict_at_random(30, 4, labels=np.arange(30) % 3)).as_fields()
    again = json.loads(json.dumps(fields, allow_nan=False))
    assert again["n"] == 30
    assert again["accuracy"]["low"] < again["accuracy"]["value"] < again["accuracy"]["high"]
    assert again["classes"][3]["recall_interval"] is None
    assert np.sum(again["confusion"]) == 30


def test_no_test_pictures_is_an_error_with_words():
    with pytest.raises(DataError, match="no test pictures"):
        score(predict_at_random(0, 3))


def test_the_f1_interval_agrees_with_resampling_pictures_in_a_loop():
    table = predict_at_random(150, 4)
    ours = f1_interval(table, seed=3)
    chance = np.random.default_rng(3)
    scores = []
    for rows in chance.integers(0, 150, (400, 150)):
        scores.append(
            precision_recall_fscore_support(
                table.labels[rows],
                table.predicted[rows],
                labels=range(4),
                average="macro",
                zero_division=0,
            )[2]
        )
    assert ours.value == pytest.approx(score(table).f1)
    within = 0.5 * np.std(scores)  # some four deviations of a quantile of 400 draws
    assert (ours.low, ours.high) == pytest.approx(
        tuple(np.quantile(scores, [0.025, 0.975])), abs=within
    )


def test_each_class_has_an_f1_whose_interval_agrees_with_resampling_pictures():
    table = predict_at_random(150, 4)
    ours = class_f1_intervals(table)
    chance = np.random.default_rng(3)
    scores = np.array(
        [
            precision_recall_fscore_support(
                table.labels[rows], table.predicted[rows], labels=range(4), zero_division=0
            )[2]
            for rows in chance.integers(0, 150, (400, 150))
        ]
    )
    for k, found in enumerate(ours):
        assert found is not None
        assert found.value == pytest.approx(score(table).classes[k].f1)
        expected = tuple(np.quantile(scores[:, k], [0.025, 0.975]))
        assert (found.low, found.high) == pytest.approx(expected, abs=0.5 * np.std(scores[:, k]))


def test_an_absent_class_has_no_f1():
    table = predict_at_random(60, 5, labels=np.arange(60) % 3)
    assert [found is None for found in class_f1_intervals(table)] == [False] * 3 + [True] * 2


def test_the_f1_interval_leaves_absent_classes_out():
    table = predict_at_random(60, 5, labels=np.arange(60) % 3)
    assert f1_interval(table).value == pytest.approx(score(table).f1)


def test_ten_thousand_pictures_of_a_hundred_classes_are_scored_in_50_milliseconds():
    table = predict_at_random(10_000, 100)
    seconds = []
    for _ in range(5):
        fresh = Predictions(table.ids, table.labels, table.probabilities, table.classes)
        start = time.perf_counter()
        score(fresh)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05
