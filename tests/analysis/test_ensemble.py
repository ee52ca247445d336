"""Networks that vote, held against numpy and scikit-learn."""

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import accuracy_score
from statsmodels.stats.contingency_tables import mcnemar as other_mcnemar

from tests.analysis.tables import predict_at_random
from tlcore.analysis.ensemble import verdict, vote
from tlcore.analysis.predictions import Predictions
from tlcore.errors import DataError


@pytest.fixture
def three():
    """Three networks of the same skill, each with its own mistakes."""
    labels = np.random.default_rng(9).integers(0, 4, 600)
    return [predict_at_random(600, 4, labels=labels, skill=1.0, seed=seed) for seed in range(3)]


def shuffled(table, seed=1):
    rows = np.random.default_rng(seed).permutation(len(table))
    return Predictions(
        table.ids[rows], table.labels[rows], table.probabilities[rows], table.classes
    )


class Says(DummyClassifier):  # type: ignore[misc]
    """A classifier that has said what it says, for scikit-learn's own voting."""

    def __init__(self, table=None):
        super().__init__()
        self.table = table

    def predict_proba(self, rows):
        return self.table.probabilities[np.asarray(rows).ravel()]


def test_it_is_scikit_learn_s_soft_voting(three):
    rows, labels = np.arange(600)[:, None], three[0].labels
    voting = VotingClassifier([(str(i), Says(t)) for i, t in enumerate(three)], voting="soft")
    voting.fit(rows, labels)
    found = vote(three)
    np.testing.assert_allclose(found.together.probabilities, voting.predict_proba(rows), atol=1e-6)
    assert found.accuracy.value == accuracy_score(labels, voting.predict(rows))


def test_the_order_of_a_member_s_pictures_does_not_matter(three):
    plain, other = vote(three), vote([three[0], shuffled(three[1]), shuffled(three[2], 2)])
    assert other.together.ids.tolist() == three[0].ids.tolist()
    np.testing.assert_array_equal(plain.together.probabilities, other.together.probabilities)
    assert plain.over_best == other.over_best


def test_gains_are_those_of_a_plain_paired_bootstrap(three):
    found = vote(three)
    right = np.stack([table.correct for table in three]).astype(float)
    together = found.together.correct.astype(float)
    for ours, gains in (
        (found.over_best, together - right[right.mean(axis=1).argmax()]),
        (found.over_mean, together - right.mean(axis=0)),
    ):
        dice = np.random.default_rng(5)
        drawn = gains[dice.integers(0, 600, (4000, 600))].mean(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        assert ours.value == pytest.approx(gains.mean())
        assert ours.low == pytest.approx(low, abs=0.006)
        if ours is found.over_mean:
            assert ours.high == pytest.approx(high, abs=0.006)
        else:  # the best of three was picked
            assert high - 0.001 < ours.high < high + 0.02


def test_mcnemar_is_statsmodels_own(three):
    found = vote(three)
    best = three[found.best].correct
    both = found.together.correct
    table = [[(best & both).sum(), (best & ~both).sum()], [(~best & both).sum(), 0]]
    this_one = binom.pmf(found.test.fixed, found.test.fixed + found.test.broken, 0.5)
    exact = other_mcnemar(table, exact=True).pvalue
    assert found.test.p == pytest.approx(exact - this_one)


def test_members_that_are_alike_gain_nothing_and_that_is_said(three):
    found = vote([three[0], three[0]])
    assert (found.over_best.value, found.split, found.test.p) == (0, 0, 1)
    assert "Not worth 2 times the computing" in verdict(found)


def test_what_helps_beyond_chance_is_said_to_help(three):
    found = vote(three)
    assert found.over_best.low > 0
    assert "voting helps here" in verdict(found)
    assert f"{100 * found.accuracy.value:.0f} %" in verdict(found)


def test_a_member_that_is_sure_and_wrong_does_harm():
    labels = np.zeros(200, dtype=np.int64)
    good = np.tile(np.array([0.6, 0.4], np.float32), (200, 1))
    bad = np.tile(np.array([0.01, 0.99], np.float32), (200, 1))
    ids = np.arange(200).astype(str)
    found = vote([Predictions(ids, labels, table, ("x", "y")) for table in (good, bad)])
    assert found.over_best.high < 0
    assert "does harm" in verdict(found)


def test_ten_thousand_pictures_of_a_hundred_classes_take_no_time(three):
    tables = [
        predict_at_random(10_000, 100, labels=np.arange(10_000) % 100, seed=s) for s in (1, 2)
    ]
    assert vote(tables).accuracy.n == 10_000


@pytest.mark.parametrize("which", ["fewer", "other labels", "other classes", "alone"])
def test_what_can_not_vote_is_told(three, which):
    first = three[0]
    others = {
        "fewer": [first, predict_at_random(500, 4)],
        "other labels": [first, predict_at_random(600, 4, seed=3)],
        "other classes": [first, predict_at_random(600, 5, labels=first.labels)],
        "alone": [first],
    }
    words = "at least two" if which == "alone" else "Run 2 was not tested on the same pictures"
    with pytest.raises(DataError, match=words):
        vote(others[which])


def test_few_pictures_that_none_gains_leave_room_for_a_gain():
    labels = np.arange(20) % 2
    sure = np.where(np.eye(2)[labels] == 1, 0.9, 0.1).astype(np.float32)
    table = Predictions(np.arange(20).astype(str), labels, sure, ("x", "y"))
    found = vote([table, table, table])
    assert found.over_best.low < 0 < found.over_best.high
    assert found.over_mean.low < 0 < found.over_mean.high
    assert "Not worth" not in verdict(found)
