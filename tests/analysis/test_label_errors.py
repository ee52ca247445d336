import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_normalized_margin_for_each_label, get_self_confidence_for_each_label

from tests.analysis.tables import predict_at_random
from tlcore.analysis.label_errors import confident_class, find_suspects
from tlcore.analysis.predictions import Predictions


def mislabelled(n=600, k=4, share=0.1, skill=4.0, seed=1):
    """Good predictions, and a share of labels that are wrong."""
    table = predict_at_random(n, k, skill=skill, seed=seed)
    chance = np.random.default_rng(seed)
    wrong = chance.random(n) < share
    labels = np.where(wrong, (table.labels + chance.integers(1, k, n)) % k, table.labels)
    return Predictions(table.ids, labels, table.probabilities, table.classes), wrong


def by_the_paper(table):
    """The rule as it is written down, picture by picture."""
    k = len(table.classes)
    means = [table.probabilities[table.labels == j, j].mean() for j in range(k)]
    for row, given in zip(table.probabilities, table.labels, strict=True):
        confident = [j for j in range(k) if row[j] >= means[j]]
        guess = max(confident, key=lambda j: row[j], default=None)
        yield guess is not None and guess != given and row.argmax() != given


@pytest.mark.parametrize("seed", range(4))
def test_suspects_are_those_of_the_published_rule(seed):
    table, _ = mislabelled(seed=seed, skill=2.0)
    ours = {suspect.row for suspect in find_suspects(table)}
    assert ours == {row for row, suspected in enumerate(by_the_paper(table)) if suspected}
    assert len(ours) > 10


@pytest.mark.parametrize("seed", range(4))
def test_suspects_are_those_that_cleanlab_finds(seed):
    """Cleanlab takes the likeliest of all classes where several are confident, the paper the
    likeliest of those; they part only where the likeliest isn't confident itself."""
    table, _ = mislabelled(seed=seed, skill=2.0)
    expected = find_label_issues(
        table.labels, table.probabilities.astype(float), filter_by="confident_learning", n_jobs=1
    )
    ours = np.zeros(len(table), dtype=bool)
    ours[[suspect.row for suspect in find_suspects(table)]] = True
    likely = confident_class(table)
    agreed = (likely < 0) | (likely == table.predicted)
    assert agreed.mean() > 0.9
    assert (ours[agreed] == expected[agreed]).all()


@pytest.mark.parametrize(
    ("by", "reference"),
    [
        ("margin", get_normalized_margin_for_each_label),
        ("self-confidence", get_self_confidence_for_each_label),
    ],
)
def test_suspects_are_ranked_as_cleanlab_ranks_them(by, reference):
    table, _ = mislabelled()
    suspects = find_suspects(table, by=by)
    quality = reference(table.labels, table.probabilities.astype(float))
    assert [s.quality for s in suspects] == pytest.approx([quality[s.row] for s in suspects])
    assert [s.quality for s in suspects] == sorted(s.quality for s in suspects)


def test_most_wrong_labels_are_found_and_most_suspects_are_wrong():
    table, wrong = mislabelled(2000, share=0.05, skill=6.0)
    rows = [suspect.row for suspect in find_suspects(table)]
    assert wrong[rows].mean() > 0.8
    assert len(rows) > 0.7 * wrong.sum()


def test_a_suspect_says_what_it_likely_is():
    table, wrong = mislabelled(skill=8.0)
    suspects = [suspect for suspect in find_suspects(table) if wrong[suspect.row]]
    assert all(s.likely == table.predicted[s.row] != s.given for s in suspects)


def test_a_class_without_pictures_is_confident_of_nothing():
    table = predict_at_random(100, 3, labels=np.arange(100) % 2)
    assert 2 not in confident_class(table)


def test_a_label_that_is_still_the_likeliest_is_not_doubted():
    said = np.array([[0.95, 0.05]] * 9 + [[0.55, 0.45]] + [[0.6, 0.4]] * 4, dtype=np.float32)
    labels = np.array([0] * 10 + [1] * 4)
    table = Predictions(np.arange(14).astype(str), labels, said, ("cat", "dog"))
    assert confident_class(table)[9] == 1
    assert 9 not in {suspect.row for suspect in find_suspects(table)}
