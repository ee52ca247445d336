"""Anybody's picture, brought to the form in which a run keeps its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tlcore.data.decode import fit_picture, open_picture, quietly
from tlcore.data.pictures import Pictures
from tlcore.data.resize import enlarged
from tlcore.errors import DataError
from tlcore.recipe import Recipe

LARGEST_FILE = 20 * 2**20
_OWN_SIZE = {"cifar10": 32, "cifar100": 32, "digits": 8}


def stored_size(recipe: Recipe) -> int:
    """Width and height of a run's pictures before they are enlarged.

    >>> stored_size(Recipe())
    32
    """
    if recipe.data.name == "shapes":
        return recipe.data.shapes.size
    return _OWN_SIZE.get(recipe.data.name, recipe.input.size)


def from_file(content: bytes, recipe: Recipe) -> NDArray[np.uint8]:
    """A file's picture as the run would have it: 1 x height x width x 3, upright.

    The network has only ever seen pictures of that size, so a sharper one would be something else.

    Raises:
        DataError: It is no picture, or one that can't be opened; in words.
    """
    if len(content) > LARGEST_FILE:
        limit = LARGEST_FILE // 2**20
        raise DataError(f"The file is larger than {limit} MB", remedy="Choose a smaller picture.")
    input, size = recipe.input, stored_size(recipe)
    with quietly():
        try:
            image = open_picture(content, needed=size)
        except DataError as error:
            remedy = error.remedy or "Choose another picture, or save it again as JPEG or PNG."
            raise DataError(f"This file can't be used: {error.what}", remedy=remedy) from None
        pixels = fit_picture(image, size, input.fit, input.interpolation)[None]
    return as_stored(pixels, recipe)


def as_stored(pixels: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.uint8]:
    """Pictures of the data set's own size, enlarged where the run keeps them enlarged."""
    if recipe.input.resize == "batch" or recipe.data.name == "folder":
        return pixels
    nothing = np.zeros(len(pixels), np.int64)
    return enlarged(Pictures(pixels, nothing, nothing.astype(str)), recipe.input, "").pixels
