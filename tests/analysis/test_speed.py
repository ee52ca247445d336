"""Pages read saved tables; what they need of one has to be there at once."""

import time

import numpy as np
import pytest

from tests.analysis.tables import predict_at_random
from tlcore.analysis.auc import rank_classes
from tlcore.analysis.calibration import recalibrate_at_best, reliability
from tlcore.analysis.comparison import changes, difference, mcnemar
from tlcore.analysis.ethics import ethics_notes
from tlcore.analysis.groups import score_groups, worst_class
from tlcore.analysis.label_errors import find_suspects
from tlcore.analysis.mistakes import confused_pairs, rank_mistakes
from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score
from tlcore.analysis.selective import abstention_curve, promise

PICTURES = 10_000
SECONDS = 0.5


@pytest.fixture
def saved(tmp_path):
    """Two tables as large as CIFAR-10's test set."""
    labels = np.random.default_rng(0).integers(0, 10, PICTURES)
    paths = [tmp_path / f"{number}.parquet" for number in range(2)]
    for seed, path in enumerate(paths):
        predict_at_random(PICTURES, 10, labels=labels, seed=seed).write(path)
    return paths


def fastest(do):
    """In time of this thread: whoever else is at work on the machine is none of ours."""
    seconds = []
    for _ in range(3):
        began = time.thread_time()
        do()
        seconds.append(time.thread_time() - began)
    return min(seconds)


def test_a_page_on_one_run_has_all_it_needs_in_half_a_second(saved):
    def examine():
        table = Predictions.read(saved[0])
        report = score(table)
        rank_mistakes(table)
        confused_pairs(table)
        find_suspects(table)
        reliability(table)
        recalibrate_at_best(table, table)
        abstention_curve(table)
        promise(table, table, 0.9)
        rank_classes(table)
        worst_class(report)
        groups = score_groups(table, "label", table.labels.astype(str), positive="class 1")
        ethics_notes(report, predictions=table, groups=[groups] if groups else [])

    assert fastest(examine) < SECONDS


def test_a_page_on_two_runs_has_all_it_needs_in_half_a_second(saved):
    def compare():
        first, second = map(Predictions.read, saved)
        difference(first, second)
        changes(first, second)
        mcnemar(first, second)

    assert fastest(compare) < SECONDS
