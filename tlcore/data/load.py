"""The way in: from a recipe's words to pictures in memory."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from tlcore.data.checks import quick_notes
from tlcore.data.cifar import open_cifar
from tlcore.data.drawn.world import open_shapes
from tlcore.data.folder import open_folder
from tlcore.data.pictures import Dataset, Pictures, Splits, enlarged
from tlcore.data.sources.parquet import open_hub
from tlcore.data.split import split
from tlcore.recipe import Data, Input


def open_digits() -> Dataset:
    """Grey digits as colour pictures; there is no test set of their own."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    grey = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    pixels = np.repeat(grey[..., None], 3, axis=3)
    ids = np.array([f"digit/{row:04d}" for row in range(len(pixels))])
    return Dataset(
        name="digits",
        classes=tuple("0123456789"),
        train=Pictures(pixels, bunch.target.astype(np.int64), ids),
        test=None,
        fingerprint=hashlib.sha256(grey.tobytes() + bunch.target.tobytes()).hexdigest(),
    )


def load(data: Data, input: Input) -> Splits:
    """What a run trains on, chooses by and is tested on: same recipe, same bytes.

    >>> splits = load(Data(labels_per_class=5), Input())
    >>> len(splits.train), len(splits.validation), len(splits.test)
    (50, 400, 1000)
    """
    dataset = _opened(data, input)
    splits = split(dataset, data)
    splits = replace(splits, notes=splits.notes + quick_notes(splits))
    if input.resize == "batch":
        return splits
    validation = splits.validation
    return replace(
        splits,
        train=enlarged(splits.train, input, splits.fingerprint),
        validation=validation and enlarged(validation, input, splits.fingerprint),
        test=enlarged(splits.test, input, splits.fingerprint),
    )


def open_dataset(data: Data, input: Input) -> Dataset:
    """The data set before it is split, to be looked at."""
    dataset = _opened(data, input)
    if input.resize == "batch":
        return dataset

    def at_size(pictures: Pictures) -> Pictures:
        return enlarged(pictures, input, dataset.fingerprint)

    return replace(
        dataset, train=at_size(dataset.train), test=dataset.test and at_size(dataset.test)
    )


def _opened(data: Data, input: Input) -> Dataset:
    if data.name == "shapes":
        return open_shapes(data.shapes)
    if data.name == "digits":
        return open_digits()
    if data.name == "folder":
        return open_folder(data, input)
    if data.name == "hub":
        return open_hub(data, input)
    return open_cifar(data.name, data.labels)
