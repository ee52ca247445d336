import json
import time

import numpy as np
import pytest
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)
from statsmodels.stats.proportion import proportion_confint

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


def test_the_f1_intervals_width_is_that_of_the_jackknife():
    """Each picture left out in turn, and scikit-learn asked again."""
    table = predict_at_random(150, 4)

    def macro(rows):
        return f1_score(table.labels[rows], table.predicted[rows], labels=range(4), average="macro")

    every = np.arange(150)
    left_out = np.array([macro(np.delete(every, row)) for row in every])
    error = np.sqrt(149 / 150 * ((left_out - left_out.mean()) ** 2).sum())
    ours = f1_interval(table)
    assert ours.value == pytest.approx(macro(every))
    assert (ours.high - ours.low) / (2 * 1.96) == pytest.approx(error, rel=0.05)


def test_each_class_has_an_f1_whose_interval_is_wilsons_of_the_jaccard_rate():
    table = predict_at_random(150, 4)
    for k, found in enumerate(class_f1_intervals(table)):
        assert found is not None
        assert found.value == pytest.approx(score(table).classes[k].f1)
        both = int(((table.labels == k) & (table.predicted == k)).sum())
        either = int(((table.labels == k) | (table.predicted == k)).sum())
        ends = np.array(proportion_confint(both, either, method="wilson"))
        assert (found.low, found.high) == pytest.approx(tuple(2 * ends / (1 + ends)))


def test_macro_f1_lies_inside_its_own_interval_however_many_classes_there_are():
    for seed in range(10):
        shares = np.geomspace(1, 0.03, 101)
        labels = np.random.default_rng(seed).choice(101, 896, p=shares / shares.sum())
        found = f1_interval(predict_at_random(896, 101, labels=labels, skill=5.0))
        assert found.low < found.value < found.high
        assert found.warning.endswith("of a class")


def test_a_class_that_is_right_in_all_of_few_pictures_is_not_certain():
    labels = np.repeat(np.arange(5), 5)
    table = predict_at_random(25, 5, labels=labels, skill=40.0)
    each, whole = class_f1_intervals(table)[0], f1_interval(table)
    assert each is not None
    assert each.value == whole.value == 1
    assert each.low < 0.75
    assert each.low < whole.low < 0.95


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
