import time

import numpy as np
import pytest
from scipy.stats import binom, binomtest
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.contingency_tables import mcnemar as reference

from tests.analysis.tables import predict_at_random
from tlcore.analysis.comparison import alike, changes, difference, mcnemar
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
    assert changes(predict([0] * 6), other) is None
    assert mcnemar(predict([0] * 6), other) is None


def test_no_pictures_have_no_difference():
    nothing = Predictions(
        np.array([], dtype=str), np.array([], dtype=int), np.zeros((0, 1), np.float32), ("cat",)
    )
    assert difference(nothing, nothing) is None


def shuffled(table, seed=0):
    order = np.random.default_rng(seed).permutation(len(table))
    return Predictions(
        table.ids[order], table.labels[order], table.probabilities[order], table.classes
    )


def two_runs(n=500, skill=2.4):
    labels = np.random.default_rng(5).integers(0, 5, n)
    first = predict_at_random(n, 5, labels=labels, skill=2.0, seed=1)
    return first, shuffled(predict_at_random(n, 5, labels=labels, skill=skill, seed=2))


def test_fixed_and_broken_pictures_are_told_by_name_whatever_their_order():
    first, second = two_runs()
    right = {name: {str(i) for i in t.ids[t.correct]} for name, t in (("a", first), ("b", second))}
    found = changes(first, second)
    assert found is not None
    assert set(first.ids[found.fixed]) == right["b"] - right["a"]
    assert set(first.ids[found.broken]) == right["a"] - right["b"]
    assert set(first.ids[found.both_wrong]) == set(first.ids) - right["a"] - right["b"]


def test_a_picture_of_the_first_is_found_in_the_second():
    first, second = two_runs()
    found = changes(first, second)
    assert found is not None
    assert (second.ids[found.in_second] == first.ids).all()


def test_the_surest_changes_come_first():
    first, second = two_runs()
    found = changes(first, second)
    assert found is not None
    for rows in (found.fixed, found.broken, found.both_wrong):
        assert (np.diff(second.confidence[found.in_second][rows]) <= 0).all()


@pytest.mark.parametrize("skill", [1.0, 2.0, 2.4, 6.0])
def test_mcnemar_s_mid_p_agrees_with_statsmodels_and_scipy(skill):
    first, second = two_runs(skill=skill)
    ours = mcnemar(first, second)
    assert ours is not None
    table = [[0, ours.broken], [ours.fixed, 0]]
    tosses = ours.fixed + ours.broken
    this_one = binom.pmf(ours.fixed, tosses, 0.5)
    assert ours.p == pytest.approx(reference(table, exact=True).pvalue - this_one, rel=1e-9)
    coin = binomtest(ours.fixed, tosses)
    assert ours.p == pytest.approx(coin.pvalue - this_one, rel=1e-9)


def test_networks_that_never_differ_differ_by_chance():
    first, _ = two_runs()
    ours = mcnemar(first, shuffled(first))
    assert ours is not None
    assert (ours.fixed, ours.broken, ours.p) == (0, 0, 1.0)


def test_ten_thousand_pictures_are_compared_in_a_tenth_of_a_second():
    first, second = two_runs(10_000, skill=2.0)
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        mcnemar(first, second)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.1


def test_networks_that_differ_on_whole_videos_are_less_certainly_apart():
    labels = np.zeros(300, dtype=np.int64)
    videos = (np.arange(300) // 30).astype(str)
    both = np.tile(np.array([0.9, 0.1], np.float32), (300, 1))
    worse = both.copy()
    worse[30:90] = worse[30:90, ::-1]  # two videos are called wrongly
    ids, names = np.arange(300).astype(str), ("x", "y")
    alone = difference(*(Predictions(ids, labels, said, names) for said in (worse, both)))
    grouped = difference(
        *(Predictions(ids, labels, said, names, {"group": videos}) for said in (worse, both))
    )
    assert alone is not None
    assert grouped is not None
    assert alone.value == grouped.value == 0.2
    assert grouped.low < 0 < alone.low


def test_the_same_zip_uploaded_or_by_its_path_holds_the_same_pictures():
    def predict(*ids):
        labels = np.array([0, 1, 1])
        return Predictions(np.array(ids), labels, np.eye(2, dtype=np.float32)[labels], ("x", "y"))

    uploaded = predict("x/1.jpg", "y/1.jpg", "y/2.jpg")
    assert difference(uploaded, predict("pets/x/1.jpg", "pets/y/1.jpg", "pets/y/2.jpg")) is not None
    assert difference(uploaded, predict("pets/x/1.jpg", "pets/y/1.jpg", "pets/y/3.jpg")) is None


def test_labels_that_were_put_right_leave_the_other_pictures_to_be_compared():
    before, after = (
        predict([0, 1, 0, 1, 1, 1]),
        predict([0, 1, 0, 1, 0, 1], labels=(1, 1, 0, 1, 0, 1)),
    )
    assert difference(before, after) is None
    unchanged = alike(before, after)
    assert unchanged is not None
    ours, theirs = unchanged
    assert ours.ids.tolist() == theirs.ids.tolist() == list("bcdef")
    on_the_same = difference(ours, theirs)
    assert on_the_same is not None
    assert on_the_same.n == 5
    assert alike(before, predict([0] * 6, ids="uvwxyz")) is None


def in_groups(right, belonging):
    """A network that calls just these pictures rightly; some of them belong together."""
    labels, said = (
        np.zeros(len(right), np.int64),
        np.eye(2, dtype=np.float32)[1 - right.astype(int)],
    )
    ids, groups = np.arange(len(right)).astype(str), {"group": belonging.astype(str)}
    return Predictions(ids, labels, said, ("no", "yes"), groups)


def two_in_groups(seed, *, groups=100, size=10):
    """Equally good networks; each changes its answer for whole groups."""
    chance, belonging = np.random.default_rng(seed), np.arange(groups * size) // size
    alike = chance.random(groups * size) < 0.8
    turned = chance.random((2, groups))[:, belonging] < 0.1
    return [in_groups(alike ^ each, belonging) for each in turned]


def test_mcnemar_of_pictures_that_belong_together_tosses_groups():
    told = [found for seed in range(150) if (found := mcnemar(*two_in_groups(seed)))]
    assert len(told) == 150
    assert all(each.by_groups for each in told)
    assert np.mean([each.p < 0.05 for each in told]) <= binom.ppf(0.99, 150, 0.05) / 150
    plain = [binomtest(each.fixed, each.fixed + each.broken).pvalue for each in told]
    assert np.mean(np.array(plain) < 0.05) > 0.15


def test_mcnemar_by_groups_agrees_with_statsmodels_clustered_errors():
    first, second = two_in_groups(3)
    gains = second.correct - first.correct.astype(float)
    fit = OLS(gains, np.ones(len(gains))).fit(
        cov_type="cluster", cov_kwds={"groups": first.belonging, "use_correction": False}
    )
    found = mcnemar(first, second)
    assert found
    assert found.p == pytest.approx(fit.pvalues[0], abs=0.03)


def test_pictures_that_both_were_tested_on_still_belong_together():
    first, second = two_in_groups(3)
    both = alike(first, second)
    assert both
    assert all(each.belonging is not None for each in both)
    assert difference(*both) == difference(first, second)
