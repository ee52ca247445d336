"""Opening pictures that anybody may have made, however odd or broken, and bringing them to size.

Every format's odd cases end in the same place: eight-bit red, green and blue, upright. What can't
be opened raises a `DataError` that says why in a few words, whatever the library raised.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tlcore.access import is_public
from tlcore.errors import DataError

Fit: TypeAlias = Literal["crop", "squash", "pad"]
Interpolation: TypeAlias = Literal["nearest", "bilinear", "bicubic"]
Change: TypeAlias = Callable[[Image.Image], Image.Image]

VERSION = 1
"""Counts up whenever the same file gives other pixels."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
"""All that is ever tried: some of the others start foreign programs."""

FROM_ANYBODY = ("JPEG", "PNG", "WEBP", "BMP")
"""What is tried of visitors' files in a lab open to anybody: cameras and screens make these, and
the readers of the others have had the most holes. What was uploaded before still opens."""

_CALLED = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
}
SUFFIXES = frozenset(suffix for suffixes in _CALLED.values() for suffix in suffixes)

MOST_PIXELS = 40_000_000
"""More than any camera's common size; a file of 20 KB can ask for a hundred times that."""

MOST_SCANS = 60
"""A progressive JPEG comes in about ten passes over the whole picture; one of a megabyte can hold
thousands, a tenth of a second each."""

RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


_ENDINGS = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif"}
_SAMPLE = 16  # pixels a side that a check goes on with
_STRIP = 128  # rows
_SIXTEEN_BITS = (0.0, 65535.0)
_SCAN = b"\xff\xda"


@dataclass(frozen=True)
class Seen:
    """What a picture turned out to be.

    Attributes:
        ending: What its file should be called, such as `.jpg`, whatever it is called.
        pixels: How many it has.
    """

    ending: str
    pixels: int


def formats_taken() -> tuple[str, ...]:
    """The formats that may be handed in here."""
    return FROM_ANYBODY if is_public() else FORMATS


def endings_taken() -> list[str]:
    """What the names of such files end in, without the dot, as boxes for files want it."""
    return [suffix[1:] for form in formats_taken() for suffix in _CALLED[form]]


def open_picture(
    content: bytes, *, needed: int | None = None, formats: tuple[str, ...] = FORMATS
) -> Image.Image:
    """The first frame as RGB, turned as its camera was held.

    Args:
        content: The file's bytes.
        needed: The size that is wanted in the end; large photographs open faster knowing it.
        formats: That are tried; see `formats_taken`.
    """
    with _explained(formats):
        image, _ = _loaded(content, needed, formats)
        return _to_rgb(_upright(image))


def check_picture(content: bytes) -> Seen:
    """Read through a picture that is handed in, as `open_picture` does, in a fraction of the memory
    and time."""
    formats = formats_taken()
    with _explained(formats):
        image, pixels = _loaded(content, _SAMPLE, formats)
        form = image.format or ""
        _to_rgb(image.resize((_SAMPLE, _SAMPLE), Image.Resampling.NEAREST))
        return Seen(_ENDINGS.get(form, f".{form.lower()}"), pixels)


def named(formats: tuple[str, ...]) -> str:
    """As people read them.

    >>> named(("JPEG", "PNG", "WEBP"))
    'JPEG, PNG or WebP'
    """
    *others, last = (name.replace("WEBP", "WebP") for name in formats)
    return f"{', '.join(others)} or {last}"


@contextmanager
def _explained(formats: tuple[str, ...]) -> Iterator[None]:
    """Whatever a broken picture makes the library raise, in a few words."""
    try:
        yield
    except UnidentifiedImageError:
        raise DataError(f"not a {named(formats)} picture") from None
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


def _loaded(
    content: bytes, needed: int | None, formats: tuple[str, ...]
) -> tuple[Image.Image, int]:
    """The picture as it is, and how many pixels it has when opened at full size."""
    if not content:
        raise DataError("the file is empty")
    image: Image.Image = Image.open(BytesIO(content), formats=formats)
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _too_large(f"{width} x {height}")
    if image.format in ("JPEG", "MPO") and content.count(_SCAN) > MOST_SCANS:
        raise DataError(f"made to take long: more than {MOST_SCANS} passes over the picture")
    if needed:
        image.draft("RGB", (2 * needed, 2 * needed))
    image.load()
    return image, width * height


def _too_large(size: str) -> DataError:
    limit = MOST_PIXELS // 1_000_000
    return DataError(f"too large: {size} pixels, and at most {limit} million pixels are allowed")


def _upright(image: Image.Image) -> Image.Image:
    # broken notes from a camera are no reason to lose the picture
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    """Eight bits a colour: deep greys scaled, see-through parts laid on white."""
    if image.mode.startswith(("I", "F")):
        return _in_strips(image, _from_deep_grey(image))
    if image.has_transparency_data:
        return _in_strips(image, _on_white)
    return image if image.mode == "RGB" else image.convert("RGB")


def _in_strips(image: Image.Image, change: Change) -> Image.Image:
    """Change a picture some rows at a time, for what lies between takes many times its memory."""
    changed = Image.new("RGB", image.size)
    for top in range(0, image.height, _STRIP):
        bottom = min(top + _STRIP, image.height)
        changed.paste(change(image.crop((0, top, image.width, bottom))), (0, top))
    return changed


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def _from_deep_grey(image: Image.Image) -> Change:
    """Sixteen bits are scaled down; numbers of any other range, from darkest to brightest."""
    low, high = _range(image)

    def change(strip: Image.Image) -> Image.Image:
        scaled = (_numbers(strip) - low) * (255 / max(high - low, 1e-12))
        return Image.fromarray(np.clip(scaled + 0.5, 0, 255).astype(np.uint8))

    return change


def _range(image: Image.Image) -> tuple[float, float]:
    """What becomes black and what white."""
    if image.mode.startswith("I;16"):
        return _SIXTEEN_BITS
    low, high = math.inf, -math.inf
    for top in range(0, image.height, _STRIP):
        strip = image.crop((0, top, image.width, min(top + _STRIP, image.height)))
        numbers = _numbers(strip)
        low, high = min(low, float(numbers.min())), max(high, float(numbers.max()))
    whole = image.mode.startswith("I")
    return _SIXTEEN_BITS if whole and low >= 0 and high <= _SIXTEEN_BITS[1] else (low, high)


def _numbers(image: Image.Image) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(image, dtype=np.float64))
