import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    equal_opportunity_difference,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from scipy.stats import PermutationMethod, chi2_contingency
from sklearn.metrics import accuracy_score

from tests.analysis.tables import predict_at_random
from tlcore.analysis.ethics import describe_groups
from tlcore.analysis.groups import chance_of, score_groups, worst_class
from tlcore.analysis.intervals import picked, wilson
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score

TABLE = predict_at_random(900, 3, skill=1.0)
GROUPS = np.random.default_rng(3).choice(["north", "south", "east"], 900, p=[0.6, 0.3, 0.1])


@pytest.mark.parametrize("positive", TABLE.classes)
def test_groups_and_gaps_agree_with_fairlearn(positive):
    place = TABLE.classes.index(positive)
    truth, called = (TABLE.labels == place).astype(int), (TABLE.predicted == place).astype(int)
    rates = {
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
    }
    frame = MetricFrame(metrics=rates, y_true=truth, y_pred=called, sensitive_features=GROUPS)
    ours = score_groups(TABLE, "place", GROUPS, positive=positive)
    assert ours is not None
    for group in ours.groups:
        for name in rates:
            assert getattr(group, name).value == pytest.approx(frame.by_group[name][group.name])
    gaps = frame.difference(method="between_groups")
    named = (ours.selection_gap, ours.true_positive_gap, ours.false_positive_gap)
    for gap, name in zip(named, rates, strict=True):
        assert gap is not None
        assert gap.size.value == pytest.approx(gaps[name])
        assert gap.lowest == frame.by_group[name].idxmin()
        assert gap.highest == frame.by_group[name].idxmax()
    parity = demographic_parity_difference(truth, called, sensitive_features=GROUPS)
    assert ours.selection_gap is not None
    assert ours.selection_gap.size.value == pytest.approx(parity)
    chance = equal_opportunity_difference(truth, called, sensitive_features=GROUPS)
    assert ours.true_positive_gap is not None
    assert ours.true_positive_gap.size.value == pytest.approx(chance)


def test_accuracy_by_group_agrees_with_fairlearn():
    frame = MetricFrame(
        metrics=accuracy_score,
        y_true=TABLE.labels,
        y_pred=TABLE.predicted,
        sensitive_features=GROUPS,
    )
    ours = score_groups(TABLE, "place", GROUPS)
    assert ours is not None
    assert [group.name for group in ours.groups] == ["east", "north", "south"]
    assert [group.accuracy.value for group in ours.groups] == pytest.approx(list(frame.by_group))
    assert ours.overall.value == pytest.approx(frame.overall)
    assert ours.worst.name == frame.by_group.idxmin()
    assert ours.accuracy_gap is not None
    assert ours.accuracy_gap.size.value == pytest.approx(frame.difference())


def test_without_a_class_in_question_there_are_no_rates():
    ours = score_groups(TABLE, "place", GROUPS)
    assert ours is not None
    assert ours.selection_gap is ours.true_positive_gap is ours.false_positive_gap is None
    assert all(group.selection_rate is None for group in ours.groups)


def test_a_gap_among_many_groups_is_less_certain_than_between_two():
    many = score_groups(TABLE, "place", GROUPS)
    assert many is not None
    assert many.accuracy_gap is not None
    two = np.isin(GROUPS, [many.accuracy_gap.lowest, many.accuracy_gap.highest])
    alone = score_groups(TABLE, "place", np.where(two, GROUPS, ""))
    assert alone is not None
    assert alone.accuracy_gap is not None
    assert many.accuracy_gap.size.value == alone.accuracy_gap.size.value
    assert many.accuracy_gap.size.high > alone.accuracy_gap.size.high
    assert many.accuracy_gap.clearest.size.low < alone.accuracy_gap.clearest.size.low


def test_pictures_of_no_known_group_are_left_out_and_counted():
    some = np.where(np.arange(900) < 100, "", GROUPS)
    ours = score_groups(TABLE, "place", some)
    assert ours is not None
    assert ours.unknown == 100
    assert sum(group.n for group in ours.groups) == ours.overall.n == 800


def test_a_single_group_has_no_gap_and_no_group_no_table():
    one = score_groups(TABLE, "place", np.full(900, "here"))
    assert one is not None
    assert one.accuracy_gap is None
    assert score_groups(TABLE, "place", np.full(900, "")) is None


def test_a_group_without_a_picture_of_the_class_has_no_true_positive_rate():
    groups = np.where(TABLE.labels == 0, "with", "without")
    ours = score_groups(TABLE, "has it", groups, positive="class 0")
    assert ours is not None
    have, have_not = ours.groups
    assert have_not.true_positive_rate is None
    assert have.false_positive_rate is None
    assert ours.true_positive_gap is None


def test_a_class_may_be_named_anything():
    names = ("<b>", "🐈", "x" * 300)
    table = Predictions(TABLE.ids, TABLE.labels, TABLE.probabilities, names)
    ours = score_groups(table, "place", GROUPS, positive="🐈")
    assert ours is not None
    assert ours.selection_gap is not None


def test_the_worst_class_stands_beside_the_best():
    report = score(TABLE)
    worst = worst_class(report)
    assert worst is not None
    recalls = {each.name: each.recall or 0.0 for each in report.classes}
    assert recalls[worst.name] == min(recalls.values()) == worst.recall.value
    [own] = [each.recall_interval for each in report.classes if each.name == worst.name]
    assert own is not None
    assert worst.recall == picked(own, 3)
    assert recalls[worst.best] == max(recalls.values()) == worst.best_recall.value
    assert worst.gap.value == pytest.approx(worst.best_recall.value - worst.recall.value)
    assert worst.gap.low < worst.gap.value < worst.gap.high


def test_one_class_alone_is_neither_worst_nor_best():
    assert worst_class(score(predict_at_random(20, 3, labels=[1] * 20))) is None


def by_site(rights):
    """A table of pictures of sites: name to how many are called rightly, out of how many."""
    right = np.concatenate([np.arange(n) < hits for hits, n in rights.values()])
    sites = np.repeat(list(rights), [n for _, n in rights.values()])
    labels = np.where(right, 0, 1)
    sure = np.tile(np.array([0.9, 0.1], dtype=np.float32), (len(right), 1))
    return Predictions(np.arange(len(right)).astype(str), labels, sure, ("x", "y")), sites


def test_a_tiny_group_does_not_hide_a_gap_between_large_ones_and_is_named():
    table, sites = by_site({"north": (450, 500), "south": (375, 500), "other": (3, 3)})
    found = score_groups(table, "site", sites)
    assert found is not None
    gap = found.accuracy_gap
    assert gap is not None
    assert (gap.clearest.lower, gap.clearest.higher) == ("south", "north")
    assert gap.told_apart
    assert found.small == ("other",)
    assert found.worst.name == "south"
    said = describe_groups(found)
    assert "for south (500 pictures), 15 points below north" in said
    assert "chance" not in said
    assert said.endswith("Too few pictures to judge: other (3).")


def test_where_all_groups_are_small_they_are_judged_and_that_is_told():
    table, sites = by_site({"north": (18, 20), "south": (2, 20)})
    found = score_groups(table, "site", sites)
    assert found is not None
    assert found.small == ()
    assert "Mind: only 20 pictures." in describe_groups(found)


def test_many_groups_may_differ_though_no_two_of_them_can_be_told_apart():
    table, sites = by_site({f"site {i:02}": (36 - 8 * (i % 2), 40) for i in range(30)})
    found = score_groups(table, "site", sites)
    assert found is not None
    assert found.accuracy_gap is not None
    assert found.accuracy_gap.told
    assert not found.accuracy_gap.told_apart
    assert "differ by more than chance explains, but which can't be told" in describe_groups(found)


def test_the_test_of_all_groups_is_scipys_chi_square():
    rates = [wilson(90, 100), wilson(160, 200), wilson(61, 80)]
    counts = [[r.value * r.n, r.n - r.value * r.n] for r in rates]
    assert chance_of(rates) == pytest.approx(chi2_contingency(counts).pvalue)
    few = [wilson(hits, 8) for hits in (8, 8, 7, 3)]
    table = [[round(r.value * r.n), r.n - round(r.value * r.n)] for r in few]
    dealt = chi2_contingency(table, correction=False, method=PermutationMethod(9_999, rng=1)).pvalue
    assert chance_of(few) == pytest.approx(dealt, abs=0.03)


def test_groups_of_pictures_that_belong_together_are_less_certainly_apart():
    table, sites = by_site({"north": (260, 300), "south": (230, 300)})
    video = np.concatenate([np.arange(300) // 30, 10 + np.arange(300) // 30]).astype(str)
    videos = Predictions(table.ids, table.labels, table.probabilities, table.classes,
                         {"group": video})  # fmt: skip
    alone, together = (score_groups(each, "site", sites) for each in (table, videos))
    assert alone is not None
    assert together is not None
    assert alone.accuracy_gap is not None
    assert together.accuracy_gap is not None
    assert alone.accuracy_gap.told
    assert not together.accuracy_gap.told
    assert together.overall.high - together.overall.low > 2 * (
        alone.overall.high - alone.overall.low
    )
