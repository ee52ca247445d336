"""Who learns, who chooses and who is only tested: splits that are fair and always the same.

Chance gives each picture a place in a queue, once for each `split_seed`. Every share is taken
from the front of its class's queue, so 10 labels a class are among the 20, and the validation
share is the same for both. Where pictures belong together, whole groups are taken instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.data.corrections import correct
from tlcore.data.pictures import Dataset, Pictures, Splits
from tlcore.errors import DataError
from tlcore.recipe import Data

Rows: TypeAlias = NDArray[np.int64]

_TEST, _VALIDATION, _LIMIT, _LABELS, _LIMIT_TEST = range(5)
"""A queue of its own for each choice, so that one doesn't depend on another."""

_NAMED = 5


def split(dataset: Dataset, data: Data) -> Splits:
    """Set aside the test share (where none is given), the limit, the validation share and the
    labels, in this order; then put right what the recipe corrects.

    `limit_train` counts pictures for training and validation together.
    """
    if data.group_by and "group" not in dataset.train.groups:
        raise DataError(
            f"{dataset.name} has no groups", where="data.group_by",
            remedy="Leave group_by empty: it is for data set folder.",
        )  # fmt: skip
    notes = list(dataset.notes)
    pool, test = dataset.train, dataset.test
    if test is not None and data.group_by:
        notes.append(_note_on_torn_groups(pool, test))
    if test is None:
        pool, test = _set_aside(pool, data.test, data, _TEST, dataset.classes, notes)
    if data.limit_train:
        pool = _limited(pool, data.limit_train, data.split_seed, _LIMIT)
    if data.limit_test and data.limit_test < len(test):
        notes.append(f"Tested on a part only: {data.limit_test:,} of {len(test):,} pictures.")
        test = _limited(test, data.limit_test, data.split_seed, _LIMIT_TEST)
    train, validation = pool, None
    if data.validation:
        train, validation = _set_aside(
            pool, data.validation, data, _VALIDATION, dataset.classes, notes
        )
    if data.labels_per_class:
        train = _labelled(train, data.labels_per_class, data.split_seed, dataset.classes, notes)
    splits = Splits(
        classes=dataset.classes,
        train=train,
        validation=validation,
        test=test,
        fingerprint=dataset.fingerprint,
        superclasses=dataset.superclasses,
        notes=tuple(filter(None, notes)),
    )
    splits = correct(splits, dataset, data.corrections)
    _check(splits.train, splits.test, dataset.classes)
    return splits


def _set_aside(
    pool: Pictures,
    share: float,
    data: Data,
    purpose: int,
    classes: Sequence[str],
    notes: list[str],
) -> tuple[Pictures, Pictures]:
    """Part a share of every class from the rest."""
    queue = _queue(len(pool), data.split_seed, purpose)
    if data.group_by:
        aside = _whole_groups(pool, share, queue)
    else:
        aside = _fair_share(pool.labels, share, queue)
    _explain_lone(pool, aside, purpose, classes, notes)
    if not aside.any() or aside.all():
        what = "test" if purpose == _TEST else "validation"
        hint = "Group fewer pictures together" if data.group_by else "Add pictures"
        raise DataError(
            f"No {what} share can be set aside from {len(pool)} pictures"
            + (f" in {len(np.unique(pool.groups['group']))} groups" if data.group_by else ""),
            where=f"data.{what}",
            remedy=f"{hint}" + ("." if purpose == _TEST else ", or set data.validation to 0."),
        )
    return _taken(pool, np.flatnonzero(~aside)), _taken(pool, np.flatnonzero(aside))


def _queue(count: int, seed: int, purpose: int) -> Rows:
    """All rows in a chance order that is the same every time."""
    return np.random.default_rng([seed, purpose]).permutation(count)


def _taken(pictures: Pictures, rows: Rows) -> Pictures:
    """The pictures at these rows; all of them without a copy."""
    return pictures if len(rows) == len(pictures) else pictures.take(np.sort(rows))


def _of_each_class(labels: Rows, queue: Rows) -> list[Rows]:
    """Each class's rows in the order of the queue."""
    return [queue[labels[queue] == label] for label in np.unique(labels)]


def _fair_share(labels: Rows, share: float, queue: Rows) -> NDArray[np.bool_]:
    """The share of each class, but at least one and never all; of a lone picture, nothing."""
    aside = np.zeros(len(labels), dtype=bool)
    for rows in _of_each_class(labels, queue):
        count = min(max(1, round(share * len(rows))), len(rows) - 1)
        aside[rows[:count]] = True
    return aside


def _whole_groups(pool: Pictures, share: float, queue: Rows) -> NDArray[np.bool_]:
    """Groups, largest first, wherever one brings every class nearer to its share.

    None is taken that would leave a class with nothing to learn from.
    """
    _, group = np.unique(pool.groups["group"], return_inverse=True)
    classes = int(pool.labels.max()) + 1
    counts = np.zeros((int(group.max()) + 1, classes))
    np.add.at(counts, (group, pool.labels), 1)
    left = counts.sum(axis=0)
    wanted = share * left
    order = list(dict.fromkeys(group[queue].tolist()))
    order.sort(key=lambda number: -counts[number].sum())
    aside = np.zeros(len(counts), dtype=bool)
    for number in order:
        nearer = _distance(wanted - counts[number], left) < _distance(wanted, left)
        if nearer and not (left - counts[number] <= 0)[counts[number] > 0].any():
            aside[number] = True
            wanted, left = wanted - counts[number], left - counts[number]
    return aside[group]


def _note_on_torn_groups(pool: Pictures, test: Pictures) -> str:
    """Groups that lie on both sides of a split that came with the data."""
    torn = np.intersect1d(pool.groups["group"], test.groups["group"])
    if not len(torn):
        return ""
    shown = _listed([str(group) for group in torn])
    return f"Leak: {len(torn)} groups are both in the training and in the test folders: {shown}."


def _distance(missing: NDArray[np.float64], scale: NDArray[np.float64]) -> float:
    return float(np.sum((missing / np.maximum(scale, 1)) ** 2))


def _explain_lone(
    pool: Pictures,
    aside: NDArray[np.bool_],
    purpose: int,
    classes: Sequence[str],
    notes: list[str],
) -> None:
    """Say which classes have nothing on the side that was set aside."""
    present = np.unique(pool.labels)
    absent = [classes[label] for label in np.setdiff1d(present, pool.labels[aside])]
    if absent:
        side = "test" if purpose == _TEST else "validation"
        notes.append(f"Too few pictures to set any aside for {side}: {_listed(absent)}.")


def _limited(pictures: Pictures, limit: int, seed: int, purpose: int) -> Pictures:
    """Some of each class, in the proportions that they have."""
    if limit >= len(pictures):
        return pictures
    by_class = _of_each_class(pictures.labels, _queue(len(pictures), seed, purpose))
    exact = np.array([len(rows) for rows in by_class]) * (limit / len(pictures))
    counts = np.floor(exact).astype(int)
    rest = limit - counts.sum()
    counts[np.argsort(counts - exact, kind="stable")[:rest]] += 1
    chosen = [rows[:count] for rows, count in zip(by_class, counts, strict=True)]
    return _taken(pictures, np.concatenate(chosen))


def _labelled(
    train: Pictures, labels: int, seed: int, classes: Sequence[str], notes: list[str]
) -> Pictures:
    """This many of each class; where there are fewer, all of them, and a note."""
    by_class = _of_each_class(train.labels, _queue(len(train), seed, _LABELS))
    short = [
        f"{classes[train.labels[rows[0]]]} ({len(rows)})" for rows in by_class if len(rows) < labels
    ]
    if short:
        notes.append(
            f"labels_per_class is {labels}, but there are fewer training pictures of "
            f"{_listed(short)}: all of these are used."
        )
    return _taken(train, np.concatenate([rows[:labels] for rows in by_class]))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _check(train: Pictures, test: Pictures, classes: Sequence[str]) -> None:
    present = len(np.unique(train.labels))
    if present < 2 or not len(test):
        raise DataError(
            f"After splitting, {len(train)} training pictures of {present} of {len(classes)} "
            f"classes and {len(test)} test pictures are left",
            where="data",
            remedy="Raise limit_train or limit_test, or set less aside.",
        )
