"""A map of a run's test pictures: asked of its network, a few at a time, and kept with the run."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.access import Owner
from tlcore.analysis.embedding import FEWEST, MOST_PICTURES, Embedding, choose_rows, project
from tlcore.analysis.intervals import Rows
from tlcore.data.load import load
from tlcore.errors import AnswerError, DataError
from tlcore.inference.client import Meanwhile, Pixels, features, network_of
from tlcore.runs.limits import refuse_unseen
from tlcore.runs.results import read_predictions
from tlcore.runs.store import RunStore

MOST_NUMBERS = 8_000_000
"""Of all features together: of very wide ones, fewer pictures are mapped."""

MOST_AT_ONCE, BYTES_AT_ONCE = 128, 4 * 1024**2
"""Pictures in a question, and their bytes."""

Tell: TypeAlias = Callable[[str, int, int], None]
"""Told which network is asked, how many pictures it has seen, and of how many."""


_NAMES = {False: "after training", True: "before training"}


def embed(
    store: RunStore,
    run: str,
    *,
    by: Owner,
    most: int = MOST_PICTURES,
    tell: Tell = lambda name, done, total: None,
    meanwhile: Meanwhile = lambda: None,
) -> Embedding:
    """Ask for the features of the run's test pictures, and make a map of them.

    Args:
        store: Where the run is.
        run: Which.
        by: Who asks.
        most: Pictures at most.
        tell: Told how far it is.
        meanwhile: Called several times a second; if it raises, no more is asked.

    Raises:
        AnswerError: The run has no network, or it can't be asked.
        DataError: The data set is gone, or has other test pictures now.
    """
    network = network_of(store, run, by=by)
    pixels = _test_pixels(store, run, by)

    def look(rows: Rows, *, beginning: bool) -> NDArray[np.float32]:
        at_once = max(1, min(MOST_AT_ONCE, BYTES_AT_ONCE // pixels[0].nbytes))
        found = []
        for start in range(0, len(rows), at_once):
            some = pixels[rows[start : start + at_once]]
            found.append(
                features(store.home, network, some, beginning=beginning, meanwhile=meanwhile)
            )
            tell(_NAMES[beginning], min(start + at_once, len(rows)), len(rows))
        return np.concatenate(found)

    width = features(store.home, network, pixels[:1], meanwhile=meanwhile).shape[1]
    rows = choose_rows(len(pixels), most=min(most, max(100, MOST_NUMBERS // width)))
    after, before, why_not = project(look(rows, beginning=False)), None, ""
    try:
        before = project(look(rows, beginning=True))
    except AnswerError as error:
        why_not = error.what
    return Embedding(rows, after, before, network.name, why_not)


def keep(store: RunStore, run: str, embedding: Embedding, *, by: Owner) -> Path:
    """Make the map one of the run's files, in the place of an older one."""
    folder = store.folder(run, by=by).path
    draft = folder / f".embedding.{secrets.token_hex(8)}.tmp"
    try:
        embedding.write(draft)
        return store.attach(run, "embedding", draft, by=by)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def kept(store: RunStore, run: str, *, by: Owner) -> Embedding | None:
    """The map of the network that the run has now; None if there is none, or one of an older.

    Raises:
        RunError: The file is damaged.
    """
    path, network = (store.artifact(run, kind, by=by) for kind in ("embedding", "best"))
    if path is None or network is None:
        return None
    embedding = Embedding.read(path)
    return embedding if embedding.network == network.name else None


def _test_pixels(store: RunStore, run: str, by: Owner) -> Pixels:
    """The pixels of each row of the predictions."""
    recipe, predictions = store.recipe(run, by=by), read_predictions(store, run, by=by)
    refuse_unseen(recipe.data, by=store.get(run, by=by).owner)
    pictures = load(recipe.data, recipe.input).test
    if not np.array_equal(pictures.ids, predictions.ids):
        remedy = "Run the recipe again: its data set was changed since."
        raise DataError("The run was tested on other pictures", where=run, remedy=remedy)
    if len(pictures) < FEWEST:
        raise DataError(f"A map needs at least {FEWEST} test pictures", where=run)
    return pictures.pixels
