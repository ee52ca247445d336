"""Opening pictures that anybody may have made, however odd or broken, and bringing them to size.

Every format's odd cases end in the same place: eight-bit red, green and blue, upright. What can't
be opened raises a `DataError` that says why in a few words, whatever the library raised.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tlcore.errors import DataError

Fit: TypeAlias = Literal["crop", "squash", "pad"]
Interpolation: TypeAlias = Literal["nearest", "bilinear", "bicubic"]

VERSION = 1
"""Counts up whenever the same file gives other pixels."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
"""All that is ever tried: some of the others start foreign programs."""

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
)

MOST_PIXELS = 40_000_000
"""More than any camera's common size; a file of 20 KB can ask for a hundred times that."""

RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def open_picture(content: bytes, *, needed: int | None = None) -> Image.Image:
    """The first frame as RGB, turned as its camera was held.

    Args:
        content: The file's bytes.
        needed: The size that is wanted in the end; large photographs open faster knowing it.
    """
    if not content:
        raise DataError("the file is empty")
    try:
        return _opened(content, needed)
    except UnidentifiedImageError:
        raise DataError("not a JPEG, PNG, WebP, BMP, GIF or TIFF picture") from None
    except Image.DecompressionBombError:  # the library's own, much higher limit
        raise _too_large("more than a hundred million") from None
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  Pillow's readers raise anything on broken files
        reason = str(error).strip().splitlines()
        raise DataError(f"damaged ({reason[0][:100] if reason else 'unreadable'})") from None


@contextmanager
def quietly() -> Iterator[None]:
    """Without the library's warnings on odd files: what matters is raised, the rest is noise.

    For the thread that starts others to open pictures, not for these: filters are everybody's.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def fit_picture(
    image: Image.Image, size: int, fit: Fit, interpolation: Interpolation
) -> NDArray[np.uint8]:
    """The picture as size x size x 3.

    `crop` keeps the middle, `squash` changes proportions, `pad` adds black bars.
    """
    method = RESAMPLING[interpolation]
    if fit == "crop":
        return np.asarray(ImageOps.fit(image, (size, size), method))
    if fit == "squash":
        return np.asarray(image.resize((size, size), method))
    share = size / max(image.size)
    inner = [max(1, round(side * share)) for side in image.size]
    square = Image.new("RGB", (size, size))
    corner = ((size - inner[0]) // 2, (size - inner[1]) // 2)
    square.paste(image.resize((inner[0], inner[1]), method), corner)
    return np.asarray(square)


def _opened(content: bytes, needed: int | None) -> Image.Image:
    image: Image.Image = Image.open(BytesIO(content), formats=FORMATS)
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _too_large(f"{width} x {height}")
    if needed:
        image.draft("RGB", (2 * needed, 2 * needed))
    image.load()
    return _to_rgb(_upright(image))


def _too_large(size: str) -> DataError:
    limit = MOST_PIXELS // 1_000_000
    return DataError(f"too large: {size} pixels, and at most {limit} million pixels are allowed")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  broken notes from a camera are no reason to lose the picture
        return image


def _to_rgb(image: Image.Image) -> Image.Image:
    """Eight bits a colour: deep greys scaled, see-through parts laid on white."""
    if image.mode.startswith(("I", "F")):
        return _from_deep_grey(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """Sixteen bits are scaled down; numbers of any other range, from darkest to brightest."""
    grey = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = (0.0, 65535.0) if _is_sixteen_bit(image, grey) else (grey.min(), grey.max())
    scaled = (grey - low) * (255 / max(high - low, 1e-12))
    return Image.fromarray(np.clip(scaled + 0.5, 0, 255).astype(np.uint8)).convert("RGB")


def _is_sixteen_bit(image: Image.Image, grey: NDArray[np.float64]) -> bool:
    whole = image.mode.startswith("I")
    return image.mode.startswith("I;16") or (whole and grey.min() >= 0 and grey.max() <= 65535)
