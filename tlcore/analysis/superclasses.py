"""Many classes folded into few: CIFAR-100 into its 20 superclasses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tlcore.analysis.predictions import Predictions
from tlcore.data.cifar_names import CIFAR100
from tlcore.errors import DataError


def superclasses_of(classes: tuple[str, ...]) -> Mapping[str, str] | None:
    """Class to superclass, if these are the classes of CIFAR-100; None for any other.

    >>> superclasses_of(("cat", "dog")) is None
    True
    """
    known = {fine: coarse for coarse, names in CIFAR100.items() for fine in names}
    return known if set(classes) == set(known) else None


def fold(predictions: Predictions, superclasses: Mapping[str, str]) -> Predictions:
    """The same pictures by superclass: the probabilities of its classes are added up.

    >>> animals = {"cat": "pet", "dog": "pet", "cow": "farm animal"}
    >>> table = Predictions(np.array(["a"]), np.array([0]),
    ...                     np.array([[0.3, 0.3, 0.4]], np.float32), ("cat", "dog", "cow"))
    >>> folded = fold(table, animals)
    >>> folded.classes, folded.correct.tolist()
    (('pet', 'farm animal'), [True])
    """
    if missing := [name for name in predictions.classes if name not in superclasses]:
        raise DataError(f"{missing[0]!r} has no superclass", where="superclasses")
    coarse = tuple(dict.fromkeys(superclasses[name] for name in superclasses))
    places = np.array([coarse.index(superclasses[name]) for name in predictions.classes])
    members = (places[:, None] == np.arange(len(coarse))).astype(np.float32)
    fine = np.array(predictions.classes)[predictions.labels]
    return Predictions(
        ids=predictions.ids,
        labels=places[predictions.labels],
        probabilities=predictions.probabilities @ members,
        classes=coarse,
        groups={**predictions.groups, "fine": fine},
    )
