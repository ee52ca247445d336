import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score

from tests.analysis.tables import predict_at_random
from tlcore.analysis.auc import rank_classes
from tlcore.analysis.predictions import Predictions


def ranked(table: Predictions) -> Any:
    return rank_classes(table)


def coarse(n, k, **how):
    """Predictions with many equal probabilities."""
    table = predict_at_random(n, k, **how)
    rounded = np.maximum((table.probabilities * 8).round(), 0.5)
    return replace(table, probabilities=(rounded / rounded.sum(1, keepdims=True)).astype("f4"))


def of_two(scores, labels):
    """A table of two classes by the probability of the second."""
    given = np.stack([1 - np.asarray(scores), scores], axis=1).astype(np.float32)
    truth = np.asarray(labels).astype(np.int64)
    return Predictions(np.arange(len(truth)).astype(str), truth, given, ("no", "yes"))


@pytest.mark.parametrize("make", [predict_at_random, coarse])
@pytest.mark.parametrize("k", [2, 7])
def test_every_class_agrees_with_scikit_learn(make, k):
    table = make(600, k, skill=1.2)
    found = ranked(table)
    for place, each in enumerate(found.classes):
        own = table.labels == place
        scores = table.probabilities[:, place]
        assert each.auc.value == pytest.approx(roc_auc_score(own, scores))
        assert each.precision.value == pytest.approx(average_precision_score(own, scores))
    one_hot = np.eye(k)[table.labels]
    for ours, theirs in ((found.auc, roc_auc_score), (found.precision, average_precision_score)):
        expected = theirs(one_hot, table.probabilities, average="macro")
        assert ours.value == pytest.approx(expected)


def test_the_variance_is_delongs_as_published():
    """By its definition, over all pairs (DeLong, DeLong, Clarke-Pearson, 1988)."""
    table = coarse(150, 2, skill=0.8)
    own = table.labels == 1
    scores = table.probabilities[:, 1].astype(float)
    pairs = np.sign(scores[own][:, None] - scores[~own][None]) / 2 + 0.5
    rows, columns = pairs.mean(axis=1), pairs.mean(axis=0)
    variance = rows.var(ddof=1) / len(rows) + columns.var(ddof=1) / len(columns)
    auc = pairs.mean()
    half = norm.ppf(0.975) * math.sqrt(variance) / (auc * (1 - auc))
    odds = math.log(auc / (1 - auc))
    found = ranked(table).classes[1].auc
    assert (found.value, found.low, found.high) == pytest.approx(
        (auc, 1 / (1 + math.exp(half - odds)), 1 / (1 + math.exp(-half - odds)))
    )


def drawn_again(table, measure, draws=400):
    """The standard deviation of a score over resamples."""
    rows = np.random.default_rng(3).integers(0, len(table), (draws, len(table)))
    return float(np.std([measure(table.labels[r], table.probabilities[r]) for r in rows]))


def test_intervals_are_as_wide_as_resampling_makes_them():
    table = predict_at_random(500, 4, skill=1.5)
    found = ranked(table)
    one_hot = np.eye(4)
    widths = {
        "a class": (found.classes[2].auc, lambda y, p: roc_auc_score(y == 2, p[:, 2])),
        "macro": (found.auc, lambda y, p: roc_auc_score(one_hot[y], p, average="macro")),
        "macro precision": (
            found.precision,
            lambda y, p: average_precision_score(one_hot[y], p, average="macro"),
        ),
    }
    for name, (ours, measure) in widths.items():
        deviation = (ours.high - ours.low) / (2 * norm.ppf(0.975))
        rough = 0.35 if "precision" in name else 0.15
        assert deviation == pytest.approx(drawn_again(table, measure), rel=rough), name


def test_nineteen_intervals_of_twenty_hold_the_truth():
    truth = norm.cdf(1 / math.sqrt(2))
    chance = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        labels = np.repeat([0, 1], [60, 40])
        scores = norm.cdf(chance.normal(size=100) + labels)
        found = ranked(of_two(scores, labels)).classes[1].auc
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 300 <= 0.98


def test_a_perfect_order_of_few_pictures_is_not_certain():
    few, many = (
        ranked(of_two(np.linspace(0.1, 0.9, n), np.arange(n) >= n // 2)).classes[1]
        for n in (20, 2000)
    )
    assert (few.auc.value, few.auc.high) == (1.0, 1.0)
    assert few.auc.low < 0.9 < 0.99 < many.auc.low < 1
    assert few.precision.low < 0.8 < many.precision.low


def test_a_network_that_says_the_same_of_all_is_guessing():
    found = ranked(of_two(np.full(80, 0.5), np.arange(80) % 2)).classes[1].auc
    assert found.value == 0.5
    assert 0.3 < found.low < 0.45
    assert found.low + found.high == pytest.approx(1, abs=1e-6)


def test_a_reversed_order_mirrors_the_interval():
    scores, labels = np.linspace(0.1, 0.9, 60), np.arange(60) % 3 == 0
    one, other = (ranked(of_two(s, labels)).classes[1].auc for s in (scores, 1 - scores))
    assert one.value == pytest.approx(1 - other.value)
    assert one.low == pytest.approx(1 - other.high)


def test_classes_without_pictures_or_without_others_are_left_out():
    table = predict_at_random(40, 3, labels=np.arange(40) % 2)
    found = ranked(table)
    assert (found.classes[2].auc, found.classes[2].precision) == (None, None)
    assert found.auc.value == pytest.approx(np.mean([c.auc.value for c in found.classes[:2]]))
    alone = ranked(predict_at_random(40, 3, labels=np.zeros(40, dtype=int)))
    assert (alone.auc, alone.precision) == (None, None)


def test_few_pictures_of_a_class_are_warned_of_whichever_side_they_are_on():
    found = ranked(predict_at_random(100, 2, labels=(np.arange(100) < 3).astype(int)))
    assert [each.auc.warning for each in found.classes] == ["only 3 pictures of a class"] * 2
    assert found.auc.warning == "only 3 pictures of a class"
    assert not ranked(predict_at_random(100, 2, labels=np.arange(100) % 2)).auc.warning


def test_a_lone_picture_says_little():
    found = ranked(predict_at_random(50, 2, labels=(np.arange(50) == 7).astype(int))).classes[1].auc
    assert found.high - found.low > 0.3


def test_ten_thousand_pictures_take_no_time():
    table = predict_at_random(10_000, 10)
    began = time.thread_time()
    ranked(table)
    assert time.thread_time() - began < 0.3
