import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from tests.analysis.tables import predict_at_random
from tlcore.analysis.calibration import (
    USUAL_SPREAD,
    _largest_by_chance,
    error_interval,
    fit_temperature,
    how_sure,
    recalibrate,
    recalibrate_at_best,
    recalibrate_crosswise,
    reliability,
    scale,
)
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import calibration_error, place_in_bins
from tlcore.analysis.selective import abstention_curve
from tlcore.errors import DataError


def predict_calibrated(n, k, *, temperature=1.0, seed=0):
    """A network that is as often right as it is sure, if its temperature is 1."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(size=(n, k)) * 2
    shares = softmax(logits, axis=1)
    labels = (shares.cumsum(axis=1) > chance.random((n, 1))).argmax(axis=1)
    said = softmax(logits / temperature, axis=1).astype(np.float32)
    names = tuple(f"class {i}" for i in range(k))
    return Predictions(np.arange(n).astype(str), labels, said, names)


def test_reliability_agrees_with_scikit_learn():
    table = predict_at_random(2000, 4)
    filled = [each for each in reliability(table, bins=10) if each.n]
    accuracy, confidence = calibration_curve(table.correct, table.confidence, n_bins=10)
    ours = np.array([(b.accuracy.value, b.confidence) for b in filled if b.accuracy])
    assert ours == pytest.approx(np.array([accuracy, confidence]).T, abs=1e-6)


def test_every_picture_is_in_one_bin_and_the_bins_make_up_the_error():
    table = predict_at_random(500, 3)
    bins = reliability(table)
    assert sum(each.n for each in bins) == 500
    gaps = [each.n * abs((each.confidence or 0) - (each.accuracy.value if each.accuracy else 0))
            for each in bins]  # fmt: skip
    assert sum(gaps) / 500 == pytest.approx(calibration_error(table), abs=1e-6)


def test_an_empty_bin_says_nothing():
    sure = np.eye(2, dtype=np.float32)
    first, *_, last = reliability(Predictions(np.array(["a", "b"]), np.arange(2), sure, ("x", "y")))
    assert (first.n, first.confidence, first.accuracy) == (0, None, None)
    assert (last.n, last.confidence) == (2, 1.0)


@pytest.mark.parametrize(("n", "skill"), [(150, 2.0), (150, 12.0), (1000, 2.0), (1000, 7.0)])
def test_the_errors_interval_agrees_with_resampling_pictures_in_a_loop(n, skill):
    table = predict_at_random(n, 4, skill=skill)
    ours = error_interval(table, draws=2000)
    drawn = []
    for rows in np.random.default_rng(2).integers(0, n, (1000, n)):
        resample = Predictions(
            table.ids[rows], table.labels[rows], table.probabilities[rows], table.classes
        )
        drawn.append(calibration_error(resample))
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = calibration_error(table)
    within = 0.35 * float(np.std(drawn))  # some four deviations of a quantile of 1,000 draws
    assert ours.value == pytest.approx(value)
    chance = value <= _largest_by_chance(table, place_in_bins(table), 2000, 0)
    lowest = 0 if chance else max(0, min(value, 2 * value - high))
    assert ours.low == pytest.approx(lowest, abs=within)
    assert ours.high == pytest.approx(max(value, 2 * value - low), abs=within)


def test_a_calibrated_networks_error_may_be_nothing_and_an_oversure_ones_may_not():
    calibrated = [error_interval(predict_calibrated(500, 4, seed=seed)) for seed in range(40)]
    assert sum(each.low == 0 for each in calibrated) >= 36
    assert all(each.value > 0.01 for each in calibrated)
    assert error_interval(predict_calibrated(500, 4, temperature=0.4)).low > 0.05


def test_what_chance_alone_opens_agrees_with_drawing_labels():
    table = predict_calibrated(800, 4)
    chance = np.random.default_rng(1)
    errors = []
    for _ in range(1500):
        right = chance.random(800) < table.confidence
        labels = np.where(right, table.predicted, (table.predicted + 1) % 4)
        errors.append(calibration_error(replace(table, labels=labels)))
    limit = float(np.quantile(errors, 0.975))
    assert _largest_by_chance(table, place_in_bins(table), 4000, 0) == pytest.approx(
        limit, rel=0.05
    )


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("k", [2, 10])
def test_the_temperature_is_where_scipy_finds_the_lowest_loss(temperature, k):
    table = predict_calibrated(1000, k, temperature=temperature)
    logits = np.log(table.probabilities.astype(float))

    def loss(logarithm):
        shares = softmax(logits / np.exp(logarithm), axis=1)
        prior = logarithm**2 / (2 * USUAL_SPREAD**2 * 1000)
        return log_loss(table.labels, shares, labels=range(k)) + prior

    best = minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-8})
    assert fit_temperature(table) == pytest.approx(np.exp(best.x), rel=1e-3)


def test_an_oversure_networks_temperature_is_found_again():
    assert fit_temperature(predict_calibrated(20_000, 5, temperature=0.5)) == pytest.approx(
        2, rel=0.05
    )


def test_a_few_pictures_that_are_all_called_rightly_hardly_change_the_temperature():
    labels = np.arange(20) % 2
    said = np.where(np.eye(2)[labels] == 1, 0.8, 0.2).astype(np.float32)
    table = Predictions(np.arange(20).astype(str), labels, said, ("x", "y"))
    assert 0.5 < fit_temperature(table) < 0.9


def test_a_temperature_from_few_validation_pictures_does_the_loss_no_harm():
    """Before there was a prior, 20 pictures of a good network doubled it half of the time."""
    test = predict_calibrated(4000, 10, seed=999)
    sharp = scale(test, 0.25)
    sharp = replace(sharp, labels=draw_labels(sharp, 5))
    for seed in range(40):
        rows = np.random.default_rng(seed).integers(0, 4000, 20)
        few = Predictions(sharp.ids[rows], sharp.labels[rows], sharp.probabilities[rows],
                          sharp.classes)  # fmt: skip
        assert recalibrate(few, sharp).loss_after < 1.25 * sharp.loss.mean(), seed


def draw_labels(table, seed):
    """Labels as often right as the network is sure."""
    chance = np.random.default_rng(seed).random((len(table), 1))
    return (table.probabilities.cumsum(axis=1) > chance * 0.999999).argmax(axis=1)


def test_what_is_said_of_certainty_never_takes_few_pictures_for_proof():
    few, many = (predict_calibrated(n, 4, temperature=t) for n, t in ((60, 0.8), (5000, 1.0)))
    assert how_sure(few, error_interval(few)).endswith("60 pictures can't tell")
    assert how_sure(many, error_interval(many)) == "about as sure as it is right"
    for temperature, words in ((0.4, "surer than it is right"), (2.5, "less sure than it could")):
        table = predict_calibrated(2000, 4, temperature=temperature)
        assert how_sure(table, error_interval(table)).startswith(words)


def test_a_calibrated_network_is_called_too_sure_at_most_once_in_twenty():
    for n in (50, 500):
        tables = [predict_calibrated(n, 4, seed=seed) for seed in range(100)]
        said = [how_sure(table, error_interval(table, draws=200)) for table in tables]
        assert sum(each.startswith(("surer", "less")) for each in said) <= 9, n


def test_probabilities_of_nothing_at_all_do_no_harm():
    said = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    table = Predictions(np.array(list("abc")), np.array([0, 1, 1]), said, ("x", "y"))
    assert 1 < fit_temperature(table) <= 20
    assert np.isfinite(scale(table, 3.0).probabilities).all()


def test_another_temperature_changes_no_answer():
    table = predict_at_random(500, 5)
    for temperature in (0.2, 3.0):
        scaled = scale(table, temperature)
        assert (scaled.predicted == table.predicted).all()
    assert scale(table, 3.0).confidence.mean() < table.confidence.mean()


def test_recalibration_lowers_error_and_loss_of_pictures_it_never_saw():
    validation = predict_calibrated(2000, 5, temperature=0.4, seed=1)
    test = predict_calibrated(2000, 5, temperature=0.4, seed=2)
    found = recalibrate(validation, test)
    assert found.temperature > 1
    assert found.pictures == 2000
    assert found.after.high < found.before.low
    assert found.loss_after < found.loss_before


def test_without_validation_pictures_it_says_what_to_do():
    empty = predict_at_random(0, 3)
    with pytest.raises(DataError, match=r"data\.validation above 0"):
        fit_temperature(empty)


def test_ten_thousand_pictures_are_examined_in_a_tenth_of_a_second():
    table = predict_at_random(10_000, 10)
    seconds = []
    for _ in range(3):
        fresh = replace(table)
        start = time.thread_time()
        reliability(fresh)
        error_interval(fresh)
        abstention_curve(fresh)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.1


def test_without_validation_pictures_each_half_sets_the_temperature_of_the_other():
    table = predict_calibrated(1001, 4, temperature=0.4)
    found = recalibrate_crosswise(table, seed=3)
    order = np.random.default_rng(3).permutation(1001)
    logits = np.log(table.probabilities.astype(float))
    expected = np.empty(1001)
    for mine, others in ((order[:500], order[500:]), (order[500:], order[:500])):
        half = Predictions(
            table.ids[others], table.labels[others], table.probabilities[others], table.classes
        )
        scaled = softmax(logits[mine] / fit_temperature(half), axis=1)
        expected[mine] = -np.log(scaled[np.arange(len(mine)), table.labels[mine]])
    assert found.loss_after == pytest.approx(expected.mean(), abs=1e-5)
    assert found.loss_before == pytest.approx(table.loss.mean())
    assert found.temperature > 1
    assert found.after.value < found.before.low


def test_the_error_agrees_with_scikit_learns_bins():
    table = predict_calibrated(1500, 4, temperature=0.5)
    accuracy, confidence = calibration_curve(table.correct, table.confidence, n_bins=15)
    counts, _ = np.histogram(table.confidence, bins=15, range=(0, 1))
    gaps = np.abs(accuracy - confidence) * counts[counts > 0]
    assert error_interval(table).value == pytest.approx(gaps.sum() / 1500, abs=1e-6)


def test_scipys_descent_on_shifted_logits_ends_at_the_same_temperature():
    """As Guo et al. did it, on logits that carry an offset of their own."""
    table = predict_calibrated(800, 3, temperature=0.6)
    logits = np.log(table.probabilities.astype(float)) + np.arange(800)[:, None] / 7

    def loss(temperature):
        shares = softmax(logits / temperature[0], axis=1)
        prior = np.log(temperature[0]) ** 2 / (2 * USUAL_SPREAD**2 * 800)
        return -np.log(shares[np.arange(800), table.labels]).mean() + prior

    best = minimize(loss, x0=[1.0], method="BFGS")
    assert fit_temperature(table) == pytest.approx(best.x[0], rel=1e-3)


def test_the_validation_share_sets_the_temperature_where_it_was_kept_and_says_so():
    validation = predict_calibrated(600, 4, temperature=0.5, seed=1)
    test = predict_calibrated(900, 4, temperature=0.5, seed=2)
    found = recalibrate_at_best(test, validation)
    assert found is not None
    assert (found.crosswise, found.pictures) == (False, 600)
    assert found.temperature == fit_temperature(validation)
    assert found.after.value == pytest.approx(calibration_error(scale(test, found.temperature)))
    assert (found.scaled.predicted == test.predicted).all()


@pytest.mark.parametrize("validation", [None, predict_at_random(0, 4)])
def test_without_one_the_halves_of_the_test_pictures_do_and_a_lone_one_can_not(validation):
    test = predict_calibrated(900, 4, temperature=0.5, seed=2)
    found = recalibrate_at_best(test, validation)
    assert found is not None
    assert (found.crosswise, found.pictures) == (True, 450)
    assert recalibrate_at_best(predict_at_random(1, 4), validation) is None


def test_copies_tell_no_more_of_calibration_than_one_of_them_does():
    one = predict_calibrated(400, 5, temperature=0.4)
    rows = np.repeat(np.arange(400), 5)
    five = Predictions(
        np.arange(2000).astype(str), one.labels[rows], one.probabilities[rows], one.classes,
        {"group": rows.astype(str)},
    )  # fmt: skip
    alone, together = error_interval(one), error_interval(five)
    assert together.value == pytest.approx(alone.value)
    width = alone.high - alone.low
    assert together.high - together.low == pytest.approx(width, rel=0.25)
    blind = error_interval(replace(five, groups={}))
    assert blind.high - blind.low < 0.7 * width
