"""The picture that is asked about, whatever it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tlcore.asking.picture import from_file, from_pixels
from tlcore.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Chosen:
    """A picture.

    Attributes:
        source: A file's content, or pixels (height x width x 3) of a data set.
        caption: What it is, in words of ours.
        truth: The class that it belongs to; empty where nobody knows.
        note: What a person should know about it.
    """

    source: bytes | NDArray[np.uint8]
    caption: str
    truth: str = ""
    note: str = ""

    def for_run(self, recipe: Recipe) -> NDArray[np.uint8]:
        """As this run would have it: 1 x height x width x 3.

        Raises:
            DataError: The file is no picture.
        """
        if isinstance(self.source, bytes):
            return from_file(self.source, recipe)
        return from_pixels(self.source, recipe)


def digest_of(pixels: NDArray[np.uint8]) -> str:
    """Tells these pixels from any others."""
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()
