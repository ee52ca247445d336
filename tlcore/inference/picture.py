"""Anybody's picture, brought to the form in which a run keeps its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tlcore.data.decode import fit_picture, formats_taken, open_picture, quietly
from tlcore.data.pictures import Pictures, enlarged
from tlcore.errors import DataError
from tlcore.recipe import Recipe

LARGEST_FILE = 20 * 2**20
_OWN_SIZE = {"cifar10": 32, "cifar100": 32, "digits": 8}


def stored_size(recipe: Recipe) -> int:
    """Width and height of a run's pictures as its data set has them.

    >>> stored_size(Recipe())
    32
    """
    if recipe.data.name == "shapes":
        return recipe.data.shapes.size
    return _OWN_SIZE.get(recipe.data.name, recipe.input.size)


def kept_size(recipe: Recipe) -> int:
    """The same once the run has them in memory: `once` enlarges them beforehand."""
    return stored_size(recipe) if recipe.input.resize == "batch" else recipe.input.size


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
            image = open_picture(content, needed=size, formats=formats_taken())
        except DataError as error:
            remedy = error.remedy or "Choose another picture, or save it again as JPEG or PNG."
            raise DataError(f"This file can't be used: {error.what}", remedy=remedy) from None
        pixels = fit_picture(image, size, input.fit, input.interpolation)[None]
    return _enlarged(pixels, recipe)


def from_pixels(pixels: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.uint8]:
    """Another data set's picture (height x width x 3) as the run would have it; one that has the
    size already stays bit for bit what it is.

    >>> from_pixels(np.zeros((96, 96, 3), np.uint8), Recipe()).shape
    (1, 32, 32, 3)
    """
    if pixels.shape[:2] == (kept_size(recipe),) * 2:
        return pixels[None]
    input, size = recipe.input, stored_size(recipe)
    fitted = fit_picture(Image.fromarray(pixels), size, input.fit, input.interpolation)
    return _enlarged(fitted[None], recipe)


def _enlarged(pixels: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.uint8]:
    """Pictures of the data set's own size, enlarged where the run keeps them enlarged."""
    if recipe.input.resize == "batch":
        return pixels
    nothing = np.zeros(len(pixels), np.int64)
    return enlarged(Pictures(pixels, nothing, nothing.astype(str)), recipe.input, "").pixels
