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
from sklearn.metrics import accuracy_score

from tests.analysis.tables import predict_at_random
from tlcore.analysis.groups import score_groups, worst_class
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
    assert many.accuracy_gap.size.low < alone.accuracy_gap.size.low


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
    assert recalls[worst.best] == max(recalls.values()) == worst.best_recall.value
    assert worst.gap.value == pytest.approx(worst.best_recall.value - worst.recall.value)
    assert worst.gap.low < worst.gap.value < worst.gap.high


def test_one_class_alone_is_neither_worst_nor_best():
    assert worst_class(score(predict_at_random(20, 3, labels=[1] * 20))) is None
