"""The data set `digits`: 1,797 handwritten digits of 8 x 8 pixels that scikit-learn carries."""

from __future__ import annotations

import hashlib

import numpy as np

from tlcore.data.pictures import Dataset, Pictures


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
