from collections import defaultdict

import pytest

from tests.reproduce.measured import measurement
from tlcore.reproduce.claims import put_to_the_test
from tlcore.reproduce.rows import ROWS
from tlcore.reproduce.verdicts import Verdict


def claims(*measured):
    """Every claim by a word of its sentence, on these measurements."""
    known = defaultdict(list)
    for each in measured:
        known[each.row].append(each)
    return put_to_the_test({row.id: known[row.id] for row in ROWS})


def claim(word, *measured):
    [found] = [each for each in claims(*measured) if word in each.sentence]
    return found


def seeds(row, *accuracies, **others):
    return [measurement(row, value, seed=n, **others) for n, value in enumerate(accuracies)]


def test_without_measurements_no_claim_has_a_verdict():
    found = claims()
    assert len(found) == 9
    assert {each.verdict for each in found} == {Verdict.NOT_RUN}
    assert {each.evidence for each in found} == {""}


@pytest.mark.parametrize(
    ("frozen", "seconds", "verdict"),
    [
        (0.80, 20, Verdict.REPRODUCED),
        (0.80, 90, Verdict.REFUTED),
        (0.60, 20, Verdict.REFUTED),
        (0.701, 20, Verdict.IN_PART),
    ],
)
def test_freezing_must_raise_accuracy_and_save_time(frozen, seconds, verdict):
    found = claim(
        "Freezing",
        measurement("lite0-frozen", frozen, seconds=seconds),
        measurement("lite0-full", 0.70, seconds=60),
    )
    assert found.verdict == verdict
    assert f"{seconds} s instead of 60 s" in found.evidence


def test_fewer_labels_is_read_off_both_curves():
    found = claim(
        "fewer labels",
        *(measurement("cifar-transfer", a, labels=n) for n, a in [(10, 0.6), (200, 0.7)]),
        *(measurement("cifar-scratch", a, labels=n) for n, a in [(10, 0.3), (200, 0.6)]),
    )
    assert found.verdict == Verdict.REPRODUCED
    assert "20 times as many labels" in found.evidence


def test_fewer_epochs_is_counted_at_the_most_labels_that_both_have():
    slow, fast = (0.2, 0.4, 0.5, 0.6), (0.59, 0.6, 0.6, 0.6)
    transfer = [
        measurement("cifar-transfer", 0.6, labels=10, curve=slow),
        measurement("cifar-transfer", 0.6, labels=200, curve=fast),
    ]
    scratch = [measurement("cifar-scratch", 0.6, labels=200, curve=slow)]
    found = claim("fewer epochs", *transfer, *scratch)
    assert found.verdict == Verdict.REPRODUCED
    assert "200 labels a class, 1 instead of 4 epochs" in found.evidence
    reverse = [
        measurement("cifar-transfer", 0.6, labels=200, curve=slow),
        measurement("cifar-scratch", 0.6, labels=200, curve=fast),
    ]
    assert claim("fewer epochs", *reverse).verdict == Verdict.REFUTED


def test_mobilenet_s_ceiling_falls_with_one_better_run_and_the_lowest_suspect_is_named():
    found = claim(
        "MobileNet",
        measurement("e-mobilenet", 0.6),
        measurement("mobilenet-raw", 0.22),
        measurement("mobilenet-scratch", 0.4),
    )
    assert found.verdict == Verdict.REFUTED
    assert found.evidence.endswith("Lowest: input not rescaled.")
    assert claim("MobileNet", measurement("e-mobilenet", 0.15)).verdict == Verdict.IN_PART


def test_the_demo_has_to_lead_by_forty_points_within_its_time():
    scratch = seeds("demo-scratch", 0.18, 0.19, 0.20)
    transfer = seeds("demo-transfer", 0.94, 0.95, 0.96, seconds=12)
    late = seeds("demo-transfer", 0.94, 0.95, 0.96, seconds=31)
    weak = seeds("demo-transfer", 0.50, 0.51, 0.52, seconds=12)
    assert claim("40 points", *scratch, *transfer).verdict == Verdict.REPRODUCED
    assert claim("40 points", *scratch, *late).verdict == Verdict.REFUTED
    assert claim("40 points", *scratch, *weak).verdict == Verdict.REFUTED


def test_the_gap_closes_if_it_is_smaller_with_all_labels_than_with_few():
    points = {"shapes-transfer": [(10, 0.95), (950, 0.99)], "shapes-scratch": [(10, 0.2)]}
    few = [measurement(row, a, labels=n) for row, found in points.items() for n, a in found]
    assert claim("gap", *few).verdict == Verdict.NOT_RUN
    closed = measurement("shapes-scratch", 0.98, labels=950)
    assert claim("gap", *few, closed).verdict == Verdict.REPRODUCED
    assert "with 10 labels a class, +1.0 points" in claim("gap", *few, closed).evidence
    as_wide = measurement("shapes-scratch", 0.2, labels=950)
    assert claim("gap", *few, as_wide).verdict != Verdict.REPRODUCED
