"""What is kept of an accuracy: few pictures in many corruptions are still few pictures."""

import time

import numpy as np
import pytest
from scipy import stats

from tlcore.analysis.intervals import Interval, wilson
from tlcore.analysis.robustness import (
    CORRUPTIONS,
    FAMILIES,
    SEVERITIES,
    Case,
    Robustness,
    accuracy_of,
    by_family,
    by_family_and_severity,
    by_severity,
    describe,
    describe_difference,
    difference,
    mean_accuracy,
    relative,
    table,
)

EVERY = [Case(name, severity) for name in CORRUPTIONS for severity in SEVERITIES]


def made_up(n=400, *, seed=0, skill=0.0, cases=EVERY, pictures="the same", worse=None):
    """A network for which some pictures are hard in whatever corruption; `worse` takes some of its
    accuracy away in a family."""
    chance = np.random.default_rng(seed)
    ease = chance.beta(2, 1, n) + skill
    clean = chance.random(n) < ease + 0.2
    corrupted = {
        case: chance.random(n) < ease - 0.05 * case.severity - (worse or {}).get(case.family, 0.0)
        for case in cases
    }
    return Robustness(pictures, clean, corrupted)


def shares(found):
    return np.mean([*found.corrupted.values()], axis=0)


def test_every_case_has_a_family_and_a_row_in_the_order_of_the_families():
    found = made_up(cases=EVERY[::-1])
    rows = table(found)
    assert [row.case for row in rows] == EVERY
    assert [row.case.family for row in rows] == [
        family for family, names in FAMILIES.items() for _ in names for _ in SEVERITIES
    ]
    hits = found.corrupted[EVERY[3]]
    assert rows[3].accuracy == wilson(int(hits.sum()), len(hits))


def test_the_mean_and_its_interval_are_those_of_scipys_bootstrap_over_pictures():
    found = made_up()
    ours, each = mean_accuracy(found), shares(found)
    theirs = stats.bootstrap(
        (each,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours.value == pytest.approx(each.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.004)
    assert ours.n == 400


def test_the_relative_accuracy_is_the_one_of_scipys_bootstrap():
    found = made_up()
    ours, each = relative(found), shares(found)
    theirs = stats.bootstrap(
        (each, found.clean.astype(float)), lambda a, b, axis: a.mean(axis) / b.mean(axis),
        paired=True, n_resamples=4000, method="percentile", rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    assert ours is not None
    assert ours.value == pytest.approx(each.mean() / found.clean.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.006)


def test_the_difference_of_two_networks_is_the_one_of_scipys_paired_bootstrap():
    first, second = made_up(), made_up(seed=0, skill=0.05)
    ours = difference(first, second)
    gaps = shares(second) - shares(first)
    theirs = stats.bootstrap(
        (gaps,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours is not None
    assert ours.value == pytest.approx(gaps.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_the_interval_holds_the_truth_where_one_that_counts_every_look_does_not():
    truth, n, names = 0.6, 60, EVERY[:20]
    ours, naive = 0, 0
    for seed in range(200):
        chance = np.random.default_rng(seed)
        ease = chance.beta(1.2, 0.8, n)  # of mean 0.6
        found = Robustness("", np.ones(n, bool), {case: chance.random(n) < ease for case in names})
        mean = mean_accuracy(found)
        counted = wilson(round(mean.value * n * len(names)), n * len(names))
        ours += mean.low <= truth <= mean.high
        naive += counted.low <= truth <= counted.high
    assert ours >= 180
    assert naive < 120


def test_networks_on_other_pictures_or_in_other_corruptions_are_not_compared():
    one = made_up(cases=EVERY[:5])
    assert difference(one, made_up(pictures="others", cases=EVERY[:5])) is None
    assert difference(one, made_up(cases=EVERY[5:])) is None


def test_only_what_both_were_tried_in_counts():
    one, other = made_up(cases=EVERY[:5]), made_up(seed=1, cases=EVERY[3:9])
    gap = difference(one, other)
    assert gap is not None
    means = [np.mean([each.corrupted[case] for case in EVERY[3:5]]) for each in (one, other)]
    assert gap.value == pytest.approx(means[1] - means[0])


def test_a_network_against_itself_differs_by_0_and_still_not_for_sure():
    gap = difference(made_up(n=40), made_up(n=40))
    assert gap is not None
    assert gap.low < gap.value == 0 < gap.high


@pytest.mark.parametrize("right", [True, False])
def test_where_all_pictures_fare_alike_the_interval_still_has_some_width(right):
    hits = np.full(40, right)
    found = mean_accuracy(Robustness("", hits, dict.fromkeys(EVERY[:3], hits)))
    assert found == wilson(40 * right, 40)


def test_families_and_severities_split_the_mean_into_what_it_is_made_of():
    found = made_up()
    families, severities = by_family(found), by_severity(found)
    assert list(families) == list(FAMILIES)
    assert list(severities) == list(SEVERITIES)
    assert [each.value for each in severities.values()] == sorted(
        (each.value for each in severities.values()), reverse=True
    )
    sizes = [len(FAMILIES[family]) for family in families]
    mean = np.average([each.value for each in families.values()], weights=sizes)
    assert mean == pytest.approx(mean_accuracy(found).value)
    both = by_family_and_severity(found)
    assert np.mean([each.value for each in both["noise"].values()]) == pytest.approx(
        families["noise"].value
    )


def test_a_family_that_was_not_tried_is_left_out():
    found = made_up(cases=[Case("fog", 2), Case("snow", 2)])
    assert list(by_family(found)) == ["weather"]
    assert list(by_family_and_severity(found)["weather"]) == [2]


def test_the_sentence_says_what_hurts_most_only_if_that_can_be_told():
    told = describe(made_up(n=1000, worse={"blur": 0.3}))
    assert "Blur hurts it most" in told
    alike = describe(made_up(n=60))
    assert "hurts it most can't be told" in alike


def test_the_sentence_has_its_numbers_and_what_they_stand_on():
    found = made_up(cases=[Case("fog", 1), Case("fog", 5)])
    told = describe(found)
    assert "1 corruption at severities 1 and 5" in told
    assert "400 pictures" in told
    assert f"{100 * accuracy_of(found.clean).value:.0f} % [" in told
    assert "most" not in told
    assert "severity 3" in describe(made_up(cases=[Case("fog", 3)]))


def test_few_pictures_are_warned_of():
    assert mean_accuracy(made_up(n=20)).warning == "only 20 pictures"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.02, 0.06, "better than B"), (-0.06, -0.02, "worse than B"), (-0.01, 0.02, "can't be told")],
)
def test_a_difference_in_words_says_no_more_than_its_interval(low, high, words):
    gap = Interval((low + high) / 2, low, high, 500)
    assert words in describe_difference(gap, "A", "B")


def test_ten_thousand_pictures_are_worked_out_in_a_moment():
    found = made_up(n=10_000)
    began = time.thread_time()
    describe(found)
    by_family_and_severity(found)
    table(found)
    assert time.thread_time() - began < 0.5


def test_copies_tell_no_more_of_robustness_than_one_of_them_does():
    """Every share of it: the mean, what is kept, the families and the difference of two."""
    rows = np.repeat(np.arange(200), 5)

    def copied(found):
        cases = {case: hits[rows] for case, hits in found.corrupted.items()}
        return Robustness("copies", found.clean[rows], cases, rows)

    first, second = made_up(200, cases=EVERY[:9]), made_up(200, cases=EVERY[:9], seed=1)
    for measure in (
        mean_accuracy, relative, lambda found: by_family(found)["noise"],
        lambda found: difference(found, second if len(found.clean) == 200 else copied(second)),
        lambda found: table(found)[0].accuracy,
    ):  # fmt: skip
        alone, together = measure(first), measure(copied(first))
        assert alone
        assert together
        assert together.value == pytest.approx(alone.value)
        assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.2)
    assert mean_accuracy(copied(first).only(EVERY[:3])).warning == ""
