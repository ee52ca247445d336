import numpy as np
import pytest

from tlcore.analysis.intervals import wilson
from tlcore.analysis.label_curves import advantage, labels_to_reach


def curve(*points, n=1000):
    return [(labels, wilson(round(accuracy * n), n)) for labels, accuracy in points]


def test_the_advantage_ends_where_the_interval_reaches_0_and_stays_there():
    transfer = curve((5, 0.8), (10, 0.85), (100, 0.9), (500, 0.92))
    scratch = curve((5, 0.3), (10, 0.5), (100, 0.89), (500, 0.93))
    found = advantage(transfer, scratch)
    assert found is not None
    assert found.ends_at == 100
    assert "From 100 labels a class on, no advantage" in found.text
    assert [labels for labels, _ in found.gains] == [5, 10, 100, 500]
    assert found.gains[0][1].value == pytest.approx(0.5)


def test_an_advantage_that_comes_back_has_not_ended():
    transfer = curve((5, 0.8), (10, 0.8), (100, 0.9))
    scratch = curve((5, 0.3), (10, 0.8), (100, 0.5))
    found = advantage(transfer, scratch)
    assert found is not None
    assert found.ends_at is None
    assert "lasts to the 100 labels" in found.text


def test_fewer_test_pictures_end_it_sooner():
    points = [(5, 0.8), (10, 0.7)], [(5, 0.3), (10, 0.6)]
    many = advantage(curve(*points[0]), curve(*points[1]))
    few = advantage(curve(*points[0], n=50), curve(*points[1], n=50))
    assert many is not None
    assert few is not None
    assert (many.ends_at, few.ends_at) == (None, 10)


def test_no_advantage_at_all_is_told_so():
    found = advantage(curve((5, 0.5)), curve((5, 0.6)))
    assert found is not None
    assert found.ends_at == 5
    assert "No advantage can be told from chance at any number of labels tried." in found.text


def test_the_saving_is_read_off_the_other_curve():
    found = advantage(curve((10, 0.5)), curve((10, 0.2), (1000, 0.8)))
    assert found is not None
    assert found.saving == pytest.approx(10)
    low, high = found.between
    assert low < 10 < high
    assert f"needs {low:.0f} to {high:.0f} times as many labels for that. One seed" in found.text


def test_the_range_of_the_saving_holds_the_truth():
    chance, held, trials = np.random.default_rng(3), 0, 60
    for _ in range(trials):
        few, low, high = (chance.binomial(500, p) / 500 for p in (0.5, 0.2, 0.8))
        found = advantage(curve((10, few), n=500), curve((10, low), (1000, high), n=500))
        if found:
            held += found.between[0] <= 10 <= found.between[1]
    assert held / trials >= 0.88


def test_labels_between_points_agree_with_numpy_on_a_logarithmic_axis():
    points = curve((4, 0.2), (16, 0.35), (100, 0.6), (900, 0.8))
    for accuracy in (0.2, 0.3, 0.35, 0.5, 0.79):
        expected = np.exp(
            np.interp(accuracy, [p.value for _, p in points], np.log([n for n, _ in points]))
        )
        assert labels_to_reach(points, accuracy) == pytest.approx(expected, rel=1e-6)


def test_what_was_never_reached_needs_nobody_knows_how_many():
    assert labels_to_reach(curve((10, 0.2), (100, 0.4)), 0.5) is None
    assert labels_to_reach([], 0.5) is None


def test_curves_without_a_number_of_labels_in_common_are_not_compared():
    assert advantage(curve((5, 0.8)), curve((10, 0.8))) is None
