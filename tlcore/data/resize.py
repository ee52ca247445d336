"""Pictures enlarged once and stored, for recipes with `resize: once`."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tlcore.data.batches import in_batches
from tlcore.data.cache import Facts, Write, kept, key_of
from tlcore.data.decode import RESAMPLING
from tlcore.data.pictures import Pictures
from tlcore.recipe import Input

IN_MEMORY = 512 * 1024**2
"""Bytes up to which enlarging again is as quick as reading what was kept."""


def enlarged(pictures: Pictures, input: Input, fingerprint: str) -> Pictures:
    """The pictures at the size that the network sees; large results are mapped from disk."""
    size = input.size
    if pictures.pixels.shape[1:3] == (size, size):
        return pictures

    def enlarge(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = Image.fromarray(picture)
        return np.asarray(image.resize((size, size), RESAMPLING[input.interpolation]))

    if len(pictures) * size * size * 3 <= IN_MEMORY:
        batches = [np.stack(batch) for batch in in_batches(enlarge, pictures.pixels)]
        return replace(pictures, pixels=np.concatenate(batches))

    def make(write: Write) -> Facts:
        for batch in in_batches(enlarge, pictures.pixels):
            write(np.stack(batch))
        return {}

    which = hashlib.sha256("\n".join(pictures.ids).encode()).hexdigest()
    key = key_of("enlarged", fingerprint, which, size, input.interpolation)
    return replace(pictures, pixels=kept(key, make, of=fingerprint).pixels)
