"""Two networks on the same pictures: who is right where the other is wrong."""

from __future__ import annotations

import numpy as np

from tlcore.analysis.intervals import Interval, paired
from tlcore.analysis.predictions import Predictions


def difference(first: Predictions, second: Predictions) -> Interval | None:
    """How much more accurate the second is; None unless both saw the same test pictures.

    On the same pictures, those that both get right say nothing about the difference, so it is
    known far better than the two accuracies are.

    >>> def predict(called):
    ...     sure = np.eye(2, dtype=np.float32)[called]
    ...     return Predictions(np.array(["a", "b", "c"]), np.array([0, 1, 1]), sure, ("x", "y"))
    >>> round(difference(predict([0, 0, 0]), predict([0, 1, 1])).value, 2)
    0.67
    """
    ours, theirs = np.argsort(first.ids), np.argsort(second.ids)
    if not _same_pictures(first, second, ours, theirs):
        return None
    before, after = first.correct[ours], second.correct[theirs]
    return paired(int((after & ~before).sum()), int((before & ~after).sum()), len(first))


def _same_pictures(
    first: Predictions,
    second: Predictions,
    ours: np.ndarray[tuple[int], np.dtype[np.int64]],
    theirs: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> bool:
    return (
        0 < len(first) == len(second)
        and first.classes == second.classes
        and bool((first.ids[ours] == second.ids[theirs]).all())
        and bool((first.labels[ours] == second.labels[theirs]).all())
    )
