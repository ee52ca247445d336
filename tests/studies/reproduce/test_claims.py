from collections import defaultdict

from tests.studies.reproduce.measured import measurement
from tlcore.studies.reproduce.claims import Verdict, put_to_the_test
from tlcore.studies.reproduce.rows import ROWS


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


def test_freezing_must_raise_accuracy_and_save_time():
    for frozen, seconds, verdict in (
        ((0.80, 0.81, 0.80), (20, 21, 20), Verdict.REPRODUCED),
        ((0.80, 0.81, 0.80), (90, 91, 92), Verdict.REFUTED),
        ((0.60, 0.61, 0.60), (20, 21, 20), Verdict.REFUTED),
        ((0.701, 0.70, 0.71), (20, 21, 20), Verdict.UNDECIDED),
        ((0.80, 0.81, 0.80), (20, 200, 30), Verdict.UNDECIDED),
        ((0.80,), (20,), Verdict.UNDECIDED),
    ):
        found = claim(
            "Freezing",
            *timed("lite0-frozen", frozen, seconds),
            *timed("lite0-full", (0.70, 0.71, 0.70), (60, 61, 62)),
        )
        assert found.verdict == verdict, (frozen, seconds)
        assert found.stand_in


def timed(row, accuracies, seconds):
    return [
        measurement(row, value, seed=n, seconds=took)
        for n, (value, took) in enumerate(zip(accuracies, seconds, strict=True))
    ]


def test_input_size_must_bring_far_more_and_more_than_freezing_does():
    small, large = seeds("lite0-full-32", 0.5, 0.51, 0.5), seeds("lite0-full", 0.7, 0.71, 0.7)
    for frozen, verdict in ((0.72, Verdict.REPRODUCED), (0.95, Verdict.REFUTED)):
        others = seeds("lite0-frozen", frozen, frozen + 0.01, frozen)
        assert claim("Resized", *small, *large, *others).verdict == verdict
    assert claim("Resized", *small, *large).verdict == Verdict.UNDECIDED


def test_fewer_labels_is_read_off_both_curves_and_decided_by_three_seeds():
    def both_ways(count):
        for row, few, many in (("cifar-transfer", 0.6, 0.7), ("cifar-scratch", 0.3, 0.6)):
            for labels, value in ((10, few), (200, many)):
                yield from seeds(row, *[value] * count, labels=labels)

    found = claim("fewer labels", *both_ways(3))
    assert found.verdict == Verdict.REPRODUCED
    assert "times as many labels" in found.evidence
    assert claim("fewer labels", *both_ways(1)).verdict == Verdict.UNDECIDED


def test_fewer_epochs_is_counted_at_the_most_labels_that_both_have():
    slow, fast = (0.2, 0.4, 0.5, 0.6), (0.59, 0.6, 0.6, 0.6)

    def ways(transfer, scratch):
        early = measurement("cifar-transfer", 0.6, labels=10, curve=slow)
        return claim(
            "fewer epochs",
            early,
            *seeds("cifar-transfer", 0.6, 0.6, 0.6, labels=200, curve=transfer),
            *seeds("cifar-scratch", 0.6, 0.6, 0.6, labels=200, curve=scratch),
        )

    assert ways(fast, slow).verdict == Verdict.REPRODUCED
    assert "200 labels a class, 1 instead of 4 epochs" in ways(fast, slow).evidence
    assert ways(slow, fast).verdict == ways(slow, slow).verdict == Verdict.REFUTED


def test_mobilenet_s_ceiling_falls_with_one_better_run_and_the_lowest_suspect_is_named():
    found = claim(
        "MobileNet",
        measurement("e-mobilenet", 0.6),
        measurement("mobilenet-raw", 0.22),
        measurement("mobilenet-scratch", 0.4),
    )
    assert found.verdict == Verdict.REFUTED
    assert found.evidence.endswith("Lowest: input not rescaled.")
    assert claim("MobileNet", measurement("e-mobilenet", 0.15)).verdict == Verdict.UNDECIDED


def test_the_demo_has_to_lead_by_forty_points_within_its_time():
    scratch = seeds("demo-scratch", 0.18, 0.19, 0.20)
    for accuracies, seconds, verdict in (
        ((0.94, 0.95, 0.96), (12, 12, 13), Verdict.REPRODUCED),
        ((0.94, 0.95, 0.96), (41, 42, 43), Verdict.REFUTED),
        ((0.50, 0.51, 0.52), (12, 12, 13), Verdict.REFUTED),
        ((0.94, 0.95, 0.96), (9, 21, 14), Verdict.UNDECIDED),
    ):
        found = claim("40 points", *scratch, *timed("demo-transfer", accuracies, seconds))
        assert found.verdict == verdict


def test_the_gap_closes_only_if_nothing_is_left_that_counts():
    few = [measurement(f"shapes-{way}", a, labels=10) for way, a in WAYS]
    assert claim("gap", *few).verdict == Verdict.NOT_RUN

    def with_all(*scratch):
        many = seeds("shapes-transfer", 0.990, 0.991, 0.990, labels=380)
        return claim("gap", *few, *many, *seeds("shapes-scratch", *scratch, labels=380))

    assert with_all(0.989, 0.99, 0.989).verdict == Verdict.REPRODUCED
    assert with_all(0.96, 0.961, 0.96).verdict == Verdict.REFUTED
    assert with_all(0.5, 0.5, 0.51).verdict == Verdict.REFUTED
    assert with_all(0.98, 0.97, 0.99).verdict == with_all(0.989).verdict == Verdict.UNDECIDED


WAYS = (("transfer", 0.95), ("scratch", 0.2))


def test_every_verdict_has_a_lesson_in_a_sentence():
    for found in claims(*seeds("e-mobilenet", 0.6)):
        assert found.lesson.rstrip(")").endswith(".")
