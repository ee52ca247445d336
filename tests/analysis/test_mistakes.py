from collections import Counter

import numpy as np
import pytest

from tests.analysis.tables import predict_at_random
from tlcore.analysis.mistakes import confused_pairs, pictures_in_cell, rank_mistakes
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import count_confusion

TABLE = predict_at_random(400, 6, skill=1.5)


def badness(row, by):
    truth, wrong = TABLE.probabilities[row][TABLE.labels[row]], TABLE.probabilities[row].max()
    return {"loss": -np.log(truth), "confidence": wrong, "margin": wrong - truth}[by]


@pytest.mark.parametrize("by", ["loss", "confidence", "margin"])
def test_every_mistake_is_ranked_once_and_the_worst_comes_first(by):
    rows = rank_mistakes(TABLE, by=by).tolist()
    wrong = [row for row in range(400) if TABLE.predicted[row] != TABLE.labels[row]]
    assert sorted(rows) == wrong
    worst_first = [badness(row, by) for row in rows]
    assert worst_first == sorted(worst_first, reverse=True)


def test_the_three_orders_are_not_the_same():
    orders = {tuple(rank_mistakes(TABLE, by=by)) for by in ("loss", "confidence", "margin")}
    assert len(orders) == 3


def test_the_confused_pairs_are_the_commonest_mistakes():
    counts = Counter(
        (int(actual), int(called))
        for actual, called in zip(TABLE.labels, TABLE.predicted, strict=True)
        if actual != called
    )
    pairs = confused_pairs(TABLE, top=5)
    assert [pair.count for pair in pairs] == [count for _, count in counts.most_common(5)]
    for pair in pairs:
        assert counts[pair.actual, pair.called] == pair.count
        assert pair.share.value == pair.count / (TABLE.labels == pair.actual).sum()


def test_no_pair_is_listed_that_never_was_confused():
    right = np.eye(3, dtype=np.float32)
    table = Predictions(np.array(list("abc")), np.arange(3), right, ("x", "y", "z"))
    assert confused_pairs(table) == ()
    assert rank_mistakes(table).tolist() == []


def test_a_cell_opens_its_pictures_the_surest_first():
    rows = pictures_in_cell(TABLE, 0, 1)
    assert len(rows) == count_confusion(TABLE)[0, 1] > 1
    assert set(TABLE.labels[rows]) == {0}
    assert set(TABLE.predicted[rows]) == {1}
    assert (np.diff(TABLE.confidence[rows]) <= 0).all()
