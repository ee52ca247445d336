import numpy as np
import pytest

from tests.analysis.tables import predict_at_random
from tlcore.analysis.ethics import NONE_HERE, QUESTIONS, ethics_notes
from tlcore.analysis.groups import score_groups
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score

TABLE = predict_at_random(1200, 4, skill=1.5)
REPORT = score(TABLE)


def note(theme, *given, **more):
    [found] = [each for each in ethics_notes(*given, **more) if each.theme == theme]
    return found


def test_the_worst_class_is_named_with_its_recall_and_its_distance():
    labels = np.repeat([0, 1], 100)
    called = np.where(np.arange(200) < 29, 1, labels)
    called[199] = 0
    sure = np.where(np.eye(2)[called] == 1, 0.9, 0.1).astype(np.float32)
    table = Predictions(np.arange(200).astype(str), labels, sure, ("cat", "ship"))
    assert note("Bias", score(table)).evidence == (
        "Worst class: cat, recall 71 % [60, 81]; 28 points below the best (ship, 99 % [94, 100])."
    )


def test_a_gap_that_may_be_chance_is_told_so():
    table = predict_at_random(60, 2, labels=np.arange(60) % 2, skill=3.0)
    assert "That may be chance." in note("Bias", score(table)).evidence
    few = predict_at_random(20, 2, labels=np.arange(20) % 2)
    assert "Mind: only 10 pictures." in note("Bias", score(few)).evidence


def test_whatever_has_no_evidence_says_what_would_give_it():
    silent = [each for each in ethics_notes(REPORT) if not each.found]
    assert {each.theme for each in silent} == {
        "Groups", "Where bias comes from", "Doubtful labels", "Transparency",
        "Public involvement", "Cost",
    }  # fmt: skip
    for each in silent:
        assert each.evidence.startswith(NONE_HERE)
        assert len(each.evidence) > len(NONE_HERE) + 20


def test_more_evidence_leaves_only_the_public_to_be_asked():
    halves = np.where(np.arange(1200) < 600, "old", "new")
    table = score_groups(TABLE, "camera", halves)
    assert table is not None
    notes = ethics_notes(
        REPORT,
        predictions=TABLE,
        groups=[table],
        scratch=score(predict_at_random(1200, 4, skill=0.5)),
        tested_on="drawn shapes",
        recipe="0123456789ab",
        cost="3 s on one core.",
    )
    assert [each.theme for each in notes if not each.found] == ["Public involvement"]
    assert len({each.thought for each in notes}) == len(notes) == 10


def test_groups_are_told_with_their_gap():
    halves = np.where(TABLE.correct, "easy", "hard")
    halves[:100] = "hard"
    table = score_groups(TABLE, "light", halves)
    assert table is not None
    evidence = note("Groups", REPORT, groups=[table]).evidence
    assert evidence.startswith("By light: accuracy ")
    assert " for hard (" in evidence
    assert "points below easy (100.0 %" in evidence or "points below easy (100 %" in evidence


def test_one_group_alone_is_told_so():
    table = score_groups(TABLE, "light", np.full(1200, "day"))
    assert table is not None
    assert "all pictures are of one group, day" in note("Groups", REPORT, groups=[table]).evidence


def test_sure_mistakes_are_counted():
    evidence = note("Sure mistakes", REPORT, predictions=TABLE).evidence
    wrong = TABLE.predicted != TABLE.labels
    sure = (wrong & (TABLE.probabilities.max(axis=1) >= 0.9)).sum()
    assert evidence.startswith(f"{sure} of {wrong.sum()} mistakes")


def test_classes_of_unequal_size_and_without_pictures_are_told():
    labels = [0] * 50 + [1] * 10
    report = score(predict_at_random(60, 3, labels=labels))
    evidence = note("Diverse data", report).evidence
    assert "10 (class 1) to 50 (class 0)" in evidence
    assert "None at all of class 2." in evidence


def test_from_scratch_and_pretrained_stand_side_by_side():
    scratch = score(predict_at_random(1200, 4, skill=0.5, seed=9))
    evidence = note("Where bias comes from", REPORT, scratch=scratch).evidence
    assert "with pre-trained weights" in evidence
    assert "from scratch" in evidence


def test_one_class_alone_has_no_worst():
    report = score(predict_at_random(40, 2, labels=[1] * 40))
    assert not note("Bias", report).found


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_checklist_asks(question):
    assert question.endswith("?")


def test_labels_are_not_doubted_by_a_network_that_is_mostly_wrong():
    lost = predict_at_random(300, 10, skill=0.2)
    assert lost.correct.mean() < 0.5
    assert not note("Doubtful labels", score(lost), predictions=lost).found
    assert note("Doubtful labels", REPORT, predictions=TABLE).found
