"""Labels put right by hand, and pictures left out: after the split, so that nobody else moves.

A correction changes the picture that it names and nothing besides. The split was made by the labels
that the source gives, so every other picture is on the side that it would be on without any
correction, and runs with and without them can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from tlcore.data.pictures import Dataset, Pictures, Splits
from tlcore.errors import DataError, Problem, RecipeError
from tlcore.recipe.corrections import Correction
from tlcore.recipe.problems import shown

_MOST_SEARCHED = 2000
"""Ids among which one like a wrong one is looked for: among more, that takes seconds."""


@dataclass(frozen=True)
class _Corrected:
    """One side, put right.

    Attributes:
        pictures: What is left of it.
        named: How many corrections are of its pictures.
        changed: How many of these gave another label than there was.
        gone: How many left a picture out.
    """

    pictures: Pictures
    named: int
    changed: int
    gone: int


def correct(splits: Splits, dataset: Dataset, corrections: Sequence[Correction]) -> Splits:
    """The same split with other labels, and without the pictures that are left out.

    Raises:
        RecipeError: A correction names a class or a picture that there isn't.
        DataError: Nothing would be left of a side.
    """
    if not corrections:
        return splits
    refuse_unknown(dataset, corrections)
    sides = {"training": splits.train, "validation": splits.validation, "test": splits.test}
    found = {
        name: _corrected(side, splits.classes, corrections)
        for name, side in sides.items()
        if side is not None
    }
    if empty := next((name for name, side in found.items() if not len(side.pictures)), ""):
        remedy = "Leave fewer pictures out."
        raise DataError(f"No {empty} picture is left", where="data.corrections", remedy=remedy)
    validation = found.get("validation")
    return replace(
        splits,
        train=found["training"].pictures,
        validation=validation.pictures if validation else None,
        test=found["test"].pictures,
        notes=(*splits.notes, *_notes(found, len(corrections))),
    )


def relabelled(dataset: Dataset, corrections: Sequence[Correction]) -> Dataset:
    """All pictures with the labels that they were given by hand; none is left out."""
    classes, test = dataset.classes, dataset.test
    train = _relabelled(dataset.train, classes, corrections)
    return replace(dataset, train=train, test=test and _relabelled(test, classes, corrections))


def refuse_unknown(dataset: Dataset, corrections: Sequence[Correction]) -> None:
    """Refuse what names no class or no picture of the data set: a slip, or another data set's."""
    ids = {str(each) for side in (dataset.train, dataset.test) if side for each in side.ids}
    problems = []
    for place, each in enumerate(corrections):
        field = f"data.corrections.{place}"
        if each.label is not None and each.label not in dataset.classes:
            rule = f"must be one of the {len(dataset.classes)} classes of {dataset.name}"
            near = get_close_matches(each.label, dataset.classes, n=1)
            problems.append(Problem(f"{field}.label", shown(each.label), rule, *near))
        if each.picture not in ids:
            rule = f"must be a picture of {dataset.name}, as the recipe describes it"
            near = get_close_matches(each.picture, ids, n=1) if len(ids) <= _MOST_SEARCHED else []
            problems.append(Problem(f"{field}.picture", shown(each.picture), rule, *near))
    if problems:
        raise RecipeError(problems)


def _corrected(
    pictures: Pictures, classes: Sequence[str], corrections: Sequence[Correction]
) -> _Corrected:
    named = rows_of(pictures, [each.picture for each in corrections])
    gone = rows_of(pictures, [each.picture for each in corrections if each.leave_out])
    other = _relabelled(pictures, classes, corrections)
    changed = int((other.labels != pictures.labels).sum())
    left = other.take(np.delete(np.arange(len(other)), gone)) if len(gone) else other
    return _Corrected(left, len(named), changed, len(gone))


def _relabelled(
    pictures: Pictures, classes: Sequence[str], corrections: Iterable[Correction]
) -> Pictures:
    """The same pixels; the very same value if nothing changes."""
    wanted = {each.picture: each.label for each in corrections if each.label is not None}
    rows = rows_of(pictures, wanted)
    if not len(rows):
        return pictures
    number = {name: label for label, name in enumerate(classes)}
    labels = pictures.labels.copy()
    labels[rows] = [number[wanted[str(picture)]] for picture in pictures.ids[rows]]
    return replace(pictures, labels=labels)


def rows_of(pictures: Pictures, ids: Iterable[str]) -> NDArray[np.int64]:
    """The rows of the pictures of these names, as far as they are there."""
    names = list(ids)
    found = np.isin(pictures.ids, names) if names else np.zeros(len(pictures), dtype=bool)
    return np.flatnonzero(found)


def _notes(sides: Mapping[str, _Corrected], count: int) -> Iterator[str]:
    """What was changed where; and which corrections change nothing here, and why."""
    changed = [f"{side.changed:,} {name}" for name, side in sides.items() if side.changed]
    if changed:
        yield f"Pictures with a label given by hand: {', '.join(changed)}."
    gone = [f"{side.gone:,} {name}" for name, side in sides.items() if side.gone]
    if gone:
        yield f"Pictures left out by hand: {', '.join(gone)}."
    if same := sum(side.named - side.changed - side.gone for side in sides.values()):
        yield f"Corrections that give a picture the label that it has already: {same:,}."
    if beside := count - sum(side.named for side in sides.values()):
        yield f"Corrections of pictures of which this recipe makes no use: {beside:,}."
